"""min_base from the shipped tables: the sweep's answers, said to be looked up, never trusted."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import ropecalc
from ropecalc import SafeStatus, Staircase, Step, TableWarning, build_staircase, tables
from ropecalc.base.lookup import shipped_staircase
from ropecalc.results import Kind
from tests.base.test_tables import SHIPPED
from tests.conftest import RunBatch, RunCli

END = 300
MINIMUMS = [path for path in SHIPPED if path.stem.startswith("minimum")]
Ship = Callable[..., None]
EACH = pytest.mark.parametrize(
    "path",
    [
        pytest.param(
            path,
            id=path.stem,
            marks=[] if path.stem.endswith(("-32", "-128")) else pytest.mark.slow,
        )
        for path in MINIMUMS
    ],
)


@pytest.fixture(scope="module")
def built() -> dict[str, Staircase]:
    pairs = ((kind, build_staircase(kind, 34, END, jobs=1)) for kind in ("minimum", "safe"))
    return dict(pairs)


@pytest.fixture
def ship(monkeypatch: pytest.MonkeyPatch) -> Ship:
    """Makes the given files the shipped ones, in place of any."""

    def put(**files: Staircase | bytes) -> None:
        content = {
            f"{name.replace('_', '-')}.staircase": tables.encode(given)
            if isinstance(given, Staircase)
            else given
            for name, given in files.items()
        }
        monkeypatch.setattr(tables, "shipped_bytes", content.get)
        tables.shipped.cache_clear()

    return put


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    tables.shipped.cache_clear()
    yield
    tables.shipped.cache_clear()


@pytest.mark.slow
def test_the_table_and_the_sweep_agree(ship: Ship, built: dict[str, Staircase]) -> None:
    ship(minimum_34=built["minimum"], safe_34=built["safe"])
    for context in (*range(3, 30), 100, 299, 300):
        looked_up = ropecalc.min_base(34, context)
        swept = ropecalc.min_base(34, context, use_table=False, safe=True)
        assert (looked_up.source, looked_up.steps) == ("table", 0)
        assert (swept.source, looked_up.safe_status) == ("sweep", SafeStatus.TABLE)
        for part in (
            *("minimum_base", "enclosure", "critical_distance", "window_status", "window_end"),
            *("round_base", "integer_base", "safe_base", "safe_distance", "status"),
        ):
            assert getattr(looked_up, part) == getattr(swept, part), (context, part)


@pytest.mark.slow
def test_digits_come_from_the_tables_distance(ship: Ship, built: dict[str, Staircase]) -> None:
    ship(minimum_34=built["minimum"])
    looked_up, swept = (
        ropecalc.min_base(34, 250, digits=40, use_table=use) for use in (True, False)
    )
    assert looked_up.minimum_base_digits == swept.minimum_base_digits
    assert "root in multiple precision" in looked_up.method


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"context": END + 1},
        {"head_dim": 36},
        {"head_dim": 36, "rotary_dim": 34},
        {"margin": 0.01},
        {"weights": [1.0] * 17},
        {"use_table": False},
    ],
    ids=str,
)
def test_beyond_the_table_it_sweeps(
    ship: Ship, built: dict[str, Staircase], settings: dict[str, object]
) -> None:
    ship(minimum_34=built["minimum"])
    found = ropecalc.min_base(**{"head_dim": 34, "context": 50, **settings})  # type: ignore[arg-type]
    assert found.source == "sweep"


def test_unrotated_pairs_that_do_not_count_are_no_hindrance(
    ship: Ship, built: dict[str, Staircase]
) -> None:
    ship(minimum_34=built["minimum"])
    found = ropecalc.min_base(64, 50, rotary_dim=34, count_unrotated=False)
    assert (found.source, found.minimum_base) == ("table", built["minimum"].at(50).base)


def test_without_a_table_it_sweeps(ship: Ship) -> None:
    ship()
    assert ropecalc.min_base(128, 64).source == "sweep"


def changed(staircase: Staircase, context: int, **values: Any) -> Staircase:
    steps = [
        step._replace(**values) if step == staircase.at(context) else step
        for step in staircase.steps
    ]
    return Staircase(staircase.kind, staircase.rotary_dim, staircase.end, tuple(steps))


def test_a_base_that_breaks_the_bound_is_noticed(ship: Ship, built: dict[str, Staircase]) -> None:
    right = built["minimum"].at(200).base
    ship(minimum_34=changed(built["minimum"], 200, base=math.nextafter(right, 0)))
    with pytest.warns(TableWarning, match="is wrong for rotary_dim 34 and 200 tokens"):
        found = ropecalc.min_base(34, 200, window=False, recommended=False)
    assert (found.source, found.minimum_base) == ("sweep", right)


@pytest.mark.parametrize("ulps", [-1, 1])
def test_windows_begin_at_the_base_of_a_table_or_say_that_it_is_wrong(
    ship: Ship, built: dict[str, Staircase], ulps: int
) -> None:
    right = built["minimum"].at(200).base
    ship(minimum_34=built["minimum"])
    expected = ropecalc.windows(34, 200)
    assert expected.windows[0].start == right
    ship(minimum_34=changed(built["minimum"], 200, base=math.nextafter(right, ulps * math.inf)))
    with pytest.warns(TableWarning, match="is wrong for rotary_dim 34 and 200 tokens"):
        assert ropecalc.windows(34, 200) == expected
    ship()
    assert ropecalc.windows(34, 200) == expected
    assert ropecalc.windows(34, 200, at_most=right / 2).windows == ()


def test_a_base_that_is_too_large_is_noticed_on_request(
    ship: Ship, built: dict[str, Staircase]
) -> None:
    right = built["minimum"].at(200).base
    ship(minimum_34=changed(built["minimum"], 200, base=math.nextafter(right, math.inf)))
    with pytest.warns(TableWarning, match="is wrong"):
        found = ropecalc.min_base(34, 200, window=False, recommended=False, verify=True)
    assert (found.source, found.minimum_base) == ("sweep", right)


@pytest.mark.parametrize("change", [{"distance": 5}, {"base": 3e5}])
def test_a_safe_base_that_is_wrong_is_noticed_on_request(
    ship: Ship, built: dict[str, Staircase], change: dict[str, Any]
) -> None:
    ship(safe_34=changed(built["safe"], 200, **change))
    with pytest.warns(TableWarning, match="safe bases is wrong"):
        found = ropecalc.min_base(34, 200, window=False, recommended=False, verify=True)
    assert found.safe_status is SafeStatus.NOT_COMPUTED


@pytest.mark.parametrize("context", [2**20, 2**24])
def test_a_shipped_base_is_evaluated_where_that_is_quick_and_on_request(
    context: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, float]] = []
    monkeypatch.setattr("ropecalc.base.lookup.violation_at", lambda _, *about: asked.append(about))
    found = tables.look_up("minimum", 128, context)
    assert found is not None
    ropecalc.min_base(
        128, context, window=False, recommended=False, integer=False, round_digits=None, safe=None
    )
    assert asked == [(context, found.base)]
    asked.clear()
    ropecalc.min_base(
        128,
        context,
        window=False,
        recommended=False,
        integer=False,
        round_digits=None,
        safe=None,
        verify=True,
    )
    assert asked == [(context, found.base)]


def test_a_right_table_passes_verification(ship: Ship, built: dict[str, Staircase]) -> None:
    ship(minimum_34=built["minimum"], safe_34=built["safe"])
    found = ropecalc.min_base(34, 200, verify=True)
    assert (found.source, found.safe_status) == ("table", SafeStatus.TABLE)


@pytest.mark.parametrize("content", [b"", b"not a table", b"{}\n"])
def test_a_damaged_file_is_told_and_done_without(ship: Ship, content: bytes) -> None:
    ship(minimum_34=content)
    with pytest.warns(TableWarning, match=r"^'minimum-34.staircase' is .*; the answer comes with"):
        found = ropecalc.min_base(34, 50)
    assert found.source == "sweep"


def test_a_file_of_another_staircase_is_no_answer(ship: Ship, built: dict[str, Staircase]) -> None:
    ship(minimum_36=built["minimum"])
    with pytest.warns(TableWarning, match="is damaged"):
        assert ropecalc.min_base(36, 50).source == "sweep"


def test_the_command_says_what_is_wrong_with_a_table(
    ship: Ship,
    built: dict[str, Staircase],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ropecalc.cli.app import main

    ship(minimum_34=changed(built["minimum"], 200, base=2.0))
    monkeypatch.setattr("sys.argv", ["ropecalc", "min-base", "--dim", "34", "--ctx", "200", "-q"])
    assert main() == 0
    out, err = capsys.readouterr()
    assert float(out) == built["minimum"].at(200).base
    assert err.startswith("Warning: the shipped table of minimum bases is wrong for rotary_dim 34")
    assert err.count("\n") == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["minimum", "safe"])
@pytest.mark.parametrize("end", [1, 2, 3, 17, 200, END])
def test_a_staircase_from_the_table_is_the_one_that_is_built(
    ship: Ship, built: dict[str, Staircase], kind: Kind, end: int
) -> None:
    ship(minimum_34=built["minimum"], safe_34=built["safe"])
    found = shipped_staircase(kind, 34, end)
    assert found is not None
    assert found == build_staircase(kind, 34, end, jobs=1)
    assert found.source == "table"


def test_there_is_no_staircase_beyond_the_table(ship: Ship, built: dict[str, Staircase]) -> None:
    ship(minimum_34=built["minimum"])
    assert shipped_staircase("minimum", 34, END + 1) is None
    assert shipped_staircase("safe", 34, 10) is None
    assert shipped_staircase("minimum", 36, 10) is None


@pytest.mark.parametrize("change", [{"distance": 5}, {"base": 3e5}, {"base": math.inf}])
def test_a_wrong_step_of_a_staircase_is_noticed(
    ship: Ship, built: dict[str, Staircase], change: dict[str, Any]
) -> None:
    context = built["minimum"].at(200).context
    ship(minimum_34=changed(built["minimum"], 200, **change))
    with pytest.warns(TableWarning, match=f"is wrong for rotary_dim 34 and {context} tokens"):
        assert shipped_staircase("minimum", 34, END) is None
    assert shipped_staircase("minimum", 34, 100) is not None  # the wrong step is not in it


def test_a_damaged_staircase_is_told_and_done_without(ship: Ship) -> None:
    ship(minimum_34=b"{}\n")
    with pytest.warns(TableWarning, match="'minimum-34.staircase' is"):
        assert shipped_staircase("minimum", 34, 10) is None


@pytest.mark.slow
@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_staircases_are_zero_at_all_their_critical_distances(path: Path) -> None:
    table = tables.read_table(str(path))
    found = shipped_staircase(table.kind, table.rotary_dim, table.end)
    assert found is not None
    assert len(found.steps) == len(table.contexts)


@EACH
def test_shipped_answers_meet_the_bound_and_are_the_sweeps(path: Path) -> None:
    table = tables.read_table(str(path))
    for context in random.Random(path.stem).sample(range(3, 3000), 3):
        found, swept = (
            ropecalc.min_base(
                table.rotary_dim,
                context,
                use_table=use,
                window=False,
                recommended=False,
                integer=False,
                round_digits=None,
            )
            for use in (True, False)
        )
        assert (found.source, swept.source) == ("table", "sweep")
        assert found.minimum_base == swept.minimum_base
        assert found.critical_distance == swept.critical_distance


@EACH
def test_shipped_answers_verify_up_to_the_end(path: Path) -> None:
    table = tables.read_table(str(path))
    for context in (table.end, random.Random(path.stem).randrange(3, table.end)):
        found = ropecalc.min_base(
            table.rotary_dim,
            context,
            verify=True,
            window=False,
            recommended=False,
            integer=False,
            round_digits=None,
        )
        assert found.source == "table"


@pytest.mark.parametrize(
    "power", [pytest.param(11, marks=pytest.mark.slow), pytest.param(17, marks=pytest.mark.heavy)]
)
def test_two_hundred_random_contexts(run_batch: RunBatch, power: int) -> None:
    """Contexts up to 2^power, spread evenly on a log scale, looked up and swept."""
    chosen = [int(2 ** random.Random(i).uniform(2, power)) for i in range(200)]
    line = ("min-base", "--dim", "128", "-q", *(f"--ctx={context}" for context in chosen))
    looked_up, swept = run_batch([line, (*line, "--no-table")])
    assert looked_up.stdout == swept.stdout


def test_the_command_names_its_source(run_batch: RunBatch) -> None:
    line = ("min-base", "--dim", "128", "--ctx", "2000", "--csv", "--all-fields")
    looked_up, swept = run_batch([line, (*line, "--no-table")])
    one, other = (
        dict(zip(*(row.split(",") for row in done.stdout.splitlines()), strict=False))
        for done in (looked_up, swept)
    )
    assert (one["source"], other["source"]) == ("table", "sweep")
    assert one["minimum_base"] == other["minimum_base"]
    assert other["safe_status"] == "not_computed"


def test_a_bare_look_up_loads_neither_mpmath_nor_rich(run_python: RunCli) -> None:
    code = (
        "import sys; sys.argv = 'ropecalc min-base --dim 128 --ctx 30000 -q'.split()\n"
        "from ropecalc.cli.app import main; main()\n"
        "print({'mpmath', 'rich', 'ropecalc.base.sweep'} & {*sys.modules})"
    )
    assert run_python("-c", code).stdout.splitlines() == [ANSWER, "set()"]


ANSWER = repr(tables.look_up("minimum", 128, 30000).base)  # type: ignore[union-attr]


def test_a_step_is_what_the_table_has() -> None:
    assert tables.look_up("minimum", 128, 2**24) == Step(2**24, 19628559571.827072, 14311428)
    assert tables.look_up("minimum", 128, 2**24 + 1) is None
    assert tables.look_up("minimum", 66, 64) is None
