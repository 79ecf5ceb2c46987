"""``ropecalc compare``: the same config as different stacks would run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures, weighing
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import at_most_one, required, warn
from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.render.records import record
from ropecalc.render.rows import comparison_records, comparison_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Comparison, ModelConfig

SUMMARY = "One model in several stacks, or several models side by side."
EPILOG = epilog(
    "ropecalc compare config.json",
    "ropecalc compare Llama-3-8B Llama-3.1-8B",
    "ropecalc compare Phi-3-mini-128k --ctx 4k --stack vllm --stack llama.cpp",
    "ropecalc compare Qwen3-8B --override '{\"rope_theta\": 5e6}'",
    exit_0="all compute the same: frequencies, attention and softmax factors",
    exit_1="computed, and they differ, or one refuses the config",
)

Stacks = Annotated[
    list[str] | None,
    typer.Option(
        "--stack",
        help="transformers, vllm, sglang, llama.cpp; else all.",
        metavar="STACK",
        show_default=False,
    ),
]
Override = Annotated[
    str | None,
    typer.Option(
        "--override",
        help="Keys of the config, as JSON (--hf-overrides).",
        metavar="JSON",
        show_default=False,
    ),
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw the curve of each set of frequencies.")]
COLUMNS = (
    "layer_type",
    "stack",
    "version",
    "layer_agrees",
    "group",
    "rope_type",
    "base",
    "factor",
    "attention_factor",
    "softmax_factor",
    "usable_length",
    "first_violation",
    "largest_difference",
    "refusal",
)
QUIET = "Print nothing: the exit code is the answer."


def command(
    *,
    models: options.Models = None,
    ctx: options.Context = None,
    stack: Stacks = None,
    layer: options.Layer = None,
    override: Override = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    weights: weighing.Weights = None,
    plot: Plot = False,
    height: pictures.Height = None,
    output: pictures.Path = None,
    out: Output,
) -> None:
    """What each stack computes for one model, or several models beside the first.

    --ctx is the length that each is started for (--max-model-len, --context-length, -c); without
    it each does what it does by default. A usable length that differs does not count.
    """
    if not models:
        raise InvalidValueError("options", "no model was named: give its file, such as config.json")
    found = [_load(model) for model in models]
    changed = {} if override is None else _parsed(override)
    asked: dict[str, Any] = {"layer": layer, "override": changed}
    asked |= {"count_unrotated": not ignore_unrotated, "weights": weights}
    if len(found) > 1:
        at_most_one(**{"several models": True, "--stack": stack})
        at_most_one(**{"several models": True, "--override": override})
        result = _solve_models(found, ctx, layer, weights, count_unrotated=not ignore_unrotated)
    else:
        result = _solve(found[0], ctx, stack, **asked)
    inputs: dict[str, object] = {
        "models": list(map(record, found)),
        "context": result.context,
        "stacks": list(result.stacks),
        **asked,
        "agree": result.agree,
    }
    plot = plot or bool(height)
    if output is not None or plot:
        _draw(result, output)
    out.show(_answer(result, inputs, plot=plot, height=height))
    raise typer.Exit(0 if result.agree else 1)


def _load(target: str) -> ModelConfig:
    """As other commands do, but for a file whose rope object one stack alone may take."""
    from ropecalc.cli.target import load

    try:
        return load(target)
    except ConfigError as refused:
        if not target:  # which Path takes for the current folder
            raise
        try:
            return _leniently(target)
        except (ConfigError, OSError, ValueError):
            raise refused from None


def _leniently(target: str) -> ModelConfig:
    from pathlib import Path

    from ropecalc.files import read_bytes
    from ropecalc.models.jsonfile import MAX_BYTES, WANTED, parse_object
    from ropecalc.stacks.unread import parse_leniently

    path = Path(target) / "config.json" if Path(target).is_dir() else Path(target)
    name, data = read_bytes(str(path), MAX_BYTES, ConfigError, WANTED)
    return parse_leniently(parse_object(name, data), name)


def _parsed(text: str) -> Any:
    """What is written in JSON; the text itself where it is none, which is refused."""
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    return text if found is None else found


def _solve(
    model: ModelConfig,
    context: int | None,
    stacks: list[str] | None,
    **asked: Any,
) -> Comparison:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(model.source) as report:
        try:
            return ropecalc.compare(
                model,
                context,
                [stack.lower() for stack in stacks] if stacks else None,
                progress=report,
                **asked,
            )
        except InvalidValueError as error:
            option = {
                "stack": "--stack",
                "layer": "--layer",
                "override": "--override",
            }.get(error.parameter)
            if option is None:
                raise
            raise InvalidValueError("options", f"Invalid value for '{option}': {error}") from None


def _solve_models(
    models: Sequence[ModelConfig],
    context: int | None,
    layer: str | None,
    weights: Sequence[float] | None,
    *,
    count_unrotated: bool,
) -> Comparison:
    from ropecalc.comparison import compare_models
    from ropecalc.render.progress import progress

    with progress("models side by side") as report:
        return compare_models(
            models,
            context,
            layer=layer,
            weights=weights,
            count_unrotated=count_unrotated,
            progress=report,
        )


def _draw(result: Comparison, path: str | None) -> None:
    """Save the figure, if one is asked for; of no length, or of refusals alone, there is none."""
    from ropecalc.render.compare import comparison_figure, drawable

    if drawable(result):
        if path is not None:
            pictures.save(path, comparison_figure(result))
    elif any(layer.groups for layer in result.layers):
        raise required("--ctx", "32k")
    elif path is not None:
        warn(f"{path} was not written: no stack reads this config")


def _answer(
    result: Comparison,
    inputs: dict[str, object],
    *,
    plot: bool,
    height: int | None,
) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_comparison

        show_comparison(result, file, plot=plot, height=height)

    return Answer(
        command="compare",
        inputs=inputs,
        records=comparison_records(result),
        bare=(),
        table=table,
        rows=comparison_rows(result),
        columns=COLUMNS,
    )
