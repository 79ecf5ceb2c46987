"""Mutation testing cannot pass for want of mutants, nor by an end that tells nothing of tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools import mutation
from tests.tools.mutation import EVERY, LEAST, SOME_OF, Codes, codes_of, fate, run_some, verdict


def test_every_code_that_says_something_of_the_tests_has_its_fate() -> None:
    known: dict[str, list[int | None]] = {
        "not run": [None],
        "survived": [0],
        "tests": [1, 3],
        "no test": [5, 33],
        "types": [37],
        "time": [36, 24, 152, -24, -9],
    }
    for name, codes in known.items():
        assert {fate(code) for code in codes} == {name}


@pytest.mark.parametrize("code", [2, 4, 34, 35, 70, 139, 255, -1, -2, -6, -11, -15])
def test_an_end_that_says_nothing_of_the_tests_is_an_error(code: int) -> None:
    with pytest.raises(ValueError, match=f"exit code {code} of a mutant"):
        fate(code)


def test_the_fates_are_those_that_mutmut_tells_of() -> None:
    """But of two: a fork server says 255 of a run that failed, and SIGKILL follows SIGXCPU."""
    stats = pytest.importorskip("mutmut.stats")
    ours = {
        "killed": "tests",
        "survived": "survived",
        "no tests": "no test",
        "not checked": "not run",
        "timeout": "time",
        "caught by type check": "types",
    }
    theirs = {
        code: ours[status] for code, status in stats.status_by_exit_code.items() if status in ours
    }
    assert theirs.pop(255) == "time"
    assert theirs | {-9: "time"} == mutation.FATE_OF


def ended(*codes: int | None) -> Codes:
    return {f"mutant {number}": code for number, code in enumerate(codes)}


def test_what_is_caught_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict("a file", ended(*[1] * 6, 37, 36, -24, 0), 0.9) == 0
    assert capsys.readouterr().out == "mutation: 10 mutants of a file, 9 caught\n"
    assert verdict("a file", ended(*[1] * 8, 33, 0), 0.9) == 1


@pytest.mark.parametrize(
    ("codes", "run"), [((), "0 of 0"), ((None,), "0 of 1"), ((1, None, 0), "2 of 3")]
)
def test_mutants_that_were_not_made_or_not_run_are_an_error(
    codes: tuple[int | None, ...], run: str
) -> None:
    with pytest.raises(RuntimeError, match=f"a file: {run} mutants were run"):
        verdict("a file", ended(*codes), 0.0)


def write_codes(folder: Path, codes: Codes) -> None:
    path = folder / "mutants" / f"{SOME_OF}.meta"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"exit_code_by_key": codes}))


def test_a_folder_without_mutants_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no mutants in"):
        codes_of(tmp_path)
    write_codes(tmp_path, {})
    with pytest.raises(RuntimeError, match="no mutants in"):
        codes_of(tmp_path)
    write_codes(tmp_path, ended(1))
    assert codes_of(tmp_path) == {SOME_OF: ended(1)}


MADE = 3 * EVERY  # three of them are run


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Codes:
    """Fills in for mutmut: it makes ``MADE`` mutants, and those that it runs end with these."""
    ends: Codes = {}

    def run(folder: Path, *names: str) -> None:
        write_codes(folder, ended(*[None] * MADE) | {n: ends[n] for n in names if n in ends})

    monkeypatch.setattr(mutation, "copied", lambda _, folder: folder)
    monkeypatch.setattr(mutation, "mutmut", run)
    return ends


def test_some_mutants_pass_when_nearly_all_are_caught(
    played: Codes, capsys: pytest.CaptureFixture[str]
) -> None:
    played |= ended(*[1] * MADE)
    assert run_some() == 0
    assert f"3 mutants of {SOME_OF}, 3 caught" in capsys.readouterr().out
    played["mutant 0"] = 0
    assert LEAST > 2 / 3
    assert run_some() == 1


def test_some_mutants_fail_when_they_were_not_run(played: Codes) -> None:
    with pytest.raises(RuntimeError, match="0 of 3 mutants were run"):
        run_some()
    played["mutant 0"] = -11
    with pytest.raises(ValueError, match="exit code -11"):
        run_some()
