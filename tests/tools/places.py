"""Where things are: the checkout, its tests, and the data of the tests."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
DATA = TESTS / "data"
PACKAGE = ROOT / "ropecalc"


def files_of(names: list[str]) -> list[str]:
    """The files of tests by their short names, as paths from the checkout.

    >>> files_of(["roots"])
    ['tests/base/test_roots.py']
    """
    found = {file.stem: file for file in TESTS.rglob("test_*.py")}
    return [found[f"test_{name}"].relative_to(ROOT).as_posix() for name in names]
