"""Figures for papers: the same pictures as on a terminal, as SVG, PNG or PDF through matplotlib.

matplotlib is an extra, and only this module and its neighbours ``figures_*`` import it, inside
functions. A figure is made without pyplot, so that no window system is asked for, and with a style
of its own, whatever the user's matplotlibrc says: the same result gives the same bytes.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from ropecalc.errors import InvalidValueError
from ropecalc.files import printable, unwritable, write_output
from ropecalc.render.glyphs import printable as one_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
WIDTH = 5.5  # inches: the text of a page
DPI = 300  # of a PNG
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's
LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (5, 1, 1, 1)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
MARKERS = ("v", "s", "D", "^", "o", "P")
GREY = "#666666"
STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.which": "major",
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "figure.constrained_layout.h_pad": 0.02,
    "figure.constrained_layout.w_pad": 0.03,
    "figure.dpi": DPI,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same everywhere
    "font.size": 8,
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.4,
    "legend.borderaxespad": 0.2,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "legend.handlelength": 3.4,
    "legend.labelspacing": 0.35,
    "lines.linewidth": 1.0,
    "mathtext.fontset": "dejavusans",
    "path.simplify_threshold": 0.05,
    "pdf.fonttype": 42,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",  # letters as outlines: no font has to be there
    "svg.hashsalt": "ropecalc",  # ids that stay the same
    "xtick.direction": "out",
    "xtick.labelsize": 8,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 8,
    "ytick.major.width": 0.6,
}


class Drawing(NamedTuple):
    """A figure to be: its height in inches, and what draws it."""

    height: float
    draw: Callable[[Figure], None]


def line_of(curve: int) -> dict[str, Any]:
    """Colour and line style of a curve; the seventh has the first colour in another style."""
    return {"color": COLOURS[curve % len(COLOURS)], "linestyle": LINES[_shifted(curve)]}


def marker_of(curve: int) -> str:
    """The marker of a curve, which goes with its line style."""
    return MARKERS[_shifted(curve)]


def _shifted(curve: int) -> int:
    return (curve + curve // len(COLOURS)) % len(LINES)


def words(text: str) -> str:
    r"""``text`` from outside as matplotlib shows it: no formula, whatever dollar signs it has.

    >>> words("a$b")
    'a\\$b'
    """
    return one_line(text).replace("$", "\\$")


def figure_format(path: str) -> str:
    """The format that a path's ending names.

    Raises InvalidValueError for any other.

    >>> figure_format("figures/curve.PDF")
    'pdf'
    """
    ending = os.path.splitext(path)[1].removeprefix(".").lower()  # noqa: PTH122
    if ending not in FORMATS:
        raise InvalidValueError(
            "output", f"output must end in .svg, .png or .pdf, got {printable(path)}"
        )
    return ending


def has_matplotlib() -> bool:
    """Whether matplotlib is there, without importing it."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def writable_figure(path: str) -> str:
    """The path, after all that can be examined before the work that a figure takes.

    Raises InvalidValueError where its ending is none of the three, its folder is not there, or
    matplotlib is missing.
    """
    figure_format(path)
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        raise unwritable(path, f"there is no folder {printable(folder)}")
    if not has_matplotlib():
        raise InvalidValueError(
            "output",
            "figures need matplotlib, which is not installed: pip install 'ropecalc[plot]'",
        )
    return path


def write_figure(path: str, drawing: Drawing) -> None:
    """Draw a figure into a file: it is replaced whole, or left as it was.

    Raises InvalidValueError where it cannot be written.
    """
    write_output(path, figure_bytes(drawing, figure_format(path)))


def figure_bytes(drawing: Drawing, form: str) -> bytes:
    """A figure in one of ``FORMATS``; the same bytes for the same figure, no date in any."""
    import matplotlib as mpl
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    out = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
        figure = Figure(figsize=(WIDTH, drawing.height), layout="constrained")
        FigureCanvasAgg(figure)
        drawing.draw(figure)
        figure.savefig(out, format=form, metadata=_metadata(form))
    return out.getvalue()


def svg_text(drawing: Drawing) -> str | None:
    """A figure as the text of an SVG; None where matplotlib is missing."""
    return figure_bytes(drawing, "svg").decode("utf-8") if has_matplotlib() else None


def _metadata(form: str) -> dict[str, str | None]:
    from ropecalc import __version__

    program = f"ropecalc {__version__}"
    if form == "png":
        return {"Software": program}
    dates = {"svg": ("Date",), "pdf": ("CreationDate", "ModDate")}[form]
    return {"Creator": program, **dict.fromkeys(dates)}
