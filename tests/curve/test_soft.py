"""Soft contexts: the longest with a given share of violating distances, against plain counting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import scaling, soft_contexts
from ropecalc.errors import InvalidValueError
from ropecalc.spectrum import Spectrum
from tests.conftest import RunCli


def counted(spectrum: Spectrum, share: float, limit: int) -> int:
    """The longest context by counting every distance."""
    theta = np.array([float(one) for one in spectrum.exact_frequencies])
    total = np.cos(np.arange(limit)[:, None] * theta).sum(axis=1)
    violating = np.cumsum(total < 0)
    lengths = np.arange(1, limit + 1)
    return int(lengths[violating * 10**6 <= round(share * 10**6) * lengths].max())


@given(
    base=st.floats(2, 1e5),
    dim=st.sampled_from([4, 8, 16, 32]),
    share=st.integers(0, 10**6).map(lambda n: n / 10**6),
)
def test_it_is_what_counting_gives(base: float, dim: int, share: float) -> None:
    spectrum = scaling.default(base, dim)
    (found,) = soft_contexts(spectrum, shares=(share,), limit=3000)
    assert found.context == counted(spectrum, share, 3000)
    assert found.open == (found.context == 3000)


@pytest.mark.parametrize(
    ("base", "first", "one_percent"),
    [(5e5, 18_438, 51_796), (1e6, 27_115, 83_758), (8e6, 61_936, 460_667)],
)
def test_no_share_is_the_first_violation(base: float, first: int, one_percent: int) -> None:
    none, few = soft_contexts(scaling.default(base), shares=(0, 0.01), limit=2**20)
    assert (none.context, few.context) == (first, one_percent)


def test_the_rotated_part_alone_where_the_bound_asks_nothing() -> None:
    """ChatGLM3-6B-128k: half of the head, base 5e6."""
    found = soft_contexts(scaling.default(5e6, 128, rotary_dim=64), shares=(0, 0.01))
    assert [one.context for one in found] == [31_099, 146_666]


@pytest.mark.parametrize("share", [-0.1, 1.5, 1e-7])
def test_a_share_is_whole_millionths(share: float) -> None:
    with pytest.raises(InvalidValueError, match="whole millionths"):
        soft_contexts(scaling.default(1e4), shares=(share,), limit=100)


def test_the_command_shows_them_beside_the_first_violation(run_cli: RunCli) -> None:
    text = run_cli("max-ctx", "--base", "1e6", "--soft").stdout
    assert "0.1% violate up to  50,670 tokens" in text
    assert "1% violate up to    83,758 tokens" in text
    several = run_cli("max-ctx", "--base", "1e4,1e6", "--soft", "--width", "160").stdout
    assert "1% violate up to" in several
    assert "83,758" in several


@pytest.mark.parametrize("shares", [0.5, "0.5", ["a"], [float("nan")], [None]])
def test_shares_that_are_no_numbers_are_refused(shares: Any) -> None:
    with pytest.raises(InvalidValueError, match="share"):
        soft_contexts(1e4, shares=shares)
