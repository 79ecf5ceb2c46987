"""Ways to a longer context, side by side.

criteria    what is told of a way beside the bound: phases never seen, neighbours, critical base
methods     the settings: each way as a Rope
planning    the public functions
advice      which way to go, by rules that are written down

Names load on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.extension.criteria import critical_base as critical_base
    from ropecalc.extension.criteria import critical_dimension as critical_dimension
    from ropecalc.extension.methods import METHODS as METHODS
    from ropecalc.extension.planning import plan as plan
    from ropecalc.extension.planning import plan_model as plan_model

_HOME = {
    "METHODS": "methods",
    "critical_base": "criteria",
    "critical_dimension": "criteria",
    "plan": "planning",
    "plan_model": "planning",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'ropecalc.extension' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"ropecalc.extension.{_HOME[name]}"), name)
    globals()[name] = value
    return value
