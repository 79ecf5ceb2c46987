"""The options of the commands that draw, and figures in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli import options
from ropecalc.cli.output import Form, Output
from ropecalc.cli.talk import warn
from ropecalc.files import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ropecalc.cli.heads import Subject
    from ropecalc.render.figures import Drawing

Contexts = list[tuple[int, str]]  # distances to point at, with what to say about each


def _writable(path: str) -> str:
    from ropecalc.render.figures import writable_figure

    return writable_figure(path)


Height = Annotated[
    int | None,
    options.option(
        "--height",
        "Rows of plots.",
        "N",
        options.positive("height", "20"),
    ),
]
Path = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        help="Draw into a .svg, .png or .pdf too (matplotlib).",
        metavar="FILE",
        parser=options.reader(_writable),
        show_default=False,
    ),
]


def save(path: str, drawing: Drawing) -> None:
    """Draw a figure into a file, and say where it is."""
    from ropecalc.render.figures import write_figure

    write_figure(path, drawing)
    warn(f"The figure is in {printable(path)}")


def leaves_more(path: str | None, out: Output) -> bool:
    """Whether the answer is shown beside a figure of it: under -q the figure is the answer."""
    return path is None or out.form is not Form.BARE


def contexts_of(subjects: Sequence[Subject], context: int) -> Contexts:
    """The original, trained and configured contexts of models, as far as within ``context``."""
    found: dict[int, list[str]] = {}
    models = [one for one in subjects if one.model is not None]
    for one in models:
        whose = f" of {one.label}" if len(models) > 1 else ""
        lengths = {  # a later name of the same length is the one that is said
            one.rope.reach: "context",
            one.rope.original_context: "original context",
            one.trained_context: "trained context",
        }
        for length, what in lengths.items():
            if length is not None and length < context:
                found.setdefault(length, []).append(f"{what}{whose} {length:,}")
    return [(length, ", ".join(words)) for length, words in sorted(found.items())]
