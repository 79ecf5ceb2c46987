"""Comparisons for programs: a record a kind of layer and stack, with and without its lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import Comparison, LayerComparison, StackRun

LISTS = ("angular_frequencies", "rules")


def comparison_records(result: Comparison) -> Iterator[Record]:
    """A record a kind of layer and stack."""
    for layer in result.layers:
        for run in layer.runs:
            yield _record(layer, run)


def comparison_rows(result: Comparison) -> Iterator[Record]:
    """The same without what does not fit a cell; the rules in one."""
    for record in comparison_records(result):
        rules = "; ".join(rule["text"] for rule in record["rules"])
        yield {k: v for k, v in record.items() if k not in LISTS} | {"rules": rules}


def _record(layer: LayerComparison, run: StackRun) -> Record:
    spectrum, rope, group = run.spectrum, run.rope, layer.group_of(run.stack)
    return {
        "layer_type": run.layer_type,
        "stack": run.stack,
        "version": run.version,
        "layer_agrees": layer.agree,
        "group": None if group is None else group.name,
        "rope_type": None if rope is None else rope.rope_type,
        "base": None if rope is None else rope.base,
        "factor": None if rope is None else rope.factor,
        "attention_factor": None if spectrum is None else spectrum.attention_factor,
        "softmax_factor": None if spectrum is None else spectrum.softmax_factor,
        "usable_length": run.usable_length,
        "context": layer.reach,
        "first_violation": None if group is None else group.first_violation,
        "largest_difference": None if group is None else group.largest_difference,
        "largest_pair": None if group is None else group.largest_pair,
        "differing_pairs": None if group is None else len(group.differing_pairs),
        "refusal": None if run.refusal is None else run.refusal.text,
        "rules": [{"text": rule.text, "source": rule.source} for rule in run.rules],
        "angular_frequencies": (
            None if spectrum is None else spectrum.angular_frequencies.tolist()
        ),
    }
