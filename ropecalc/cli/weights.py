"""``ropecalc weights``: the weights of the pairs, from a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import required, warn
from ropecalc.errors import InvalidValueError
from ropecalc.render.records import record
from ropecalc.render.rows import weights_rows

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import CheckpointWeights

SUMMARY = "Weights of the pairs, from a checkpoint."
EPILOG = epilog(
    "ropecalc weights model/ --layer-number 12",
    "ropecalc weights model/ --layer-number 12 --head 3 -o weights.json",
    "ropecalc weights model.safetensors --layer-number 0 --dim 128 --csv",
    "ropecalc weights model/ --layer-number 0 -q",
)

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="CHECKPOINT",
        help="A .safetensors file, its index, or the folder.",
        show_default=False,
    ),
]


def _index(text: str, parameter: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 6):
        raise InvalidValueError(parameter, f"{parameter} must be a number from 0 on, got {text!r}")
    return int(text)


LayerNumber = Annotated[
    int | None,
    options.option(
        "--layer-number",
        "Which layer, from 0.",
        "N",
        options.reader(lambda t: _index(t, "layer_number")),
    ),
]
HeadNumber = Annotated[
    int | None,
    options.option(
        "--head",
        "Query head, from 0; the mean of all unless given.",
        "N",
        options.reader(lambda t: _index(t, "head")),
    ),
]
HeadDim = Annotated[
    int | None,
    options.option(
        "--dim",
        "Head dimension; the config.json's unless given.",
        "D",
        options.positive("head_dim", "128"),
    ),
]
Layout = Annotated[
    str | None,
    options.option("--layout", "half or interleaved; by the model unless given.", "LAYOUT", str),
]
Of = Annotated[
    str,
    options.option("--of", "both, queries or keys; both unless given.", "PART", str),
]
File = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        help="Write the list to a file for --weights.",
        metavar="FILE",
        show_default=False,
    ),
]
QUIET = "Print only the weights, one a line."


def command(
    *,
    checkpoint: Target = None,
    layer_number: LayerNumber = None,
    head: HeadNumber = None,
    dim: HeadDim = None,
    rotary_dim: options.RotaryDim = None,
    layout: Layout = None,
    of: Of = "both",
    output: File = None,
    out: Output,
) -> None:
    """The energy of each pair in a layer's query and key projections, as weights of the pairs.

    Relative to their mean. Needs safetensors: install the extra of ropecalc called weights.
    """
    import ropecalc

    if checkpoint is None:
        raise InvalidValueError("options", "no checkpoint was named: give its folder")
    if layer_number is None:
        raise required("--layer-number", "0")
    try:
        result = ropecalc.checkpoint_weights(
            checkpoint,
            layer_number,
            head=head,
            head_dim=dim,
            rotary_dim=rotary_dim,
            layout=layout,
            of=of,
        )
    except InvalidValueError as error:
        parameter = {"layer": "layer_number"}.get(error.parameter, error.parameter)
        raise InvalidValueError(parameter, str(error)) from None
    if output is not None:
        _write(output, result)
    inputs: dict[str, object] = {
        "checkpoint": checkpoint,
        "layer": layer_number,
        "head": head,
        "head_dim": dim,
        "rotary_dim": rotary_dim,
        "layout": layout,
        "of": of,
    }
    out.show(_answer(result, inputs))


def _write(path: str, result: CheckpointWeights) -> None:
    """Write the weights as a JSON list."""
    import json

    from ropecalc.files import write_output

    write_output(path, (json.dumps(list(result.weights)) + "\n").encode())
    warn(f"The weights are in {path}: give it to --weights")


def _answer(result: CheckpointWeights, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.checkpoint import show_weights

        show_weights(result, file)

    return Answer(
        command="weights",
        inputs=inputs,
        records=[record(result)],
        bare=result.weights,
        table=table,
        rows=weights_rows(result),
        columns=("layer", "head", "pair", "weight"),
    )
