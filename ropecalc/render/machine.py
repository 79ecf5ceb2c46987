"""Results for programs: JSON, CSV and tab-separated rows, with the vocabulary's words as keys.

A result becomes a record, a dict of plain values whose keys never change with the answer: what
does not exist is null in JSON and an empty field in rows. Rows carry the record's values in the
record's order, the parts of a nested value side by side (``refined_estimate_low``).

ASCII only, and numbers as ``repr`` writes them, so that nothing is lost on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from ropecalc.results import (
        Check,
        Estimate,
        MaxContext,
        MinimumBase,
        PairFrequencies,
        Precision,
        Staircase,
        Window,
        Windows,
    )
    from ropecalc.spectrum import Spectrum

Record = dict[str, Any]
Block = tuple[Sequence[int], Sequence[float]]


def minimum_base_record(result: MinimumBase) -> Record:
    """A MinimumBase as a record; ``minimum_base_digits`` is text, since JSON has no decimals."""
    digits = result.minimum_base_digits
    return {
        "head_dim": result.head_dim,
        "rotary_dim": result.rotary_dim,
        "count_unrotated": result.count_unrotated,
        "context": result.context,
        "margin": result.margin,
        "status": result.status.name.lower(),
        "minimum_base": result.minimum_base,
        "enclosure": _named(result.enclosure, "low", "high"),
        "minimum_base_digits": None if digits is None else format(digits, "f"),
        "critical_distance": result.critical_distance,
        "window_status": result.window_status.name.lower(),
        "window_end": result.window_end,
        "round_digits": result.round_digits,
        "round_base": result.round_base,
        "integer_base": result.integer_base,
        "continuum_estimate": result.continuum_estimate,
        "refined_estimate": _estimate(result.refined_estimate),
        "safe_status": result.safe_status.name.lower(),
        "safe_base": result.safe_base,
        "safe_distance": result.safe_distance,
        "source": result.source,
        "steps": result.steps,
        "method": result.method,
        "message": result.status.value,
        "min_window": result.min_window,
        "wide_status": result.wide_status.name.lower(),
        "wide_start": result.wide_start,
        "wide_end": result.wide_end,
        "wide_distance": result.wide_distance,
        "undecided": result.undecided,
    }


def check_record(result: Check) -> Record:
    """A Check as a record."""
    return {
        "head_dim": result.head_dim,
        "rotary_dim": result.rotary_dim,
        "count_unrotated": result.count_unrotated,
        "base": result.base,
        "context": result.context,
        "margin": result.margin,
        "holds": result.holds,
        "status": result.status.name.lower(),
        "first_violation": result.first_violation,
        "violations": result.violations,
        "worst_distance": result.worst_distance,
        "worst_similarity": result.worst_similarity,
        "slack": result.slack,
        "next_base": result.next_base,
        "error_bound": result.error_bound,
        "method": result.method,
        "message": result.status.value,
        "rope_type": result.rope_type,
        "label": result.label,
        "min_window": result.min_window,
        "room_below": result.room_below,
        "room_above": result.room_above,
        "room_limit": result.room_limit,
        "undecided": result.undecided,
    }


def max_context_record(result: MaxContext) -> Record:
    """A MaxContext as a record; ``max_context`` is null where no violation was found."""
    return {
        "head_dim": result.head_dim,
        "rotary_dim": result.rotary_dim,
        "count_unrotated": result.count_unrotated,
        "base": result.base,
        "margin": result.margin,
        "limit": result.limit,
        "status": result.status.name.lower(),
        "max_context": result.max_context,
        "first_violation": result.first_violation,
        "similarity": result.similarity,
        "method": result.method,
        "message": result.status.value,
        "rope_type": result.rope_type,
        "label": result.label,
    }


def windows_record(result: Windows, min_width: float = 0.0) -> Record:
    """Windows as a record; ``hidden`` counts those narrower than ``min_width``, not listed."""
    listed = [_window(window) for window in result.at_least(min_width)]
    return {
        **_asked_of_windows(result),
        "at_most": result.at_most,
        "status": result.status.name.lower(),
        "minimum_base": result.minimum_base,
        "safe_base": result.safe_base,
        "share": result.share,
        "windows": listed,
        "hidden": len(result.windows) - len(listed),
        "skipped": result.skipped,
        "method": result.method,
        "message": result.status.value,
        "undecided": result.undecided,
    }


def window_rows(result: Windows, min_width: float = 0.0) -> Iterator[Record]:
    """Windows as rows, one a window."""
    for window in result.at_least(min_width):
        yield {**_asked_of_windows(result), **_window(window)}


def _asked_of_windows(result: Windows) -> Record:
    return {
        "head_dim": result.head_dim,
        "rotary_dim": result.rotary_dim,
        "count_unrotated": result.count_unrotated,
        "context": result.context,
        "margin": result.margin,
    }


def _window(window: Window) -> Record:
    return {
        "start": window.start,
        "end": window.end,
        "relative_width": window.relative_width,
        "opened_by": window.opened_by,
        "closed_by": window.closed_by,
    }


def frequencies_record(result: PairFrequencies) -> Record:
    """A PairFrequencies as a record of lists, a value a pair."""
    spectrum = result.spectrum
    return {
        "head_dim": spectrum.head_dim,
        "rotary_dim": spectrum.rotary_dim,
        "base": None if spectrum.base is None else float(spectrum.base),
        "rope_type": spectrum.rope_type,
        "label": spectrum.label,
        "context": result.context,
        "attention_factor": spectrum.attention_factor,
        "softmax_factor": spectrum.softmax_factor,
        "angular_frequencies": result.angular_frequencies.tolist(),
        "wavelengths": result.wavelengths.tolist(),
        "turns": None if result.turns is None else result.turns.tolist(),
        "weights": list(spectrum.pair_weights),
    }


def frequency_rows(result: PairFrequencies) -> Iterator[Record]:
    """A PairFrequencies as rows, one a pair."""
    pairs = zip(result.angular_frequencies.tolist(), result.wavelengths.tolist(), strict=True)
    turns = None if result.turns is None else result.turns.tolist()
    for pair, (frequency, wavelength) in enumerate(pairs):
        yield {
            "pair": pair,
            "angular_frequency": frequency,
            "wavelength": wavelength,
            "turns": None if turns is None else turns[pair],
            "weight": result.spectrum.pair_weights[pair],
        }


def staircase_record(result: Staircase) -> Record:
    """A Staircase as a record of lists, a value a step."""
    return {
        "kind": result.kind,
        "rotary_dim": result.rotary_dim,
        "end": result.end,
        "contexts": [step.context for step in result.steps],
        "bases": [step.base for step in result.steps],
        "critical_distances": [step.distance or None for step in result.steps],
        "source": result.source,
    }


def staircase_rows(result: Staircase) -> Iterator[Record]:
    """A Staircase as rows, one a step."""
    for step in result.steps:
        distance = step.distance or None
        yield {"context": step.context, "base": step.base, "critical_distance": distance}


@dataclass(frozen=True)
class CurvePoints:
    """Points of one curve, in blocks of (distances, values) that can be walked more than once."""

    spectrum: Spectrum
    kind: Literal["similarity", "upper-bound"]
    normalised: bool
    context: int
    first_violation: int | None
    error_bound: float
    blocks: Callable[[], Iterator[Block]]
    precision: Precision | None = None
    """What rounding changes, where the points are those of a stack's arithmetic."""
    scores: Any = None
    """Their source in that arithmetic: ``ropecalc.precision.products.Scores``."""

    @property
    def base(self) -> float | None:
        """The base, where the spectrum is that of one."""
        return None if self.spectrum.base is None else float(self.spectrum.base)


def curve_record(points: CurvePoints) -> Record:
    """Points as a record, whose distances and values are streamed."""
    from ropecalc.render.precision import precision_record

    spectrum = points.spectrum
    return {
        "head_dim": spectrum.head_dim,
        "rotary_dim": spectrum.rotary_dim,
        "count_unrotated": spectrum.count_unrotated,
        "base": points.base,
        "rope_type": spectrum.rope_type,
        "label": spectrum.label,
        "kind": points.kind,
        "normalised": points.normalised,
        "context": points.context,
        "first_violation": points.first_violation,
        "error_bound": points.error_bound,
        "distances": (distances for distances, _ in points.blocks()),
        "values": (values for _, values in points.blocks()),
        "precision": precision_record(points.precision),
    }


def write_curve_rows(file: TextIO, curves: Sequence[CurvePoints], separator: str) -> None:
    """A row a point, one curve after the other: base, distance, value, and labels if there are."""
    kind = curves[0].kind.replace("-", "_")
    name = f"normalised_{kind}" if curves[0].normalised else kind
    labelled = any(points.spectrum.label for points in curves)
    file.write(separator.join(["base", "distance", name, *["label"] * labelled]) + "\n")
    for points in curves:
        base = _field(points.base, separator)
        label = separator + _field(points.spectrum.label, separator) if labelled else ""
        for distances, values in points.blocks():
            pairs = zip(distances, values, strict=True)
            file.writelines(
                f"{base}{separator}{m}{separator}{value!r}{label}\n" for m, value in pairs
            )


def write_json(
    file: TextIO, command: str, inputs: Mapping[str, object], results: Iterable[Record]
) -> None:
    """One object, the same four keys for every command; a value that is an Iterator is streamed.

    The records and their Iterator values are written as they come, in constant memory.
    """
    from ropecalc import __version__

    head = {"version": __version__, "command": command, "inputs": dict(inputs)}
    file.write(_dumps(head)[:-1] + ', "results": [')
    for index, record in enumerate(results):
        file.write(", " if index else "")
        _write_object(file, record)
    file.write("]}\n")


def write_rows(
    file: TextIO, rows: Iterable[Record], separator: str, columns: Sequence[str] = ()
) -> None:
    """A header and a line a record; CSV fields are quoted where they must be ([RFC4180]).

    The header is ``columns`` where there are no records, so that a program finds them all the same.
    """
    begun = False
    for record in rows:
        flat = dict(flattened(record))
        if not begun:
            file.write(separator.join(flat) + "\n")
            begun = True
        file.write(separator.join(_field(value, separator) for value in flat.values()) + "\n")
    if columns and not begun:
        file.write(separator.join(columns) + "\n")


def bare(value: object) -> str:
    """A value as ``-q`` prints it: 350000000 rather than 350000000.0, nothing for None.

    The values of a tuple come side by side, with tabs between them.
    """
    if isinstance(value, tuple):
        return "\t".join(map(bare, value))
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return _field(value, "\t")


def _estimate(estimate: Estimate | None) -> Record:
    """All keys even where there is no estimate, so that rows have the same columns."""
    if estimate is None:
        return {"value": None, "low": None, "high": None}
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _named(values: Sequence[float] | None, *names: str) -> Record:
    return dict(zip(names, values or (None,) * len(names), strict=True))


def _write_object(file: TextIO, record: Record) -> None:
    file.write("{")
    for index, (key, value) in enumerate(record.items()):
        file.write(f'{", " if index else ""}"{key}": ')
        if isinstance(value, Iterator):
            _write_array(file, value)
        else:
            file.write(_dumps(value))
    file.write("}")


def _write_array(file: TextIO, blocks: Iterator[Sequence[float]]) -> None:
    """Blocks of numbers, joined into one array."""
    file.write("[")
    separator = ""
    for block in blocks:
        file.write(separator + _dumps(list(block))[1:-1])
        separator = ", "
    file.write("]")


def _dumps(value: object) -> str:
    import json  # a bare answer does without

    return json.dumps(_finite(value), allow_nan=False)


def _finite(value: object) -> object:
    """JSON has no infinity: an infinite wavelength becomes null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def flattened(record: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Names and values as columns have them: what lies in an inner record is "outer_inner"."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from ((f"{key}_{name}", part) for name, part in flattened(value))
        else:
            yield key, value


def _field(value: object, separator: str) -> str:
    """A value as a field: floats by repr, truth as JSON has it, None as nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = repr(value) if isinstance(value, float) else str(value)
    if separator == "," and any(mark in text for mark in ',"\n\r'):
        return '"' + text.replace('"', '""') + '"'
    return text.replace("\t", " ").replace("\n", " ")
