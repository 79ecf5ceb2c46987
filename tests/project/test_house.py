"""The house: who may import whom, and that the check of it can fail.

Arrows run one way and in no circle: cli -> render -> results, cli -> questions about a model ->
stacks -> models -> scaling -> spectrum, and base -> bound -> similarity -> spectrum. Imports inside
functions count, and a name that a package loads late is an arrow to the module that has it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ropecalc.cli.commands import COMMANDS
from ropecalc.late import IMPORT
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
        if inner == "render" and room not in ("render", "cli", "__init__"):
            wrong.append(f"{module}: numerics do not render")
        if room in OPEN_TO_ALL and inner not in ("", *OPEN_TO_ALL) and room != "results":
            wrong.append(f"{module}: {room} is at the bottom")
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


# --- circles ------------------------------------------------------------------------------------

Graph = dict[str, set[str]]


def sources() -> dict[str, str]:
    """The text of every module of the package, by its full name."""
    return {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): file.read_text(encoding="utf-8")
        for file in FILES
    }


def late_names(source: str) -> dict[str, str]:
    """name -> module of what a package loads when it is first used."""
    if "def __getattr__" not in source:
        return {}
    return {name: module for module, name in IMPORT.findall(source)}


def arrows(texts: dict[str, str]) -> Graph:
    """Which modules each imports, at any time; types alone do not count, nor packages around it."""
    late = {module: late_names(text) for module, text in texts.items()}
    graph: Graph = {module: set() for module in texts}
    for module, text in texts.items():
        tree = ast.parse(text)
        types = _under_type_checking(tree)
        for node in ast.walk(tree):
            if id(node) not in types:
                graph[module] |= {x for x in _targets(node, late) if x in texts}
        graph[module] -= {x for x in texts if f"{module}.".startswith(f"{x}.")}
    return graph


def _under_type_checking(tree: ast.Module) -> set[int]:
    blocks = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    return {id(node) for block in blocks for part in block.body for node in ast.walk(part)}


def _targets(node: ast.AST, late: dict[str, dict[str, str]]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        for alias in node.names:
            home = late.get(node.module, {}).get(alias.name)
            yield home or f"{node.module}.{alias.name}"
            if home is None:
                yield node.module


def circles(graph: Graph) -> list[list[str]]:
    """The groups of modules that reach each other."""
    reached = {module: _reach(graph, module) for module in graph}
    groups = {
        frozenset(x for x in reached[module] if module in reached[x])
        for module in graph
        if module in reached[module]
    }
    return sorted(map(sorted, groups))


def _reach(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    rest = [start]
    while rest:
        new = graph[rest.pop()] - seen
        seen |= new
        rest += new
    return seen


@pytest.mark.slow
def test_no_module_reaches_itself() -> None:
    assert circles(arrows(sources())) == []


@pytest.mark.slow
def test_below_the_commands_nobody_asks_the_package_itself() -> None:
    """Its public names reach everything: asked from below, they would hide a circle."""
    asking = {
        module
        for module, text in sources().items()
        if not module.startswith(("ropecalc.cli", "ropecalc.__main__"))
        and "ropecalc" in {name for name in imports(text) if "." not in name}
    }
    assert asking == set()


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ({"p.a": "from p.b import f", "p.b": "def f():\n    from p import a"}, [["p.a", "p.b"]]),
        ({"p.a": "import p.b", "p.b": "import p.c", "p.c": "import p.a"}, [["p.a", "p.b", "p.c"]]),
        ({"p.a": "if TYPE_CHECKING:\n    import p.b", "p.b": "import p.a"}, []),
        (
            {
                "ropecalc.p": "if TYPE_CHECKING:\n    from ropecalc.b import X as X\n"
                "def __getattr__(name): ...",
                "ropecalc.a": "from ropecalc.p import X",
                "ropecalc.b": "import ropecalc.a",
            },
            [["ropecalc.a", "ropecalc.b"]],
        ),
    ],
)
def test_the_check_of_the_circles_can_fail(texts: dict[str, str], found: list[list[str]]) -> None:
    assert circles(arrows(texts)) == found


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_a_module_a_summary_and_a_docstring(name: str) -> None:
    module = COMMANDS[name]
    assert module.__name__ == f"ropecalc.cli.{name.replace('-', '_')}"
    assert module.command.__doc__
    assert module.SUMMARY.endswith((".", "?"))
