"""What proves a table of minimum bases anew: it takes right links, and no others."""

from __future__ import annotations

import platform
import shutil

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ropecalc.base.family import family_of
from ropecalc.base.sweep import Sweep
from ropecalc.results import Kind
from tests.tools import staircases
from tests.tools.laws import laws
from tests.tools.oracle import excess_ball

FAMILY = family_of(128)
CAN_BUILD = shutil.which("cc") is not None and platform.machine() == "x86_64"


def links(context: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Witnesses, starts and ends of ropecalc's own sweep, step by step."""
    sweep = Sweep(FAMILY, context, x=5.0)
    found: list[tuple[int, float, float]] = []
    while (witness := sweep._find_witness()[0]) is not None:
        found.append((witness.distance, sweep.x, sweep.x + witness.reach))
        sweep.x += witness.reach
    distances, starts, ends = zip(*found, strict=True)
    return np.array(distances), np.array(starts), np.array(ends)


def test_links_of_the_sweep_hold() -> None:
    distances, starts, ends = links(2_000)
    assert len(distances) > 100
    short = starts + (ends - starts) * 0.97  # its bounds on rounding are the larger ones
    assert staircases.breaks(FAMILY, distances, starts, short).all()
    assert not staircases.breaks(FAMILY, distances, starts, ends + 1e-3)[:-1].all()


@laws(max_examples=50)
@given(st.integers(1, 5_000), st.floats(0.1, 12), st.floats(1e-9, 0.5))
@example(1009, 8.0, 0.36488)
def test_no_link_holds_where_the_bound_is_kept_on_the_way(m: int, x: float, length: float) -> None:
    held = staircases.breaks(FAMILY, np.array([m]), np.array([x]), np.array([x + length]))
    if held[0]:
        for share in np.linspace(0, 1, 30):
            base = str(np.exp(np.longdouble(x + share * length)))
            assert excess_ball(base, 128, m) < 1e-9


@pytest.mark.slow
@pytest.mark.skipif(not CAN_BUILD, reason="the program is for gcc on x86-64 with AVX-512")
@pytest.mark.parametrize("kind", ["minimum", "safe", "recommended"])
def test_a_table_is_continued_as_it_is_shipped(kind: Kind) -> None:
    known = staircases.shipped(kind, 128)
    assert known is not None
    short = staircases.cut(known, 2**13)
    try:
        found = staircases.extended(kind, short, 2**14)
    except staircases.NoProgramError as error:
        pytest.skip(str(error))
    assert found.steps == staircases.cut(known, 2**14).steps
