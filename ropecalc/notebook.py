"""How results show themselves in a notebook.

A notebook asks a value for ``_repr_html_`` and ``_repr_svg_``. Results know nothing of what
renders them: the package hands that over in ``RENDERERS``, and loads it when a notebook asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields
from reprlib import Repr
from typing import Any

RENDERERS: dict[str, Callable[[object], str | None]] = {}


class Brief:
    """A result whose repr is one short screen: long parts are cut."""

    __slots__ = ()

    def __repr__(self) -> str:
        parts = [f"{one.name}={_BRIEF.repr(getattr(self, one.name))}" for one in _fields(self)]
        return f"{type(self).__name__}({', '.join(parts)})"


def _fields(result: Any) -> tuple[Field[Any], ...]:
    return tuple(one for one in fields(result) if one.repr)


_BRIEF = Repr()
_BRIEF.maxother = _BRIEF.maxstring = _BRIEF.maxlong = 60
_BRIEF.maxtuple = _BRIEF.maxlist = _BRIEF.maxdict = 2


class Shown(Brief):
    """A result that a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str | None:
        return RENDERERS["html"](self)


class Drawn(Brief):
    """A result that a notebook shows as a picture, where matplotlib is there."""

    __slots__ = ()

    def _repr_svg_(self) -> str | None:
        return RENDERERS["svg"](self)
