"""Tables: headings that wrap, rules, decimals one above another, and what goes first."""

from __future__ import annotations

import re
from io import StringIO

import pytest

from ropecalc.render.console import Screen, screen
from ropecalc.render.tables import Column, shown, table

COLUMNS = (
    Column("method", ["original", "yarn", "linear"], left=True),
    Column("first violation [tokens]", ["18,438", "✓ holds", ""]),
    Column("factor with room", ["", "14", "7.25"]),
    Column("contrast", ["1.000", "1", "0.004"], spare=1),
)
WIDE = """\
  method    first violation [tokens]  factor with room  contrast
  ──────────────────────────────────────────────────────────────
  original                    18,438                       1.000
  ──────────────────────────────────────────────────────────────
  yarn                       ✓ holds             14        1
  linear                                          7.25     0.004"""
CHINESE = """\
  setting   [tokens]
  ──────────────────
  a           27,115
  配置文件     1,024"""
NARROW = """\
                first  factor
            violation    with
  method     [tokens]    room  contrast
  ─────────────────────────────────────
  original     18,438             1.000
  ─────────────────────────────────────
  yarn        ✓ holds   14        1
  linear                 7.25     0.004"""


class Wide(StringIO):
    """A stream of a terminal's encoding."""

    encoding = "utf-8"


def of(width: int, **environ: str) -> Screen:
    return screen(Wide(), {"COLUMNS": str(width), **environ})


@pytest.mark.parametrize(("width", "text"), [(80, WIDE), (64, WIDE), (63, NARROW), (40, NARROW)])
def test_headings_wrap_where_room_is_short(width: int, text: str) -> None:
    assert table(COLUMNS, of(width), [1]) == text


def test_no_rule_is_drawn_above_the_first_row_or_below_the_last() -> None:
    assert table(COLUMNS, of(80), [0, 3]).count("\n  ──") == 1


def test_colour_changes_no_sign() -> None:
    painted = table(COLUMNS, of(80, FORCE_COLOR="1"), [1])
    assert painted != WIDE
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == WIDE


def test_wide_letters_take_two_columns() -> None:
    setting = Column("setting", ["a", "配置文件"], left=True)
    assert table([setting, Column("[tokens]", ["27,115", "1,024"])], of(80)) == CHINESE


def test_a_column_that_went_for_nothing_comes_back() -> None:
    wide = Column("words", ["a cell as wide as half of the table"], spare=1)
    columns = [Column("name", ["some-name"]), Column("short", ["1"], spare=2), wide]
    assert shown(columns, of(56)) == ["name", "short", "words"]
    assert shown(columns, of(50)) == ["name", "words"]
    assert shown(columns, of(40)) == ["name", "short"]


def test_what_can_be_spared_goes_first() -> None:
    more = [*COLUMNS, Column("a heading-of-one-word", ["1", "2", "3"], spare=2)]
    text = table(more, of(40), [1])
    assert text.startswith(NARROW)
    assert text.endswith(
        "Shown in a wider terminal, by --csv and\nby --json: a heading-of-one-word."
    )
