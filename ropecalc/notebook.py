"""How results show themselves in a notebook: the one door from them to what renders.

A notebook asks a value for ``_repr_html_`` and ``_repr_svg_``; nothing is loaded before it does.
"""

from __future__ import annotations


class Shown:
    """A result that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        from ropecalc.render.notebook import html

        return html(self)


class Drawn:
    """A result that a notebook shows as a picture, where matplotlib is there."""

    __slots__ = ()

    def _repr_svg_(self) -> str | None:
        from ropecalc.render.notebook import svg

        return svg(self)
