"""The table and the survivors of a mutation run, in Markdown; the reasons are in tests/data."""

from __future__ import annotations

import ast
import difflib
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

from tests.tools.mutation import codes_of, fate
from tests.tools.places import DATA

REASONS = DATA / "survivors.toml"
FATES = ("types", "tests", "time", "survived", "no test", "not run")
LOST = ("survived", "no test")


def page(folder: Path) -> str:
    """How many mutants of each file were caught and by what, and the changed line of the others."""
    codes = codes_of(folder)
    rows = [(path, Counter(map(fate, found.values()))) for path, found in codes.items() if found]
    rows.append(("all", sum((counted for _, counted in rows), Counter())))
    head = "| file | mutants | " + " | ".join(FATES) + " | caught |"
    lines = [head, "| --- |" + " ---: |" * (len(FATES) + 2)]
    lines += [_row(path, counted) for path, counted in rows]
    lost = [
        (path, name)
        for path, found in codes.items()
        for name, code in found.items()
        if fate(code) in LOST
    ]
    return "\n".join([*lines, "", *(_survivor(folder, path, name) for path, name in lost)])


def _row(path: str, counted: Counter[str]) -> str:
    run = counted.total() - counted["not run"]
    caught = run - sum(counted[one] for one in LOST)
    numbers = [counted.total(), *(counted[one] for one in FATES)]
    share = f"{caught / run:.1%}" if run else ""
    return f"| `{path}` | " + " | ".join(map(str, numbers)) + f" | {share} |"


def _survivor(folder: Path, path: str, name: str) -> str:
    mutant = name.rpartition(".")[2]
    original = mutant.rpartition("__mutmut_")[0] + "__mutmut_orig"
    function = original.removesuffix("__mutmut_orig").removeprefix("x_")
    code = functions(folder / "mutants" / path)
    old, new = (code[one].replace(one, function).splitlines() for one in (original, mutant))
    changed = [line for line in difflib.ndiff(old, new) if line.startswith(("- ", "+ "))]
    lines = [" ".join(line[2:].split()) for line in changed]
    reason = reasons().get((path, lines[-1]), "a gap")
    return f"- `{path}` {function}: `{'` → `'.join(lines)}`: {reason}"


@cache
def functions(path: Path) -> dict[str, str]:
    """The source of every function of a file, by name."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    lines = source.splitlines(keepends=True)
    return {
        node.name: "".join(lines[node.lineno - 1 : node.end_lineno])
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


@cache
def reasons() -> dict[tuple[str, str], str]:
    """Why a changed line survives, by file and line."""
    with REASONS.open("rb") as file:
        tables = tomllib.load(file)
    return {
        (path, line): reason
        for path, lines_of in tables.items()
        for reason, lines in lines_of.items()
        for line in lines
    }
