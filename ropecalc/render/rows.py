"""Results as rows: one a thing that a result lists, beside what it says of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ropecalc.render.records import Record, each_key, record, without

if TYPE_CHECKING:
    from ropecalc.render.points import CurvePoints
    from ropecalc.results import (
        CheckpointWeights,
        Comparison,
        Finding,
        Inspection,
        ModelConfig,
        PairFrequencies,
        Plan,
        Staircase,
        Temperature,
        Windows,
    )

CELL_LESS = ("parameters", "angular_frequencies", "soft")  # what does not fit a cell
OWN_OF_PLANS = {"original_context": "from_context"}  # candidates have an original context as well
HEAD = "head_dim rotary_dim count_unrotated context margin".split()


def columns(name: str) -> list[str]:
    """The columns of one of ``SHAPES``, as flattened rows have them."""
    return list(each_key(name))


def window_rows(result: Windows, min_width: float = 0.0) -> Iterator[Record]:
    """Windows, those narrower than ``min_width`` left out."""
    for window in result.at_least(min_width):
        yield {**{name: getattr(result, name) for name in HEAD}, **record(window)}


def windows_record(result: Windows, min_width: float = 0.0) -> Record:
    """Windows as a record; ``hidden`` counts those narrower than ``min_width``, not listed."""
    listed = result.at_least(min_width)
    return record(result, windows=listed, hidden=len(result.windows) - len(listed))


def frequency_rows(result: PairFrequencies) -> Iterator[Record]:
    """The pairs of a head."""
    one = record(result)
    turns = one["turns"] or [None] * len(one["wavelengths"])
    columns = one["angular_frequencies"], one["wavelengths"], turns, one["weights"]
    names = "angular_frequency wavelength turns weight".split()
    for pair, values in enumerate(zip(*columns, strict=True)):
        yield {"pair": pair, **dict(zip(names, values, strict=True))}


def staircase_rows(result: Staircase) -> Iterator[Record]:
    """The steps of a staircase."""
    for step in result.steps:
        yield {
            "context": step.context,
            "base": step.base,
            "critical_distance": step.critical_distance,
        }


def temperature_rows(result: Temperature) -> Iterator[Record]:
    """The factors that someone uses."""
    one = record(result)
    for factor in one.pop("factors"):
        yield {**one, **factor}


def weights_rows(result: CheckpointWeights) -> Iterator[Record]:
    """The pairs of a checkpoint's layer."""
    one = without(record(result), "heads", "key_heads", "tensors")
    for pair, weight in enumerate(one.pop("weights")):
        yield {**one, "pair": pair, "weight": weight}


def model_rows(one: Mapping[str, Any]) -> Iterator[Record]:
    """The kinds of layers of a known model's record."""
    for layer in one["layers"]:
        first = {"name": one["name"], "repo": one["repo"]}
        yield {**first, **layer, "context": one["context"], "source": one["source"]}


def plan_rows(plan: Plan) -> Iterator[Record]:
    """The candidates of a plan, the head as it is first."""
    one = record(plan)
    asked = list(one)[: list(one).index("original")]
    for candidate in (one["original"], *one["candidates"]):
        yield {
            **{OWN_OF_PLANS.get(name, name): one[name] for name in asked},
            **without(candidate, *CELL_LESS),
            "advised_with_training": candidate["method"] == plan.with_training,
            "advised_without_training": candidate["method"] == plan.without_training,
        }


def comparison_records(result: Comparison) -> Iterator[Record]:
    """A record a kind of layer and stack."""
    for layer in result.layers:
        for run in layer.runs:
            group = layer.group_of(run.stack)
            differing = None if group is None else len(group.differing_pairs)
            yield record(run, layer=layer, group=group, differing_pairs=differing)


def comparison_rows(result: Comparison) -> Iterator[Record]:
    """The same with the rules in one cell."""
    for one in comparison_records(result):
        rules = "; ".join(rule["text"] for rule in one.pop("rules"))
        yield {**without(one, *CELL_LESS), "rules": rules}


def inspection_records(result: Inspection) -> Iterator[Record]:
    """A record a LayerInspection, each with the findings about it and about the whole file."""
    for layer in result.layers:
        about = (None, layer.rope.layer_type)
        found = [finding for finding in result.findings if finding.layer_type in about]
        codes = dict.fromkeys(finding.code for finding in found)
        yield record(layer, model=result.model, findings=found, finding_codes=list(codes))


def inspection_rows(result: Inspection) -> Iterator[Record]:
    """The same with the codes in one cell, blanks between them."""
    for one in inspection_records(result):
        codes = " ".join(one["finding_codes"])
        yield {**without(one, *CELL_LESS, "findings"), "finding_codes": codes}


def lint_rows(looked: Sequence[tuple[ModelConfig, Sequence[Finding]]]) -> Iterator[Record]:
    """The findings of all files."""
    for model, findings in looked:
        for finding in findings:
            yield {"source": model.source, **record(finding)}


def curve_rows(curves: Sequence[CurvePoints]) -> Iterator[Record]:
    """Curves one after the other, a row a bin or a distance; labels where one has a label."""
    kind = curves[0].kind.replace("-", "_")
    name = f"normalised_{kind}" if curves[0].normalised else kind
    bins = ("distance", "last_distance", f"least_{name}", f"greatest_{name}")
    labelled = any(points.spectrum.label for points in curves)
    for points in curves:
        beside = {"base": points.base, **({"label": points.spectrum.label} if labelled else {})}
        for block in points.blocks():
            for values in zip(*block, strict=True):
                yield {
                    **dict(zip(bins if points.binned else ("distance", name), values, strict=True)),
                    **beside,
                }
