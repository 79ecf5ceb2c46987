"""Files of the package: ``ropecalc/data``."""

from __future__ import annotations

import pkgutil


def shipped_text(name: str) -> str:
    """The text of a file in ``ropecalc/data``.

    The way of PEP 302, which works in an archive too and loads faster than importlib.resources.
    """
    return (pkgutil.get_data("ropecalc", f"data/{name}") or b"").decode("utf-8")


def shipped_rows(name: str) -> list[dict[str, str]]:
    """The rows of a file of tab-separated values, by its first line.

    >>> shipped_rows("lint.tsv")[0]["code"]
    'text-number'
    """
    header, *lines = (line.split("\t") for line in shipped_text(name).splitlines())
    return [dict(zip(header, line, strict=True)) for line in lines]
