"""The quick suite is quick by what it leaves out, and touches everything all the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from ropecalc.cli.commands import COMMANDS
from ropecalc.stacks.registry import ROOMS
from tests.project.test_house import FILES, imports
from tests.tools import screens
from tests.tools.places import PACKAGE, ROOT, TESTS

LATER = re.compile(r"pytest\.mark\.(slow|heavy|benchmark)\b")
ALL_LATER = {"test_lint_transformers.py"}  # needs transformers
KINDS = {  # of input, and what a test with it says
    "a known name": r"Qwen3-8B",
    "config.json": r"config\.json",
    "params.json": r"params\.json",
    "GGUF": r"\.gguf",
    "a checkpoint": r"\.safetensors",
    "the hub": r"HF_ENDPOINT",
    "a folder": r"\.mkdir\(",
    "standard input": r"stdin=",
    "weights": r"--weights",
    "a proof": r"proof\.json",
    "a staircase": r"\.staircase",
}


def quick_tests(source: str) -> list[str]:
    """The tests of a file without those that are marked; a mark of a case leaves the others."""
    body = ast.parse(source).body
    if any(re.match("pytestmark = .*" + LATER.pattern, ast.unparse(one)) for one in body):
        return []
    return [
        one.name
        for one in body
        if isinstance(one, ast.FunctionDef)
        and one.name.startswith("test_")
        and not any(LATER.match(ast.unparse(decorator)) for decorator in one.decorator_list)
    ]


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    """All files of tests."""
    return {file: file.read_text(encoding="utf-8") for file in sorted(TESTS.rglob("test_*.py"))}


@pytest.fixture(scope="module")
def quick(texts: dict[Path, str]) -> dict[Path, list[str]]:
    """The names of the quick tests of each file that has any."""
    return {file: tests for file, text in texts.items() if (tests := quick_tests(text))}


def dotted(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def reached(names: Iterable[str], loads: dict[str, set[str]]) -> set[str]:
    """Modules that are named, or loaded by one that is."""
    due, found = list(names), set[str]()
    while due:
        name = due.pop()
        name = name if name in loads else name.rpartition(".")[0]
        if name in loads and name not in found:
            found.add(name)
            due += [*loads[name], name.rpartition(".")[0]]
    return found


@pytest.mark.slow
def test_no_file_of_tests_is_left_out_as_a_whole(
    texts: dict[Path, str], quick: dict[Path, list[str]]
) -> None:
    assert {file.name for file in texts.keys() - quick.keys()} == ALL_LATER


@pytest.mark.slow
def test_every_folder_of_the_package_has_quick_tests(quick: dict[Path, list[str]]) -> None:
    rooms = {file.parent.name for file in PACKAGE.glob("*/__init__.py")} - {"results"}
    assert rooms <= {file.relative_to(TESTS).parts[0] for file in quick}


@pytest.mark.slow
def test_every_module_is_loaded_by_what_quick_tests_name(
    texts: dict[Path, str], quick: dict[Path, list[str]]
) -> None:
    loads = {dotted(file): set(imports(file.read_text("utf-8"))) for file in FILES}
    named = [name for file in quick for name in imports(texts[file])]
    named += [f"ropecalc.cli.{name.replace('-', '_')}" for name in COMMANDS]
    rooms = tuple(f"ropecalc.stacks.{room}" for room in ROOMS.values())  # test_emit runs each
    named += [name for name in loads if name.startswith(rooms)]
    begun = {"ropecalc.__main__", "ropecalc.cli.entry"}  # with which every run begins
    assert loads.keys() - reached(named, loads) <= begun


@pytest.mark.slow
def test_every_command_is_run(quick: dict[Path, list[str]]) -> None:
    names = {name for tests in quick.values() for name in tests}
    assert "test_screens_are_as_they_were" in names
    assert {line.split()[0] for line in screens.MAIN.values()} == set(COMMANDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_input_is_given(
    kind: str, texts: dict[Path, str], quick: dict[Path, list[str]]
) -> None:
    assert any(re.search(KINDS[kind], texts[file]) for file in quick)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def test_a(): pass\n@pytest.mark.slow\ndef test_b(): pass", ["test_a"]),
        ("pytestmark = pytest.mark.heavy\ndef test_a(): pass", []),
        ("@some(pytest.param(1, marks=pytest.mark.slow))\ndef test_a(): pass", ["test_a"]),
    ],
)
def test_marks_are_read(source: str, expected: list[str]) -> None:
    assert quick_tests(source) == expected


def test_what_nothing_names_is_not_reached() -> None:
    loads = {"a": {"b.name"}, "b": set(), "c": {"a"}}
    assert reached(["a.value"], loads) == {"a", "b"}
