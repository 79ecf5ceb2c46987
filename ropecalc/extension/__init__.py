"""Ways to a longer context, side by side.

criteria    what is known of a way beside the bound: unseen angles, neighbours, critical base
methods     the settings: each way as a Rope
planning    the public functions
advice      which way to go, by rules that are written down

Names load on first use (PEP 562).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.late import late

if TYPE_CHECKING:
    from ropecalc.extension.criteria import critical_base as critical_base
    from ropecalc.extension.criteria import critical_dimension as critical_dimension
    from ropecalc.extension.methods import METHODS as METHODS
    from ropecalc.extension.planning import plan as plan
    from ropecalc.extension.planning import plan_model as plan_model


def __getattr__(name: str) -> object:
    return late(__name__, name)
