"""Results in a notebook: the text of a terminal, and pictures through matplotlib.

Everything that is shown is escaped, and nothing is fetched: no script, no style sheet, no font.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

from ropecalc import results
from ropecalc.render import (
    bases,
    compare,
    criteria,
    curves,
    emit,
    evidence,
    factors,
    inspect,
    plan,
    precision,
    proof,
    staircases,
    temperature,
    verdicts,
    windows,
)
from ropecalc.render.console import Screen
from ropecalc.render.glyphs import UNICODE

if TYPE_CHECKING:
    from ropecalc.render.figures import Drawing

WIDTH, LINES = 80, 25
MOST_LINES = 120
OF_ONE: dict[type, Callable[[Any, Screen], str]] = {
    results.Windows: windows.describe_windows,
    results.Staircase: staircases.describe_staircase,
    results.PairFrequencies: curves.describe_frequencies,
    results.Inspection: inspect.describe_inspection,
    results.Comparison: compare.describe_comparison,
    results.Plan: plan.describe_plan,
    results.Temperature: temperature.describe_temperature,
    results.Evidence: evidence.describe_evidence,
    results.Emission: emit.describe_emission,
    results.Precision: precision.describe_precision,
    results.PrecisionBase: precision.describe_precision_base,
    results.Verification: proof.describe_verification,
}
OF_SEVERAL: dict[type, Callable[[Any, Screen], str]] = {
    results.MinimumBase: bases.describe_min_base,
    results.Check: verdicts.describe_check,
    results.MaxContext: verdicts.describe_max_context,
    results.MinimumFactor: factors.describe_factors,
    results.Expectation: evidence.describe_expectations,
    results.Criteria: criteria.describe_criteria,
}


def html(result: object) -> str | None:
    """What a terminal shows of a result, below its picture where there is one.

    None for what is no result.
    """
    text = _text(result, Screen(StringIO(), False, False, WIDTH, LINES, UNICODE))
    if text is None:
        return None
    lines = text.splitlines()
    left = len(lines) - MOST_LINES
    more = [f"and {left:,} more lines"] if left > 0 else []
    shown = "\n".join([*lines[:MOST_LINES], *more])
    return f"<div>{_picture(result)}<pre>{escape(shown)}</pre></div>"


def _text(result: object, on: Screen) -> str | None:
    kind = type(result)
    if kind in OF_ONE:
        return OF_ONE[kind](result, on)
    return OF_SEVERAL[kind]([result], on) if kind in OF_SEVERAL else None


def svg(result: object) -> str | None:
    """The picture of a result as SVG; None where it has none, or matplotlib is missing."""
    from ropecalc.render.figures import has_matplotlib, svg_text

    drawing = _drawing(result) if has_matplotlib() else None
    return None if drawing is None else svg_text(drawing)


def _drawing(result: object) -> Drawing | None:
    from ropecalc.render.figures_bases import bases_figure, turns_figure, windows_figure
    from ropecalc.render.figures_curves import Panel, curve_figure, curves_figure

    match result:
        case results.Envelope():
            log_x = bool(result.edges[0] > 0)
            return curves_figure([Panel([result], [None], log_x=log_x)])
        case results.Curve() if result.distances.size:
            return curve_figure(result)
        case results.Staircase():
            return bases_figure([result])
        case results.PairFrequencies() if result.context is not None:
            return turns_figure(result)
        case results.Windows() if result.windows:
            return windows_figure(result)
    return None


def _picture(result: object) -> str:
    """The picture of a result as an image that the page itself holds."""
    text = svg(result)
    if text is None:
        return ""
    data = base64.b64encode(text.encode()).decode()
    return f'<br><img alt="" style="max-width: 100%" src="data:image/svg+xml;base64,{data}">'
