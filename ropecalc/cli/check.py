"""``ropecalc check``: does a base, or a model's config, meet the bound at a context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import arithmetic, options, weighing
from ropecalc.cli.heads import (
    DEFAULT_HEAD_DIM,
    Chosen,
    chosen,
    head_inputs,
    name,
    rotated,
    spectra,
    tell_original,
)
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, required, show
from ropecalc.quantities import format_base, format_count
from ropecalc.render.records import record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Check, Precision
    from ropecalc.spectrum import Spectrum

SUMMARY = "Does a base, or a model, meet the bound?"
EPILOG = epilog(
    "ropecalc check --base 1e6 --dim 128 --ctx 32768",
    "ropecalc check --model Llama-3-8B --rope-type yarn --factor 4 --ctx 32k",
    "ropecalc check --config config.json --ctx 128k --json",
    "ropecalc check --base 1e4 --ctx 1706 --dtype float16 --recipe naive",
    "ropecalc check --base 1e6 --ctx 16k -q && echo safe",
    exit_0="yes, the bound holds",
    exit_1="no, it is broken",
)

MinWindow = Annotated[
    float | None,
    options.option(
        "--min-window",
        "Nearest base above in a window so wide, such as 1e-3.",
        "W",
        options.fraction("min_window", "1e-3"),
    ),
]
Room = Annotated[bool, typer.Option("--room", help="Look for room beyond 128k tokens too.")]
Quiet = Annotated[bool, options.quiet("Print yes or no alone.")]


def command(
    base: options.Base = None,
    model: options.Model = None,
    config: options.Config = None,
    layer: options.Layer = None,
    dim: options.Dim = None,
    ctx: options.Context = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    rope_type: options.RopeType = None,
    factor: options.Factor = None,
    original_context: options.Original = None,
    margin: options.Margin = 0.0,
    weights: weighing.Weights = None,
    min_window: MinWindow = None,
    room: Room = False,
    dtype: arithmetic.Dtype = None,
    recipe: arithmetic.Recipe = None,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """Does the bound hold, and if not, where is it broken and which base would do?

    A model gives base, head, scaling, and the context unless --ctx is given; --rope-type and what
    follows replace its scaling. With --dtype yes and no are those of that arithmetic.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    wanted = arithmetic.wanted(dtype, recipe)
    found = chosen(
        model,
        config,
        layer,
        **{"--base": base, "--dim": dim, "--rotary-dim": rotary_dim},
        **{"--partial-rotary-factor": partial_rotary_factor},
    )
    if base is None and not found:
        raise required("--base", "1e6")
    scaling = {"rope_type": rope_type, "factor": factor, "original_context": original_context}
    if any(part is not None for part in scaling.values()):
        head = (dim, rotary_dim, partial_rotary_factor)
        tell = form is not Form.BARE
        found, base = [_rescaled(found, base, head, tell=tell, context=ctx, **scaling)], None
    ctx = found[0].rope.reach if found and ctx is None else ctx
    if ctx is None:
        raise required("--ctx", "32k")
    spectrum = (
        found[0].spectrum(ctx, count_unrotated=not ignore_unrotated, weights=weights)
        if base is None
        else spectra(
            [base],
            dim,
            rotary_dim,
            partial_rotary_factor,
            ignore_unrotated=ignore_unrotated,
            weights=weights,
        )[0]
    )
    if form is Form.BARE and wanted is None:
        holds = _holds(spectrum, ctx, margin)
        print("yes" if holds else "no")
        raise typer.Exit(0 if holds else 1)
    more = {"next_base": form is not Form.BARE, "min_window": min_window}
    more |= {"room": False if form is Form.BARE else room or None}
    result = _solve(spectrum, ctx, margin, **more)
    inputs = {**head_inputs([spectrum]), "context": ctx, "margin": margin}
    inputs |= {"min_window": min_window}
    inputs |= {"model": model, "config": config, "layer": layer}
    inputs |= arithmetic.inputs(wanted)
    rope = found[0].rope if found and base is None else None
    rounded = arithmetic.effects(spectrum, ctx, wanted, rope, margin) if wanted else None
    holds = rounded.holds if rounded else result.holds
    show(_answer(result, rounded, inputs, holds=holds), form)
    raise typer.Exit(0 if holds else 1)


def _rescaled(
    found: Sequence[Chosen],
    base: float | None,
    head: tuple[int | None, int | None, float | None],
    *,
    tell: bool,
    **parts: Any,
) -> Chosen:
    """A model, or a bare head, with another scaling."""
    from ropecalc.models.setting import make_setting
    from ropecalc.render.models import scaling_in_short
    from ropecalc.results import ModelConfig, Rope

    if found:
        setting = make_setting(found[0].model, found[0].rope, **parts)
        if tell:
            tell_original(setting)
        return Chosen(found[0].model, setting.rope, scaling_in_short(setting.rope))
    head_dim = head[0] or DEFAULT_HEAD_DIM
    rope = Rope("all", "default", float(base or 0), head_dim, rotated(head_dim, *head[1:]))
    rope = make_setting(None, rope, **parts).rope
    source = f"base {format_base(float(base or 0))}"
    model = ModelConfig(source, "options", None, (rope,), rope.context)
    return Chosen(model, rope, scaling_in_short(rope))


def _holds(spectrum: Spectrum, context: int, margin: float) -> bool:
    """The answer alone, which is known at the first violation."""
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{name(spectrum)}, {format_count(context)} tokens") as report:
        found = ropecalc.max_context(spectrum, margin=margin, limit=context, progress=report)
    return found.first_violation is None


def _solve(spectrum: Spectrum, context: int, margin: float, **more: Any) -> Check:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{name(spectrum)}, {format_count(context)} tokens") as report:
        return ropecalc.check(spectrum, context, margin=margin, progress=report, **more)


def _answer(
    result: Check, rounded: Precision | None, inputs: dict[str, object], *, holds: bool
) -> Answer:
    from ropecalc.render.precision import show_precisions

    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_check

        show_check(result, file)
        show_precisions([rounded] if rounded else [], file)

    return Answer(
        command="check",
        inputs=inputs,
        records=[record(result, precision=rounded)],
        bare=["yes" if holds else "no"],
        table=table,
    )
