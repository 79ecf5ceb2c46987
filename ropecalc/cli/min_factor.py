"""``ropecalc min-factor``: the smallest scaling factor for a context."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, one_of, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_factor_method
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.searches import FACTORS, searching
from ropecalc.cli.talk import at_most_one, warn
from ropecalc.errors import InvalidValueError
from ropecalc.files import printable
from ropecalc.quantities import format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.render.figures import Drawing
    from ropecalc.results import MinimumFactor, Setting

SUMMARY = "The smallest scaling factor (YaRN, llama3, linear, NTK) for a context."
EPILOG = epilog(
    "ropecalc min-factor Qwen3-8B --rope-type yarn --ctx 128k",
    "ropecalc min-factor Qwen3-8B --rope-type yarn,llama3 --ctx 64k,128k",
    "ropecalc min-factor --base 1e6 --original-ctx 32k --ctx 64k --plot",
    "factor=$(ropecalc min-factor Llama-3.1-8B --ctx 128k --round 2 -q)",
    "ropecalc min-factor Qwen3-8B --ctx 64k --certificate proof.json",
    exit_1="a factor of 1 is enough, or no factor is",
)
METHOD = "yarn"  # of a head without a scaling of its own


def _methods(text: str) -> list[str]:
    """The methods of a list, each of which has a factor that can grow."""
    from ropecalc.models.setting import FACTORS, known_method

    names = [name.strip() for name in text.split(",")]
    for name in names:
        known_method(name, FACTORS)
    return names


RopeTypes = Annotated[
    list[Any] | None,
    typer.Option(
        "--rope-type",
        help="yarn, llama3, linear, ntk-aware, dynamic; lists.",
        metavar="TYPE",
        parser=options.reader(_methods),
        show_default=False,
        autocompletion=complete_factor_method,
    ),
]
Round = Annotated[
    int | None,
    options.option(
        "--round",
        "Find the first factor of N digits too.",
        "N",
        options.positive("round_digits", "2"),
    ),
]
Digits = Annotated[
    int | None,
    options.option(
        "--digits",
        "Digits of the minimum; float64 unless given.",
        "N",
        options.positive("digits", "9"),
    ),
]
CertificateFile = Annotated[
    str | None,
    typer.Option(
        "--certificate",
        help="Write a proof, for 'ropecalc verify'.",
        metavar="FILE",
        show_default=False,
    ),
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the first violation over the factor.")]
COLUMNS = (
    "rope_type",
    "base",
    "head_dim",
    "rotary_dim",
    "original_context",
    "context",
    "recommended_factor",
    "minimum_factor",
    "ratio",
    "critical_distance",
)
QUIET = "Print only the minimum, or that of --round."


def command(
    *,
    models: options.Models = None,
    ctx: options.Contexts = None,
    rope_types: RopeTypes = None,
    base: options.Bases = None,
    original_ctx: options.Original = None,
    head: HeadOptions,
    margin: options.Margin = 0.0,
    round_digits: Round = None,
    digits: Digits = None,
    certificate: CertificateFile = None,
    plot: Plot = False,
    height: pictures.Height = None,
    output: pictures.Path = None,
    out: Output,
) -> None:
    """The smallest scaling factor that meets the bound, and the first one with 1 % of room.

    The answer also shows what the factor target / original gives. Lists print one row a method and
    context.
    """
    if out.form is Form.BARE:
        at_most_one(**{"--round": round_digits, "--digits": digits})
    methods = [name for names in rope_types or [[None]] for name in names]
    subject = one_of(resolved(models, head, RopeOptions(base=base)))
    own = None if subject.model is None else subject.rope.reach
    contexts = [own] if own and not ctx else options.flat("--ctx", ctx, "128k")
    settings = [
        _setting(subject, original_ctx, method, context)
        for method in methods
        for context in contexts
    ]
    asked: dict[str, Any] = {"count_unrotated": subject.count_unrotated, "margin": margin}
    asked |= {"weights": subject.weights}
    if certificate is not None:
        _certify(certificate, settings, asked)
    more = {**asked, "round_digits": round_digits, "digits": digits}
    quick = not out.wants("window_end", "recommended_factor", "window_status")
    results = [_solve(setting, quick=quick, **more) for setting in settings]
    inputs = {
        "models": [] if subject.model is None else [record(subject.model)],
        "context": contexts,
        "rope_type": list(dict.fromkeys(one.rope.rope_type for one in results)),
        "layer": head.layer,
        **asked,
        "round_digits": round_digits,
        "digits": digits,
    }
    look = _Look(settings, results, asked, height, plotted=plot or bool(height))
    if output is not None:
        pictures.save(output, look.figure())
    for one in results if out.form is Form.BARE else ():
        if not one.is_found:
            warn(f"{_asked(one)}: {one.status.value}")
    out.show(
        Answer(
            command="min-factor",
            inputs=inputs,
            records=map(record, results),
            bare=(_bare(one) if one.is_found else None for one in results),
            table=look.show,
            columns=COLUMNS,
        )
    )
    raise typer.Exit(0 if all(one.is_found for one in results) else 1)


def _setting(
    subject: Subject, original: int | None, rope_type: str | None, context: int
) -> Setting:
    """The rope whose factor is looked for: a model's, or that of a bare head."""
    from ropecalc.models.setting import make_setting
    from ropecalc.results import Setting

    model, rope = subject.model, subject.rope
    if rope_type is None and rope.rope_type != "default":
        if "original_context" in rope.parameters and original:
            rope = replace(rope, parameters={**rope.parameters, "original_context": original})
        return Setting(rope, context, original or rope.original_context, model)
    made = make_setting(
        model,
        rope,
        context=context,
        rope_type=rope_type or METHOD,
        original_context=original,
    )
    given = {name: value for name, value in made.rope.parameters.items() if name != "factor"}
    return replace(made, rope=replace(made.rope, parameters=given))


def _certify(path: str, settings: Sequence[Setting], asked: dict[str, Any]) -> None:
    """Write the proof of one factor."""
    import ropecalc

    if len(settings) != 1:
        raise InvalidValueError(
            "options", "a certificate proves one factor: give one --rope-type and one --ctx"
        )
    rope, context = settings[0].rope, settings[0].context
    with searching("certificate", "a proof", context, takes=FACTORS) as report:
        proof = ropecalc.certify_factor(rope, context, progress=report, **asked)
    proof.write(path)
    warn(f"The proof is in {printable(path)}: ropecalc verify checks it")


def _solve(setting: Setting, *, quick: bool, **asked: Any) -> MinimumFactor:
    import ropecalc

    rope, context = setting.rope, setting.context
    words = f"{rope.rope_type}, {format_count(context)} tokens"
    with searching(words, "the smallest factor", context, takes=FACTORS) as report:
        return ropecalc.min_factor(
            rope,
            context,
            original_context=setting.original_context,
            window=not quick,
            recommended=not quick,
            progress=report,
            **asked,
        )


def _asked(one: MinimumFactor) -> str:
    return f"{one.rope.rope_type.replace('_', '-')}, {format_count(one.context)} tokens"


@dataclass(frozen=True)
class _Look:
    """How people see the answer."""

    settings: Sequence[Setting]
    results: Sequence[MinimumFactor]
    options: dict[str, Any]
    """Those of the library beside rope and context."""
    height: int | None
    plotted: bool

    def show(self, file: TextIO) -> None:
        """Write it."""
        from ropecalc.render.factors import show_factors

        plots = self._plots() if self.plotted else []
        start = self.settings[0].start
        show_factors(self.results, file, start=start, plots=plots, height=self.height)

    def figure(self) -> Drawing:
        """The plots of all results as one figure."""
        from ropecalc.render.figures_factors import factors_figure

        return factors_figure(self.results, self._plots())

    def _plots(self) -> list[tuple[Any, float | None]]:
        return [self._plot(setting, self.options) for setting in self.settings]

    def _plot(self, setting: Setting, asked: dict[str, Any]) -> tuple[Any, float | None]:
        """What gives first violations, and the factor that the model's maker publishes."""
        from ropecalc.base.factor import violations_of

        known = None if setting.model is None else setting.model.known
        recipe = None if known is None else known.recipe
        same = recipe is not None and recipe.rope_type == setting.rope.rope_type
        published = recipe.factor if same and recipe is not None else None
        return partial(violations_of, setting.rope, setting.context, **asked), published


def _bare(one: MinimumFactor) -> object:
    """What -q prints: the number that was asked for."""
    if one.round_digits is not None:
        return one.round_factor
    return one.minimum_factor if one.minimum_factor_digits is None else one.minimum_factor_digits
