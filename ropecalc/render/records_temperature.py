"""Temperatures for programs: a record with a list of factors, a row a factor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import LengthFactor, Temperature


def temperature_record(result: Temperature) -> Record:
    """A Temperature as a record."""
    return {**_gaps(result), "factors": [_factor(one) for one in result.factors]}


def temperature_rows(result: Temperature) -> Iterator[Record]:
    """A row a factor."""
    for one in result.factors:
        yield {**_gaps(result), **_factor(one)}


def _gaps(result: Temperature) -> Record:
    return {
        "context": result.context,
        "trained_context": result.trained_context,
        "attention_mass": result.attention_mass,
        "logit_gap": result.logit_gap,
        "trained_logit_gap": result.trained_logit_gap,
        "scale": result.scale,
        "unscaled_mass": result.unscaled_mass,
        "spread": result.spread,
    }


def _factor(one: LengthFactor) -> Record:
    return {
        "name": one.name,
        "formula": one.formula,
        "used_by": one.used_by,
        "factor": one.value,
        "mass": one.mass,
    }
