"""Mutation testing: would any test notice if a line of the numerics were wrong?

    python -m tests.tools.mutation           every mutant: two to three hours on two cores
    python -m tests.tools.mutation --some    some mutants of one file: half a minute
    python -m tests.tools.mutation --page    table and survivors of the last run, in Markdown

mutmut (extra ``quality``) makes the mutants in a copy of the checkout under build/ and runs them.
What mypy refuses there is caught without a test. For each other mutant, tests that reach the
changed function run until one fails: some of every file and the quick ones first, since all that
reach it would take minutes for each that survives.
"""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.tools.places import ROOT, files_of

WORK = ROOT / "build" / "mutation"
MUTATED = ("spectrum.py", "similarity.py", "bound.py", "scaling/*", "base/*", "certificate/*")
TESTS = """
answers asymptotic bound boxes certificate certificate_files certificate_octave certificate_steps
certificate_words cluster config_huggingface ends error_bound fixed inspect integers journal
laws_base laws_bound laws_similarity laws_windows limits long_contexts min_base order plan
precision published quick reading room roots safe_base scaling scaling_domains scaling_laws
scaling_plain scaling_published scaling_refusals shallow sieve similarity spectrum staircase
sweep sweep_steps table_lookup taylor temperature weights wide wide_units window windows
workers zeros
""".split()
FIRST = {  # of a changed function the tests in these files come first
    "spectrum": "spectrum weights wide_units",
    "similarity": "similarity error_bound laws_similarity",
    "bound": "bound error_bound laws_bound",
    "asymptotic": "asymptotic",
    "boxes": "boxes sieve",
    "build": "staircase journal",
    "cluster": "cluster",
    "family": "taylor roots shallow",
    "curve": "zeros",
    "domains": "spectrum scaling_domains",
    "lookup": "table_lookup",
    "minimum": "min_base safe_base wide roots",
    "openings": "ends limits sweep",
    "order": "order",
    "plain": "spectrum scaling_plain",
    "precise": "zeros ends limits",
    "room": "room wide shallow",
    "roots": "roots sweep",
    "rounding": "roots min_base wide",
    "safe": "safe_base roots",
    "sieve": "sieve",
    "solve": "roots min_base table_lookup",
    "staircase": "staircase",
    "sweep": "sweep_steps",
    "wide": "wide wide_units",
    "window": "window windows roots room shallow limits",
    "windows": "windows window roots limits",
    "arithmetic": "certificate certificate_words",
    "balls": "certificate_steps certificate",
    "beyond": "certificate_octave certificate_steps",
    "chain": "certificate_steps certificate",
    "everywhere": "certificate_steps certificate",
    "files": "certificate_files certificate_words",
    "format": "certificate_files certificate_words",
    "head": "certificate_steps certificate",
    "intervals": "certificate_steps certificate",
    "octave": "certificate_octave",
    "schema": "certificate_words certificate_files",
    "turns": "certificate_octave",
    "verify": "certificate_words certificate_steps certificate_files",
    "write": "certificate certificate_words",
    "zeros": "zeros ends limits",
}
SENTENCE = r'"[^"]* [^"]* [^"]*"'  # its words are held by golden texts
LONGEST, ALL, MOST = 1.5, 6.0, 80  # seconds of a test; seconds and number of the other tests
SOME_OF, SOME_TESTS = "ropecalc/scaling/ntk.py", ("scaling", "scaling_laws", "scaling_refusals")
EVERY = 3  # of the mutants of that file
LEAST, LEAST_OF_ALL = 0.9, 0.95  # has to be caught: of such a sample, of all mutants
MYPY = [
    *(sys.executable, "-m", "mypy", "--config-file="),
    *("--strict", "--implicit-reexport", "--no-warn-unused-ignores", "--ignore-missing-imports"),
    *("--disable-error-code=no-redef", "--disable-error-code=has-type"),
    *("--disable-error-code=var-annotated", "--output", "json", "ropecalc"),
]
Codes = dict[str, int | None]
FATE_OF: dict[int | None, str] = {  # by the codes of mutmut 3.8: its own, pytest's, or -signal
    None: "not run",
    0: "survived",
    1: "tests",
    3: "tests",  # pytest broke down
    5: "no test",  # pytest found none
    33: "no test",  # none reaches the function
    36: "time",
    37: "types",
    -24: "time",  # SIGXCPU: at the limit of the clock, or of the processor
    24: "time",
    152: "time",
    -9: "time",  # SIGKILL, a second later
}


def settings(only: Iterable[str], tests: Iterable[str], *, types: bool) -> dict[str, Any]:
    """The table [tool.mutmut] of the copy."""
    return {
        "source_paths": ["ropecalc"],
        "only_mutate": list(only),
        "do_not_mutate_patterns": [SENTENCE],
        "type_check_command": MYPY if types else [],
        "also_copy": ["README.md", "CHANGELOG.md", "examples"],
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "--timeout=60"],
        "pytest_add_cli_args_test_selection": files_of(list(tests)),
        "timeout_multiplier": 2.0,
        "timeout_constant": 4.0,
    }


def copied(table: Mapping[str, Any], folder: Path) -> Path:
    """A fresh copy of what the tests need, with these settings."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("ropecalc", "tests", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, folder / name)
    for name in table["only_mutate"]:  # mutmut leaves what is decorated as it is
        path = folder / name
        path.write_text(path.read_text().replace("\n@isolated\n", "\n"))
    configure(table, folder)
    return folder


def configure(table: Mapping[str, Any], folder: Path) -> None:
    """Give the copy these settings."""
    project = (ROOT / "pyproject.toml").read_text()
    lines = [f"{key} = {json.dumps(value)}" for key, value in table.items()]
    (folder / "pyproject.toml").write_text("\n".join([project, "[tool.mutmut]", *lines, ""]))


def mutmut(folder: Path, *names: str) -> None:
    """Run these mutants, all unless told; what it prints is its own."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", *names]
    subprocess.run(command, cwd=folder, check=True)


def codes_of(folder: Path) -> dict[str, Codes]:
    """How the tests of every mutant ended, by file; None for a mutant that was not run."""
    metas = sorted((folder / "mutants" / "ropecalc").rglob("*.meta"))
    codes: dict[str, Codes] = {
        str(path.relative_to(folder / "mutants").with_suffix("")): json.loads(path.read_text())[
            "exit_code_by_key"
        ]
        for path in metas
    }
    if not any(codes.values()):
        raise RuntimeError(f"no mutants in {folder}")
    return codes


def fate(code: int | None) -> str:
    """What became of a mutant, by mutmut's exit codes.

    Raises ValueError for one that says nothing of the tests: interrupted (2), a wrong command (4),
    skipped (34), suspicious (35), a test run that could not be made (255), a crash (-11).
    """
    if code not in FATE_OF:
        raise ValueError(f"exit code {code} of a mutant: neither caught nor survived")
    return FATE_OF[code]


def verdict(what: str, codes: Codes, least: float) -> int:
    """1 where fewer than this share of some mutants are caught.

    Raises RuntimeError unless there are mutants and all of them were run.
    """
    fates = [fate(code) for code in codes.values()]
    run = [one for one in fates if one != "not run"]
    if not fates or run != fates:
        raise RuntimeError(f"{what}: {len(run)} of {len(fates)} mutants were run")
    lost = sum(one in ("survived", "no test") for one in fates)
    print(f"mutation: {len(fates)} mutants of {what}, {len(fates) - lost} caught")
    return int(len(fates) - lost < least * len(fates))


def chosen(stats: dict[str, Any]) -> dict[str, Any]:
    """The same statistics with few and quick tests for each function: its own, then some of all."""
    seconds = stats["duration_by_test"]
    reached = stats["tests_by_mangled_function_name"]
    for function, tests in reached.items():
        quick = sorted((t for t in tests if seconds[t] <= LONGEST), key=seconds.__getitem__)
        own = within(ALL, (test for test in quick if _is_first(test, function)), seconds)
        kept = in_turn(_cases_in_turn(quick))[:MOST]
        reached[function] = list(dict.fromkeys([*own, *within(ALL, kept, seconds)]))
    return stats


def within(limit: float, tests: Iterable[str], seconds: Mapping[str, float]) -> list[str]:
    """The first of these tests, as many as take no longer together.

    >>> within(3, ["a", "b", "c"], {"a": 1, "b": 2, "c": 0})
    ['a', 'b', 'c']
    """
    kept = list(tests)
    total = itertools.accumulate(seconds[test] for test in kept)
    return [test for test, so_far in zip(kept, total, strict=True) if so_far <= limit]


def _is_first(test: str, function: str) -> bool:
    """Whether this test's file is one of those made for the module of a function.

    >>> _is_first("tests/base/test_roots.py::test_a", "ropecalc.base.roots.x_rounded_up")
    True
    """
    module = function.split(".")[-2]
    return test.partition("::")[0] in files_of(FIRST.get(module, "").split())


def _cases_in_turn(names: Iterable[str]) -> list[list[str]]:
    """The tests of each file: a case of every test before a second case of any."""
    files: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in names:
        files[name.split("::")[0]][name.split("[")[0]].append(name)
    return [in_turn(tests.values()) for tests in files.values()]


def in_turn(many: Iterable[Iterable[str]]) -> list[str]:
    """The first of each, the second of each, and so on.

    >>> in_turn(["abc", "x", "12"])
    ['a', 'x', '1', 'b', '2', 'c']
    """
    rows = itertools.zip_longest(*many)
    return [name for row in rows for name in row if name is not None]


def run_all() -> int:
    """Every mutant, with chosen tests; 1 where too many survive."""
    only = [f"ropecalc/{name}" for name in MUTATED]
    folder = copied(settings(only, TESTS, types=False), WORK)  # mypy takes minutes: once is enough
    mutmut(folder, "ropecalc.bound.x_checked_margin__mutmut_1")  # makes all, and their statistics
    path = folder / "mutants" / "mutmut-stats.json"
    path.write_text(json.dumps(chosen(json.loads(path.read_text()))))
    configure(settings(only, TESTS, types=True), folder)
    mutmut(folder)
    every = {name: code for found in codes_of(folder).values() for name, code in found.items()}
    return verdict("all files", every, LEAST_OF_ALL)


def run_some() -> int:
    """Some mutants of one file, with tests of its own; 1 where too many survive."""
    with tempfile.TemporaryDirectory() as temporary:
        table = settings([SOME_OF], SOME_TESTS, types=False)
        # Nothing there goes on for ever: a limit would count what a busy machine delays as caught.
        folder = copied(table | {"timeout_constant": 300.0}, Path(temporary) / "copy")
        mutmut(folder, "ropecalc.scaling.ntk.x_ntk_aware_base__mutmut_1")
        names = list(codes_of(folder)[SOME_OF])[::EVERY]
        mutmut(folder, *names)
        codes = codes_of(folder)[SOME_OF]
    return verdict(SOME_OF, {name: codes[name] for name in names}, LEAST)


def main(args: list[str]) -> int:
    """What was asked for; the exit code."""
    if args == ["--page"]:
        from tests.tools.mutation_page import page

        print(page(WORK))
        return 0
    if args == ["--some"]:
        return run_some()
    return run_all()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
