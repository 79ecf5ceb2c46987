"""``ropecalc min-base``: the smallest base for a head and a context."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options
from ropecalc.cli.heads import DEFAULT_HEAD_DIM, HeadOptions, Subject, each, plain_head, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.searches import searching
from ropecalc.cli.talk import at_most_one, say, warn, warnings_told
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable
from ropecalc.quantities import format_count
from ropecalc.render.machine import bare
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import MinimumBase, PrecisionBase

SUMMARY = "The base to use for a context, and the smallest one."
EPILOG = epilog(
    "ropecalc min-base --dim 128 --ctx 32768",
    "ropecalc min-base --dim 64,128,256 --ctx 8k,1M --csv",
    "ropecalc min-base Qwen3-8B --ctx 128k",
    "base=$(ropecalc min-base --dim 128 --ctx 64k --get recommended_base)",
    "ropecalc min-base --dim 128 --ctx 4096 --certificate proof.json",
    exit_1="no base meets the bound; with -q and --get also: every base does",
)
ROUND_DIGITS = 2
COLUMNS = (
    "head_dim",
    "rotary_dim",
    "context",
    "recommended_base",
    "minimum_base",
    "critical_distance",
    "window_end",
    "safe_base",
    "round_base",
    "integer_base",
)

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
    typer.Option("--verify", help="Recompute what a table says."),
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
Recommended = Annotated[
    bool,
    typer.Option("--recommended", help="Search for the recommended base without a table."),
]
Everything = Annotated[bool, typer.Option("--all", help="Show the integer base and estimates too.")]
QUIET = "Print only the number; see --round, --digits."
ESTIMATES = ("continuum_estimate", "refined_estimate")
NESTED = tuple(f"refined_estimate_{part}" for part in ("value", "low", "high"))


def command(
    *,
    models: options.Models = None,
    ctx: options.Contexts = None,
    head: HeadOptions,
    margin: options.Margin = 0.0,
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
    recommended: Recommended = False,
    everything: Everything = False,
    out: Output,
) -> None:
    """The base to use for a context, and the smallest one that meets the bound.

    The recommended base is the first of two digits with 1 % of room on both sides. A list, such as
    --dim 64,128,256 --ctx 8k,1M, prints a row a combination. 131,072 is one number; 128,256 may be
    one or two, and is refused with both readings. A model gives its head, and its context unless
    --ctx is given. Its own scaling is removed: 'ropecalc plan' can keep it.
    """
    in_dtype = arithmetic.wanted(dtype, recipe)
    bare_parts = {"--round": round_digits, "--integer": integer, "--digits": digits}
    if in_dtype and out.quiet:
        for option, value in bare_parts.items():
            at_most_one(**{"--dtype": dtype, option: value})
    weights = head.weights
    beside = (*bare_parts.values(), no_table, verify, certificate, safe_certificate, in_dtype)
    looked_up = out.quiet and not any((*beside, margin, weights, min_window))
    if looked_up and not models and _print_looked_up(_plain_problems(head, ctx)):
        return
    found = resolved(models, head)
    settings = {"count_unrotated": not head.ignore_unrotated, "margin": margin, "weights": weights}
    asked = _asked(list(map(plain_head, found)), ctx, settings)
    if looked_up and _print_looked_up(asked.plain_problems):
        return
    wanted, picked = _wanted(out, round_digits, integer, digits, recommended)
    wanted |= {"safe": safe if out.wants("safe_base") else None}
    wanted |= {"use_table": not no_table, "verify": verify, "min_window": min_window}
    if min_window is not None and picked == "minimum_base":
        picked = "wide_start"
    _check_apart(certificate, safe_certificate)
    for kind, path in {"minimum-base": certificate, "safe-base": safe_certificate}.items():
        if path is not None:
            _certify(path, asked, kind)
    results = [
        replace(_solve(**problem, **wanted), label=label)
        for label, problem in zip(asked.names, asked.problems, strict=True)
    ]
    estimated = everything or out.all_fields or out.form is Form.JSON
    if estimated or (out.get and out.wants(*ESTIMATES, *NESTED)):
        from ropecalc.base.asymptotic import with_estimates

        results = list(map(with_estimates, results))
    rounded = [
        _in_dtype(result, {**in_dtype, "weights": weights}) if in_dtype else None
        for result in results
    ]
    inputs = {**asked.inputs, "round_digits": wanted["round_digits"], "digits": digits}
    inputs |= {"min_window": min_window, **arithmetic.inputs(in_dtype)}
    _tell_missing(results, bare=bool(out.get) and out.form is Form.BARE)
    out.show(_answer(results, rounded, inputs, picked, everything=everything))
    answer = "minimum_base" if min_window is None else "wide_start"
    bases = [
        getattr(result, answer) if here is None else _base_of(here)
        for result, here in zip(results, rounded, strict=True)
    ]
    raise typer.Exit(found.exit_code(1 if None in bases else 0))


@dataclass(frozen=True)
class _Asked:
    """The heads and the contexts of a call: each head at each context is a problem."""

    heads: Sequence[tuple[int, int]]
    """(head_dim, rotary_dim)."""
    contexts: Sequence[Sequence[int]]
    """Those of each head."""
    settings: dict[str, Any]
    """What all problems share: ``count_unrotated``, ``margin`` and ``weights``."""
    labels: Sequence[str]
    """The model of each head; empty for a bare one."""

    @property
    def names(self) -> list[str]:
        """The model of each problem."""
        both = zip(self.labels, self.contexts, strict=True)
        return [label for label, contexts in both for _ in contexts]

    @property
    def problems(self) -> list[dict[str, Any]]:
        """The problems as arguments of ``ropecalc.min_base``."""
        return [
            {"head_dim": head_dim, "rotary_dim": rotary_dim, "context": context, **self.settings}
            for (head_dim, rotary_dim), contexts in zip(self.heads, self.contexts, strict=True)
            for context in contexts
        ]

    @property
    def plain_problems(self) -> list[tuple[int, int]]:
        """(head_dim, context) of each problem; none where a head is not rotated as a whole."""
        if any(dim != rotated for dim, rotated in self.heads):
            return []
        return [(one["head_dim"], one["context"]) for one in self.problems]

    @property
    def inputs(self) -> dict[str, Any]:
        """What was understood, for ``--json``."""
        dims, rotary_dims = (list(column) for column in zip(*self.heads, strict=True))
        contexts = dict.fromkeys(context for each in self.contexts for context in each)
        heads = {"head_dim": dims, "rotary_dim": rotary_dims}
        return {**heads, "context": list(contexts), **self.settings}


def _asked(
    subjects: Sequence[Subject],
    contexts: Sequence[tuple[int, ...]] | None,
    settings: dict[str, Any],
) -> _Asked:
    """The problems of the options, or of models and their own contexts where none is given."""
    given: list[int | None] = [value for values in contexts or () for value in values] or [None]
    heads = [(one.rope.head_dim, one.rope.rotary_dim) for one in subjects]
    reached = [[reach for value in given for _, reach in each([one], value)] for one in subjects]
    for one, reaches in zip(subjects, reached, strict=True):
        if max((value or 0 for value in given), default=0) > max(reaches):
            say(
                f"{one.label} looks back {format_count(max(reaches))} tokens: no greater distance "
                "occurs, whatever --ctx says"
            )
    return _Asked(heads, reached, settings, [one.label for one in subjects])


def _in_dtype(result: MinimumBase, in_dtype: dict[str, Any]) -> PrecisionBase:
    """The base of the same head and context in an arithmetic."""
    from ropecalc.precision.minimum import base_in_dtype
    from ropecalc.render.progress import progress

    with progress(f"{in_dtype['dtype']}, {format_count(result.context)} tokens") as report:
        return base_in_dtype(result, progress=report, **in_dtype)


def _base_of(here: PrecisionBase) -> float | None:
    """The base found; 1 where every base works."""
    from ropecalc.results import PrecisionStatus

    return 1.0 if here.status is PrecisionStatus.EVERY_BASE else here.base


def _plain_problems(
    head: HeadOptions, contexts: Sequence[tuple[int, ...]] | None
) -> list[tuple[int, int]]:
    """(head_dim, context) of heads by their dimension alone: nothing of models is loaded."""
    if head != HeadOptions(dim=head.dim):
        return []
    dims = [dim or DEFAULT_HEAD_DIM for dim in head.dims]
    return [(dim, one) for dim in dims for some in contexts or () for one in some]


def _print_looked_up(problems: Sequence[tuple[int, int]]) -> bool:
    """Print what -q does where tables have it all: ten times as fast as loading numpy.

    ``problems`` are heads that are rotated as a whole, with a context each.
    """
    from ropecalc.quick import shipped_minimum

    found = [shipped_minimum(*problem) for problem in problems]
    if None in found or not found:
        return False
    print(*map(bare, found), sep="\n")
    return True


def _recommended(out: Output, search: bool) -> bool | None:
    """Whether to search for the recommended base; None: where that costs little."""
    if not out.wants("recommended_base", "rotated_part_base"):
        return False
    return search or bool(out.get) or None


def _wanted(
    out: Output, round_digits: int | None, integer: bool, digits: int | None, recommended: bool
) -> tuple[dict[str, Any], str]:
    """What to compute, and which part of the result ``-q`` prints."""
    if not out.quiet:
        everything = {
            "integer": out.wants("integer_base"),
            "window": out.wants("window_end", "window_status"),
            "recommended": _recommended(out, recommended),
            "digits": digits,
        }
        return {"round_digits": round_digits or ROUND_DIGITS, **everything}, "minimum_base"
    at_most_one(**{"--round": round_digits, "--integer": integer, "--digits": digits})
    asked = {
        "round_base": round_digits,
        "integer_base": integer,
        "minimum_base_digits": digits,
    }
    picked = next((part for part, given in asked.items() if given), "minimum_base")
    only = {"round_digits": round_digits, "integer": integer, "window": False, "digits": digits}
    only |= {"recommended": False}
    return only, picked


def _solve(head_dim: int, context: int, **settings: Any) -> MinimumBase:
    import ropecalc

    words = f"head_dim {head_dim}, {format_count(context)} tokens"
    with warnings_told(), searching(words, "bases", context) as report:
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

    if len(asked.problems) != 1:
        raise InvalidValueError(
            "options", "a certificate proves one base: give one --dim and one --ctx"
        )
    problem = asked.problems[0]
    with searching("certificate", "a proof", problem["context"]) as report:
        proof = ropecalc.certify(**problem, kind=kind, progress=report)
    proof.write(path)
    warn(f"The proof is in {printable(path)}: ropecalc verify checks it")


def _tell_missing(results: Sequence[MinimumBase], *, bare: bool) -> None:
    """Say on stderr which parts of an answer are missing, and why; of bare values also why none."""
    from ropecalc.results import Status

    for result in results:
        if bare and result.status is not Status.FOUND:
            name = result.label or f"head_dim {result.head_dim}"
            warn(f"{name}, {format_count(result.context)} tokens: {result.status.value}")
        if result.undecided is not None:
            warn(f"head_dim {result.head_dim}, {result.context} tokens: {result.undecided}")


def _answer(
    results: Sequence[MinimumBase],
    rounded: Sequence[PrecisionBase | None],
    inputs: dict[str, Any],
    picked: str,
    *,
    everything: bool,
) -> Answer:
    from ropecalc.render.precision import show_precision_bases

    both = list(zip(results, rounded, strict=True))

    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_min_base

        show_min_base(results, file, everything=everything)
        show_precision_bases([here for here in rounded if here is not None], file)

    return Answer(
        command="min-base",
        inputs=inputs,
        records=(record(result, precision=here) for result, here in both),
        bare=(_bare(result, here, picked) for result, here in both),
        table=table,
        columns=("label", *COLUMNS) if any(result.label for result in results) else COLUMNS,
    )


def _bare(result: MinimumBase, here: PrecisionBase | None, picked: str) -> object:
    """The number that was asked for; None where there is none, and why on stderr."""
    from ropecalc.results import Status

    name = result.label or f"head_dim {result.head_dim}"
    name += f", {format_count(result.context)} tokens"
    if result.status is not Status.FOUND:
        warn(f"{name}: {result.status.value}")
        return None
    if here is not None:
        base = _base_of(here)
        if base is None:
            warn(f"{name}: {here.status.value}")
        return base
    if getattr(result, picked) is None and result.undecided is None:
        warn(f"{name}: no window is so wide")
    return getattr(result, picked)
