"""How results show themselves in a notebook.

A notebook asks a value for ``_repr_html_`` and ``_repr_svg_``. Results know nothing of what
renders them: the package hands that over in ``RENDERERS``, and loads it when a notebook asks.
"""

from __future__ import annotations

from collections.abc import Callable

RENDERERS: dict[str, Callable[[object], str | None]] = {}


class Shown:
    """A result that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return RENDERERS["html"](self)


class Drawn:
    """A result that a notebook shows as a picture, where matplotlib is there."""

    __slots__ = ()

    def _repr_svg_(self) -> str | None:
        return RENDERERS["svg"](self)
