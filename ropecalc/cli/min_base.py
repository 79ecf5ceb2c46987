"""``ropecalc min-base``: the smallest base for a head and a context."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options, weighing
from ropecalc.cli.heads import Chosen, chosen, head_of, rotated
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import (
    Answer,
    Form,
    at_most_one,
    choose,
    say,
    show,
    warn,
    warnings_told,
)
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable
from ropecalc.quantities import format_count
from ropecalc.render.machine import bare
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MinimumBase, PrecisionBase

SUMMARY = "The smallest base for a head and a context."
EPILOG = epilog(
    "ropecalc min-base --dim 128 --ctx 32768",
    "ropecalc min-base --dim 64,128 --ctx 2k,4k --csv",
    "ropecalc min-base --model Qwen3-8B --ctx 128k",
    "base=$(ropecalc min-base --dim 128 --ctx 32768 --round 2 -q)",
    "ropecalc min-base --dim 128 --ctx 4k --min-window 1e-3",
    "ropecalc min-base --dim 128 --ctx 4096 --certificate proof.json",
    "ropecalc min-base --dim 128 --ctx 32k --dtype float32",
    exit_1="computed, and no base meets the bound",
)
ROUND_DIGITS = 2

Round = Annotated[
    int | None,
    options.option(
        "--round",
        "Digits of the round base; 2 unless given.",
        "N",
        options.positive("round_digits", "2"),
    ),
]
Integer = Annotated[bool, typer.Option("--integer", help="With -q, print the first integer base.")]
Digits = Annotated[
    int | None,
    options.option(
        "--digits",
        "Digits of the minimum base; float64 unless given.",
        "N",
        options.positive("digits", "30"),
    ),
]
Safe = Annotated[
    bool,
    typer.Option("--safe", help="Compute the safe base too: may take minutes."),
]
Verify = Annotated[
    bool,
    typer.Option("--verify", help="Work out anew what a table says."),
]
CertificateFile = Annotated[
    str | None,
    typer.Option(
        "--certificate",
        help="Write a proof of it, for 'ropecalc verify'.",
        metavar="FILE",
        show_default=False,
    ),
]
SafeCertificateFile = Annotated[
    str | None,
    typer.Option(
        "--safe-certificate",
        help="The same for the safe base; may take minutes.",
        metavar="FILE",
        show_default=False,
    ),
]
Quiet = Annotated[
    bool,
    options.quiet("Print it, or what --round or --digits asks for."),
]


def command(
    dim: options.Dims = None,
    model: options.Model = None,
    config: options.Config = None,
    layer: options.Layer = None,
    ctx: options.Contexts = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    margin: options.Margin = 0.0,
    weights: weighing.Weights = None,
    min_window: options.MinWindow = None,
    round_digits: Round = None,
    integer: Integer = False,
    digits: Digits = None,
    safe: Safe = False,
    no_table: options.NoTable = False,
    verify: Verify = False,
    certificate: CertificateFile = None,
    safe_certificate: SafeCertificateFile = None,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """The smallest base at which similarity is nowhere negative in a context.

    Lists print one row a combination. A model gives its head, and its context unless --ctx is
    given.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    in_dtype = arithmetic.wanted(dtype, recipe)
    bare_parts = {"--round": round_digits, "--integer": integer, "--digits": digits}
    if in_dtype and form is Form.BARE:
        for option, value in bare_parts.items():
            at_most_one(**{"--dtype": dtype, option: value})
    head: dict[str, Any] = {"--dim": dim, "--rotary-dim": rotary_dim}
    head |= {"--partial-rotary-factor": partial_rotary_factor}
    settings = {"count_unrotated": not ignore_unrotated, "margin": margin, "weights": weights}
    asked = _asked(chosen(model, config, layer, **head), head, ctx, settings)
    beside = (*bare_parts.values(), no_table, verify, certificate, safe_certificate, in_dtype)
    if form is Form.BARE and not any((*beside, margin, weights, min_window)):
        quick = _from_tables(asked)
        if None not in quick:
            print(*map(bare, quick), sep="\n")
            return
    wanted, picked = _wanted(form, round_digits, integer, digits)
    wanted |= {"safe": None if form is Form.BARE else safe}
    wanted |= {"use_table": not no_table, "verify": verify, "min_window": min_window}
    if min_window is not None and picked == "minimum_base":
        picked = "wide_start"
    _check_apart(certificate, safe_certificate)
    for kind, path in {"minimum-base": certificate, "safe-base": safe_certificate}.items():
        if path is not None:
            _certify(path, asked, kind)
    results = [_solve(**problem, **wanted) for problem in asked.problems]
    if form is not Form.BARE:
        from ropecalc.base.asymptotic import with_estimates

        results = list(map(with_estimates, results))
    rounded = [
        _in_dtype(result, {**in_dtype, "weights": weights}) if in_dtype else None
        for result in results
    ]
    inputs = {**asked.inputs, "round_digits": wanted["round_digits"], "digits": digits}
    inputs |= {"min_window": min_window, **arithmetic.inputs(in_dtype)}
    show(_answer(results, rounded, inputs, picked), form)
    _tell_undecided(results)
    answer = "minimum_base" if min_window is None else "wide_start"
    bases = [
        getattr(result, answer) if here is None else _base_of(here)
        for result, here in zip(results, rounded, strict=True)
    ]
    unknown = form is Form.BARE and any(_is_undecided(result, picked) for result in results)
    raise typer.Exit(1 if None in bases or unknown else 0)


@dataclass(frozen=True)
class _Asked:
    """The heads and the contexts of a call: each head at each context is a problem."""

    dims: Sequence[int]
    rotary_dims: Sequence[int]
    """One a head."""
    contexts: Sequence[int]
    settings: dict[str, Any]
    """What all problems share: ``count_unrotated``, ``margin`` and ``weights``."""

    @property
    def problems(self) -> list[dict[str, Any]]:
        """The problems as arguments of ``ropecalc.min_base``."""
        return [
            {"head_dim": head_dim, "rotary_dim": rotary_dim, "context": context, **self.settings}
            for head_dim, rotary_dim in zip(self.dims, self.rotary_dims, strict=True)
            for context in self.contexts
        ]

    @property
    def inputs(self) -> dict[str, Any]:
        """What was understood, for ``--json``."""
        heads = {"head_dim": self.dims, "rotary_dim": self.rotary_dims}
        return {**heads, "context": self.contexts, **self.settings}


def _asked(
    found: Sequence[Chosen],
    head: dict[str, Any],
    contexts: Sequence[tuple[int, ...]] | None,
    settings: dict[str, Any],
) -> _Asked:
    """The problems of the options, or of a model and its own context where none is given."""
    head_dim, rotary_dim, reach = head_of(found)
    dims = [head_dim] if head_dim else options.flat("--dim", head["--dim"], "128")
    rotary_dim = rotary_dim or head["--rotary-dim"]
    rotary_dims = [rotated(dim, rotary_dim, head["--partial-rotary-factor"]) for dim in dims]
    reached = [reach] if reach and not contexts else options.flat("--ctx", contexts, "32k")
    return _Asked(dims, rotary_dims, reached, settings)


def _in_dtype(result: MinimumBase, in_dtype: dict[str, Any]) -> PrecisionBase:
    """The base of the same head and context in an arithmetic."""
    from ropecalc.precision.minimum import base_in_dtype
    from ropecalc.render.progress import progress

    with progress(f"{in_dtype['dtype']}, {format_count(result.context)} tokens") as report:
        return base_in_dtype(result, progress=report, **in_dtype)


def _base_of(here: PrecisionBase) -> float | None:
    """The base found; 1 where every base will do."""
    from ropecalc.results import PrecisionStatus

    return 1.0 if here.status is PrecisionStatus.EVERY_BASE else here.base


def _from_tables(asked: _Asked) -> list[float | None]:
    """What -q prints where tables have it all: look-ups are ten times as fast as loading numpy."""
    from ropecalc.quick import shipped_minimum

    if asked.rotary_dims != asked.dims or min(asked.contexts) < 1:
        return [None]
    return [shipped_minimum(dim, context) for dim in asked.dims for context in asked.contexts]


def _wanted(
    form: Form, round_digits: int | None, integer: bool, digits: int | None
) -> tuple[dict[str, Any], str]:
    """What to ask the library for, and which part of the result ``-q`` prints."""
    if form is not Form.BARE:
        everything = {"integer": True, "window": True, "digits": digits}
        return {"round_digits": round_digits or ROUND_DIGITS, **everything}, "minimum_base"
    at_most_one(**{"--round": round_digits, "--integer": integer, "--digits": digits})
    asked = {
        "round_base": round_digits,
        "integer_base": integer,
        "minimum_base_digits": digits,
    }
    picked = next((part for part, given in asked.items() if given), "minimum_base")
    only = {"round_digits": round_digits, "integer": integer, "window": False, "digits": digits}
    return only, picked


def _solve(head_dim: int, context: int, **settings: Any) -> MinimumBase:
    import ropecalc
    from ropecalc.render.progress import progress

    words = f"head_dim {head_dim}, {format_count(context)} tokens"
    with warnings_told(), progress(words) as report:
        return ropecalc.min_base(head_dim, context, progress=report, **settings)


def _check_apart(certificate: str | None, safe_certificate: str | None) -> None:
    """Raise InvalidValueError where one proof would be written over the other."""
    both = (certificate, safe_certificate)
    if None not in both and len(set(map(os.path.realpath, filter(None, both)))) == 1:
        raise InvalidValueError(
            "options", "--certificate and --safe-certificate name one file: give each its own"
        )


def _certify(path: str, asked: _Asked, kind: str) -> None:
    """Write the proof of one base; of a minimum by a sweep, also where a table has it."""
    import ropecalc
    from ropecalc.render.progress import progress

    if len(asked.problems) != 1:
        raise InvalidValueError(
            "options", "a certificate proves one base: give one --dim and one --ctx"
        )
    with progress("certificate") as report:
        proof = ropecalc.certify(**asked.problems[0], kind=kind, progress=report)
    proof.write(path)
    say(f"The proof is in {printable(path)}: ropecalc verify checks it")


def _is_undecided(result: MinimumBase, picked: str) -> bool:
    """Whether the part that was picked is missing because something could not be decided."""
    return result.undecided is not None and getattr(result, picked) is None


def _tell_undecided(results: Sequence[MinimumBase]) -> None:
    """Say on stderr which parts of an answer are missing, and why."""
    for result in results:
        if result.undecided is not None:
            warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.undecided}")


def _answer(
    results: Sequence[MinimumBase],
    rounded: Sequence[PrecisionBase | None],
    inputs: dict[str, Any],
    picked: str,
) -> Answer:
    from ropecalc.render.precision import show_precision_bases

    both = list(zip(results, rounded, strict=True))

    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_min_base

        show_min_base(results, file)
        show_precision_bases([here for here in rounded if here is not None], file)

    return Answer(
        command="min-base",
        inputs=inputs,
        records=(record(result, precision=here) for result, here in both),
        bare=(_bare(result, here, picked) for result, here in both),
        table=table,
    )


def _bare(result: MinimumBase, here: PrecisionBase | None, picked: str) -> object:
    """The number that was asked for, as one that ``check`` takes: never the infimum 1 itself."""
    from ropecalc.results import Status
    from ropecalc.scaling import MIN_BASE

    if result.minimum_base is None:
        warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.status.value}")
        return None
    if here is None and _is_undecided(result, picked):
        return None
    if here is None and getattr(result, picked) is None and result.min_window is not None:
        warn(f"head_dim {result.head_dim}, {result.context} tokens: no window is so wide")
        return None
    if here is None and result.status is Status.EVERY_BASE:
        warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.status.value}")
    if here is None:
        return max(getattr(result, picked) or MIN_BASE, MIN_BASE)
    base = _base_of(here)
    if base is None:
        warn(f"head_dim {result.head_dim}, {result.context} tokens: {here.status.value}")
        return None
    return max(base, MIN_BASE)
