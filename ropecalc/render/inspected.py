"""Inspections for programs: a record a kind of layer and length, with and without its lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ropecalc.render.findings import finding_record
from ropecalc.render.known import known_record
from ropecalc.render.precision import precision_record

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import Check, Inspection, LayerInspection, ModelConfig, Rope

LISTS = ("parameters", "angular_frequencies", "findings", "finding_codes")
OF_THE_CHECK = (
    "holds first_violation violations worst_distance worst_similarity room_below room_above"
).split()


def model_record(model: ModelConfig) -> Record:
    """What the file says of the model as a whole."""
    return {
        "source": model.source,
        "form": model.form,
        "model_type": model.model_type,
        "context": model.context,
        "original_context": model.original_context,
        **known_record(model),
        "unrotated_layers": model.unrotated_layers,
        "assumptions": list(model.assumptions),
    }


def inspection_records(result: Inspection) -> Iterator[Record]:
    """A record a LayerInspection, each with the findings about it and about the whole file."""
    for layer in result.layers:
        yield _layer_record(result, layer)


def inspection_rows(result: Inspection) -> Iterator[Record]:
    """The same without what does not fit a cell; the codes in one, with spaces between them."""
    for record in inspection_records(result):
        codes = " ".join(record["finding_codes"])
        yield {k: v for k, v in record.items() if k not in LISTS} | {"finding_codes": codes}


def _layer_record(result: Inspection, layer: LayerInspection) -> Record:
    kind = layer.rope.layer_type
    found = [finding for finding in result.findings if finding.layer_type in (None, kind)]
    spectrum = layer.spectrum
    return {
        **rope_record(layer.rope),
        "length": layer.length,
        "context": None if layer.check is None else layer.check.context,
        "trained_context": result.model.trained_context,
        "turned_context": layer.turned_context,
        "count_unrotated": spectrum.count_unrotated,
        "attention_factor": spectrum.attention_factor,
        "softmax_factor": spectrum.softmax_factor,
        "angular_frequencies": spectrum.angular_frequencies.tolist(),
        "shortest_wavelength": layer.shortest_wavelength,
        "longest_wavelength": layer.longest_wavelength,
        "unfinished_pairs": layer.unfinished_pairs,
        **_check_record(layer.check),
        "minimum_base": layer.minimum_base,
        "safe_base": layer.safe_base,
        "precision": precision_record(layer.precision),
        "findings": [finding_record(finding) for finding in found],
        "finding_codes": list(dict.fromkeys(finding.code for finding in found)),
    }


def rope_record(rope: Rope) -> Record:
    """A rope as a record."""
    return {
        "layer_type": rope.layer_type,
        "rope_type": rope.rope_type,
        "base": rope.base,
        "factor": rope.factor,
        "original_context": rope.original_context,
        "parameters": {name: _plain(value) for name, value in rope.parameters.items()},
        "head_dim": rope.head_dim,
        "rotary_dim": rope.rotary_dim,
        "layers": rope.layers,
        "window": rope.window,
    }


def _check_record(check: Check | None) -> Record:
    """All keys even where nothing was checked, so that rows have the same columns."""
    return {name: None if check is None else getattr(check, name) for name in OF_THE_CHECK}


def _plain(value: Any) -> Any:
    """A parameter as JSON has it: whatever is a sequence becomes a list of floats."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return [float(item) for item in value]
