"""Rows as a Markdown table."""

from __future__ import annotations

import io
from typing import TextIO


class MarkdownTable(io.TextIOBase):
    r"""A file that takes tab-separated lines, the first a header, and writes them as a table.

    Line by line, so that rows are streamed. A vertical bar in a field is escaped.

    >>> import sys
    >>> written = MarkdownTable(sys.stdout).write("base\tlabel\n1000000.0\ta|b\n")
    | base | label |
    | --- | --- |
    | 1000000.0 | a\|b |
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file
        self._begun = False
        self._line = ""

    def write(self, text: str) -> int:
        """Take a part of the lines; a line is written once it is whole."""
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            self._write_line(line.split("\t"))
        return len(text)

    def _write_line(self, fields: list[str]) -> None:
        cells = [field.replace("|", "\\|") for field in fields]
        self._file.write(f"| {' | '.join(cells)} |\n")
        if not self._begun:
            self._file.write(f"| {' | '.join(['---'] * len(cells))} |\n")
            self._begun = True
