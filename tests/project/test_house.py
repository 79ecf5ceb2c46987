"""The house: who may import whom, and that the check of it can fail.

Arrows run one way: cli -> render -> results, cli -> numerics -> spectrum -> errors. There is one
door back: by ``notebook`` a result asks render for its table or picture, when a notebook asks it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ropecalc.cli.app import COMMANDS
from tests.tools.places import PACKAGE

FILES = sorted(PACKAGE.rglob("*.py"))
OPEN_TO_ALL = {"errors", "results", "quantities"}


def imports(source: str, *, at_top: bool = False) -> Iterator[str]:
    """Full names of the modules that a file imports: all, or those that loading it loads."""
    tree = ast.parse(source)
    for node in _loaded_nodes(tree.body) if at_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide their arrow"
            yield from ([f"{node.module}.{alias.name}" for alias in node.names])


def _loaded_nodes(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Statements that run on import: no functions, nothing under TYPE_CHECKING."""
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _loaded_nodes(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def crossings(room: str, source: str) -> list[str]:
    """What is wrong with the imports of a file that lies in a room of the package."""
    wrong = []
    for module in imports(source):
        outer, _, rest = module.partition(".")
        inner = rest.partition(".")[0] if outer == "ropecalc" else ""
        if outer == "rich" and room != "render":
            wrong.append(f"{module}: rich belongs to render")
        if outer == "matplotlib" and room != "render":
            wrong.append(f"{module}: matplotlib belongs to render's figures")
        if outer == "typer" and room != "cli":
            wrong.append(f"{module}: typer belongs to cli")
        if outer == "click" or module.startswith("typer._"):
            wrong.append(f"{module}: no public name")
        if inner == "cli" and room not in ("cli", "__main__"):
            wrong.append(f"{module}: nothing below knows the commands")
        if inner == "render" and room not in ("render", "cli", "notebook"):
            wrong.append(f"{module}: numerics do not render")
        if room in OPEN_TO_ALL and inner not in ("", *OPEN_TO_ALL) and room != "results":
            wrong.append(f"{module}: {room} stands at the bottom")
    return wrong


def room_of(file: Path) -> str:
    parts = file.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else file.stem


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_arrows_run_one_way(file: Path) -> None:
    assert crossings(room_of(file), file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("similarity", "import rich"),
        ("cli", "import matplotlib"),
        ("similarity", "def f():\n    from rich.console import Console"),
        ("render", "import typer"),
        ("cli", "from rich import print"),
        ("cli", "import click"),
        ("cli", "from typer._click import Group"),
        ("bound", "from ropecalc.render import machine"),
        ("base", "from ropecalc import cli"),
        ("render", "from ropecalc.cli.app import app"),
        ("errors", "from ropecalc import scaling"),
    ],
)
def test_the_check_of_the_arrows_can_fail(room: str, source: str) -> None:
    assert crossings(room, source)


def test_every_room_is_looked_at() -> None:
    assert {"cli", "render", "base", "stacks", "similarity", "spectrum"} <= set(map(room_of, FILES))


@pytest.mark.parametrize(
    "file",
    [file for file in FILES if room_of(file) in ("cli", "render", *OPEN_TO_ALL)],
    ids=lambda file: str(file.relative_to(PACKAGE)),
)
def test_what_help_loads_imports_nothing_slow_at_its_top(file: Path) -> None:
    tops = {name.partition(".")[0] for name in imports(file.read_text("utf-8"), at_top=True)}
    assert tops.isdisjoint({"numpy", "mpmath", "rich", "matplotlib"})


def test_the_check_of_the_tops_can_fail() -> None:
    assert list(imports("import numpy as np", at_top=True)) == ["numpy"]
    late = "if TYPE_CHECKING:\n    import numpy\ndef f():\n    import mpmath"
    assert list(imports(late, at_top=True)) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_module_a_summary_and_a_docstring(name: str) -> None:
    module = COMMANDS[name]
    assert module.__name__ == f"ropecalc.cli.{name.replace('-', '_')}"
    assert module.command.__doc__
    assert module.SUMMARY.endswith((".", "?"))
