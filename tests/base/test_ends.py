"""Ends of windows where float64 cannot tell a similarity from zero, each judged by Arb alone."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc import SafeStatus, Status, WindowStatus
from ropecalc.base.family import family_of
from ropecalc.base.room import room_around
from ropecalc.base.wide import is_wide
from ropecalc.base.window import Walk
from ropecalc.cli.entry import main
from ropecalc.errors import UndecidedError
from tests.tools import safe_bases
from tests.tools.ends import Case, Judge, drawn, judged

if TYPE_CHECKING:
    from tests.conftest import RunCli

TUNED = [0.3138119389499702, 0.38185448722063814, 0.8674003109567612, 0.6361412585033709]
SPREAD = [0.5070173326170767, 4.135251872704201e-14, 4.02760476576853e-14]


def solved(head_dim: int, context: int, **asked: Any) -> Any:
    only: dict[str, Any] = {
        "integer": False,
        "round_digits": None,
        "safe": True,
        "use_table": False,
    }
    return ropecalc.min_base(head_dim, context, **asked, **only)


@pytest.mark.slow
def test_a_similarity_that_nears_zero_above_the_safe_base_is_passed() -> None:
    """S(313,044) comes within 4.9e-11 of zero at 9.8589e19, and breaks nothing."""
    found = solved(8, 379_267)
    assert (found.safe_status, found.safe_distance) == (SafeStatus.COMPUTED, 312_334)
    assert found.safe_base == pytest.approx(9.7698166703317e19, rel=1e-13)
    judge = Judge(Case(4, 0, None, 0.0, 379_267, None))
    assert judge.sign(math.nextafter(found.safe_base, 0.0), 312_334) < 0
    assert judge.sign(found.safe_base, 312_334) > 0
    assert judge.sign(9.858922015e19, 313_044) > 0


def test_a_margin_tuned_to_a_touch_moves_no_end() -> None:
    asked: dict[str, Any] = {"weights": TUNED, "margin": 0.344842324480503}
    found = solved(8, 30, **asked)
    assert found.window_status is WindowStatus.ENDLESS
    assert found.safe_base == found.minimum_base == pytest.approx(3384.390644838227, rel=1e-15)
    judge = Judge(Case(4, 0, tuple(TUNED), asked["margin"], 30, None))
    assert judge.holds(found.safe_base)
    assert judge.sign(math.nextafter(found.safe_base, 0.0), found.safe_distance) < 0
    for base in (4817.346441809099, 4817.342431698196, 4817.344):
        assert judge.holds(base)


@pytest.mark.slow
def test_no_window_is_missed_where_a_similarity_stays_near_zero() -> None:
    margin = 0.3271379289471597
    found = ropecalc.windows(8, 24, rotary_dim=6, weights=SPREAD, margin=margin)
    judge = Judge(Case(3, 1, tuple(SPREAD), margin, 24, None))
    assert found.status is Status.ALL_WINDOWS
    assert any(w.start < 5 < (w.end or math.inf) for w in found.windows)
    assert judge.holds(5.0)
    for window in found.windows:
        assert judge.holds(window.start)
        assert not judge.holds(math.nextafter(window.start, 0.0))
        if window.closed_by is not None:
            assert window.end is not None
            assert judge.holds(window.end)
            assert not judge.holds(math.nextafter(window.end, math.inf))
    assert found.windows[-1].end is None, "the least cosine is that of 22, and the rest only gains"
    assert judge.holds(1e300)


@pytest.mark.slow
def test_a_doubt_at_base_1_is_decided() -> None:
    weights, margin = [9.634790403410872, 1.0344021853283223e-14], 0.023510808357040985
    found = solved(24, 4, rotary_dim=4, weights=weights, margin=margin)
    assert not ropecalc.check(
        1.0000000000000002, 4, head_dim=24, rotary_dim=4, weights=weights, margin=margin
    ).holds
    judge = Judge(Case(2, 10, tuple(weights), margin, 4, None))
    assert found.minimum_base > 5
    assert judge.holds(found.minimum_base)
    assert judge.sign(math.nextafter(found.minimum_base, 0.0), found.critical_distance) < 0


@pytest.mark.slow
def test_a_window_that_was_followed_to_1e300_is_not_called_endless() -> None:
    weights = [0.0, 1.0] + [0.0] * 1935
    found = ropecalc.windows(3876, 10, rotary_dim=3874, weights=weights, margin=0.025)
    assert found.status is Status.ALL_WINDOWS
    assert [w.end is None for w in found.windows] == [False, False]
    assert found.windows[-1].end == 1e300
    assert found.windows[-1].closed_by is None
    assert found.safe_base is None


@pytest.mark.slow
def test_a_similarity_that_stays_near_zero_is_followed_in_a_few_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weights = [1.903119847780256, 2.752376271714838e-14, 4.410942008468912e-14]
    steps, step = [], Walk.step

    def counted(walk: Walk, context: int) -> Any:
        steps.append(walk.x)
        return step(walk, context)

    monkeypatch.setattr(Walk, "step", counted)
    asked: dict[str, Any] = {"rotary_dim": 6, "weights": weights, "margin": 0.02484030930816191}
    found = ropecalc.windows(10, 30, **asked)
    assert len(steps) < 2_000
    assert found.status is Status.ALL_WINDOWS
    judge = Judge(Case(3, 2, tuple(weights), asked["margin"], 30, None))
    for window in found.windows:
        assert judge.holds(window.start)
        assert not judge.holds(math.nextafter(window.start, 0.0))


@pytest.mark.slow
def test_a_safe_base_at_771325_tokens_is_told_beside_the_minimum(run_cli: RunCli) -> None:
    done = run_cli("min-base", "--dim", "8", "--ctx", "771325", "--safe", "--json")
    assert done.returncode == 0
    (result,) = json.loads(done.stdout)["results"]
    assert (result["safe_status"], result["safe_distance"]) == ("computed", 521_030)
    judge = Judge(Case(4, 0, None, 0.0, 771_325, None))
    safe = result["safe_base"]
    assert judge.sign(math.nextafter(safe, 0.0), 521_030) < 0 < judge.sign(safe, 521_030)


# --- what is undecided costs its own part ---------------------------------------------------------


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks in multiple precision give up at once."""

    def give_up(*_: object) -> None:
        raise UndecidedError("S(7) touches zero at base 9")

    monkeypatch.setattr(Walk, "_precise_step", give_up)


@pytest.mark.usefixtures("undecided")
def test_the_minimum_is_told_where_the_rest_is_undecided() -> None:
    found = solved(8, 100, min_window=0.01)
    assert found.minimum_base == pytest.approx(15140.976837498009, rel=1e-15)
    assert (found.window_status, found.window_end) == (WindowStatus.UNDECIDED, None)
    assert (found.safe_status, found.safe_base) == (SafeStatus.UNDECIDED, None)
    assert (found.wide_status, found.wide_start) == (WindowStatus.UNDECIDED, None)
    assert found.undecided == "; ".join(
        f"{part}: S(7) touches zero at base 9"
        for part in ("end of the first window", "first window wide enough", "safe base")
    )


@pytest.mark.usefixtures("undecided")
def test_windows_up_to_what_is_undecided_are_told() -> None:
    found = ropecalc.windows(8, 100)
    assert (found.status, found.windows) == (Status.UNDECIDED, ())
    assert found.undecided == "S(7) touches zero at base 9"


@pytest.mark.usefixtures("undecided")
def test_a_verdict_stands_where_the_next_base_is_undecided() -> None:
    found = ropecalc.check(15_000, 100, head_dim=8, min_window=0.01)
    assert not found.holds
    assert (found.next_base, found.undecided) == (None, "next base: S(7) touches zero at base 9")
    room = ropecalc.check(16_000, 100, head_dim=8)
    assert (room.holds, room.undecided) == (True, None)


@pytest.mark.usefixtures("undecided")
def test_what_is_undecided_is_on_stderr_and_null_in_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["ropecalc", "min-base", "--dim", "8", *args])
        return main(), *capsys.readouterr()

    code, out, err = run("--ctx", "100", "--safe", "--json")
    assert code == 0
    (result,) = json.loads(out)["results"]
    assert (result["safe_base"], result["safe_status"]) == (None, "undecided")
    assert "safe base: S(7) touches zero" in result["undecided"]
    assert "head_dim 8, 100 tokens: end of the first window: S(7) touches" in err
    _, _, err = run("--ctx", "100", "--min-window", "0.01")
    assert "first window wide enough: S(7) touches" in " ".join(err.split())
    assert run("--ctx", "100", "--min-window", "0.01", "-q") == (1, "", "")


# --- the small ones -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context"), [(4, 40), (6, 100), (8, 100), (128, 1024)])
def test_room_is_exact_to_1e_12_and_never_more(head_dim: int, context: int) -> None:
    for window in ropecalc.windows(head_dim, context).windows[:3]:
        if window.end is None:
            continue
        base = math.sqrt(window.start * window.end)
        found = room_around(family_of(head_dim), context, base, 0.999)
        judge = Judge(Case(head_dim // 2, 0, None, 0.0, context, None))
        assert found.below is not None
        assert found.above is not None
        exact = Decimal(window.start) / Decimal(base), Decimal(window.end) / Decimal(base)
        assert found.below == pytest.approx(float(1 - exact[0]), rel=1e-12)
        if found.above < 0.999:
            assert found.above == pytest.approx(float(exact[1] - 1), rel=1e-12)
        assert judge.holds(base * (1 - found.below) * (1 + 1e-15))


@pytest.mark.slow
@pytest.mark.parametrize(("head_dim", "context"), [(8, 100), (16, 200), (32, 300), (64, 300)])
def test_a_window_exactly_as_wide_as_asked_is_wide_enough(head_dim: int, context: int) -> None:
    windows = ropecalc.windows(head_dim, context).windows
    for window in windows[:4]:
        width = window.relative_width
        if width is None or not 1e-9 <= width <= 1:
            continue
        first = next(w for w in windows if w.relative_width is None or w.relative_width >= width)
        found = ropecalc.min_base(head_dim, context, min_window=width)
        assert (found.wide_start, found.wide_end) == (first.start, first.end)


def test_a_width_is_that_of_the_numbers_or_as_float64_shows_it() -> None:
    assert is_wide(3.0, 4.5, 0.5)
    assert not is_wide(3.0, 4.499999, 0.5)
    start, end = 15140.976837498009, 21945.34293046883
    assert is_wide(start, end, end / start - 1)


def test_a_round_base_is_the_same_in_any_decimal_context() -> None:
    with localcontext() as context:
        context.prec = 1
        found = ropecalc.min_base(8, 3_000, use_table=False)
    assert found.round_base == ropecalc.min_base(8, 3_000, use_table=False).round_base


def test_a_decimal_base_a_hair_above_1_is_checked() -> None:
    found = ropecalc.check(Decimal("1." + "0" * 200 + "1"), 30, next_base=True)
    assert not found.holds
    assert found.next_base is not None
    assert found.next_base > 1


@pytest.mark.parametrize("number", [Decimal("0.01"), Fraction(1, 100), np.float64(0.01)])
def test_a_width_may_be_any_number_and_a_limit_too(number: Any) -> None:
    plain = ropecalc.min_base(8, 23, min_window=0.01, use_table=False)
    found = ropecalc.min_base(8, 23, min_window=number, use_table=False)
    assert found == plain
    assert isinstance(found.min_window, float)
    assert ropecalc.check(20_000, 100, head_dim=8, min_window=number).holds
    limited = ropecalc.windows(8, 23, at_most=10_000 * number)
    assert limited == ropecalc.windows(8, 23, at_most=100.0)


@pytest.mark.parametrize("what", ["0.1", "x", [0.1], 1j, math.nan, {}])
def test_a_width_and_a_limit_that_are_no_numbers_are_refused(what: Any) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="min_window must be from 1e-09 to 1"):
        ropecalc.min_base(8, 23, min_window=what)
    with pytest.raises(ropecalc.InvalidValueError, match="min_window must be from 1e-09 to 1"):
        ropecalc.check(1e4, 23, head_dim=8, min_window=what)
    with pytest.raises(ropecalc.InvalidValueError, match="at_most must be greater than 1"):
        ropecalc.windows(8, 23, at_most=what)


@pytest.mark.parametrize("what", [["a"], [1j], [[1], [1, 2]], None, ["1"]])
def test_positions_that_are_no_numbers_are_refused(what: Any) -> None:
    with pytest.raises(ropecalc.InvalidValueError, match="positions must be numbers"):
        ropecalc.curve(1e4, what)


def test_positions_of_any_number_type_are_taken() -> None:
    ones: list[Any] = [1, 1.0, Decimal(1), np.int8(1), np.float32(1)]
    for one in ones:
        assert ropecalc.curve(1e4, [one]).values == ropecalc.curve(1e4, [1]).values


@pytest.mark.parametrize("what", [{}, 3, None, b"proof.json"])
def test_what_is_no_certificate_and_no_path_is_one_line(what: Any) -> None:
    with pytest.raises(ropecalc.CertificateError, match="a certificate is a file: pass its path"):
        ropecalc.verify(what)


def test_a_certificate_that_would_not_be_verified_is_not_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from ropecalc.certificate import write

    monkeypatch.setattr(write, "_low", lambda _, x: math.exp(x) * 1.01)
    with pytest.raises(ropecalc.RopecalcError):
        ropecalc.certify(8, 100)


def test_the_safe_base_of_a_head_that_was_refused_is_certified() -> None:
    asked: dict[str, Any] = {"weights": TUNED, "margin": 0.344842324480503}
    proof = ropecalc.certify(8, 30, kind="safe-base", **asked)
    assert ropecalc.verify(proof, backend="mpmath").proved


# --- many heads, by chance ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_no_answer_about_a_misleading_head_is_false(seed: int) -> None:
    rng = random.Random(f"tests-{seed}")
    case = drawn(rng, 2**9)
    verdict = judged(case, rng)
    assert not verdict.wrong, (case, verdict)
    assert not verdict.undecided, (case, verdict)


@pytest.mark.slow
@pytest.mark.parametrize("rotary_dim", safe_bases.HEADS)
def test_safe_bases_of_few_pairs_are_those_of_arb(rotary_dim: int) -> None:
    rng = random.Random(f"tests-{rotary_dim}")
    case = safe_bases.drawn(rotary_dim, rng, 3_000)
    assert safe_bases.judged(case, rng) == ([], [])


def test_a_judge_of_safe_bases_finds_what_is_false(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two floats beside a right answer, another distance, and an answer that is lost."""
    right = solved(6, 200)
    case, changes = (
        Case(3, 0, None, 0.0, 200, None),
        [
            {"safe_base": math.nextafter(right.safe_base, 0.0)},
            {"safe_base": math.nextafter(right.safe_base, math.inf)},
            {"minimum_base": math.nextafter(right.minimum_base, math.inf)},
            {"safe_distance": right.safe_distance - 1},
            {"minimum_base": None},
        ],
    )
    for change in changes:
        monkeypatch.setattr(ropecalc, "min_base", lambda *_, c=change, **__: replace(right, **c))
        wrong, _ = safe_bases.judged(case, random.Random(1))
        assert wrong, change
