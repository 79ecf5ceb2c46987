"""The error bound of double precision: what the steps add up to, and hardly more."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from ropecalc.bound import _threshold
from ropecalc.scaling import default, explicit
from ropecalc.similarity import error_bound, similarity_at
from ropecalc.spectrum import Spectrum

UNIT = 2.0**-53


def added_up(spectrum: Spectrum) -> float:
    """The worst case of every step, in units of the last place of 1."""
    n, weight = spectrum.n_pairs, sum(spectrum.pair_weights)
    fastest = float(max(spectrum.exact_frequencies))
    factor = 3 * np.pi + 4  # an angle off by 3 pi, a cosine by 4
    product = 2 * np.sqrt(2) * factor  # cos cos' + sin sin': |cos| + |sin| is sqrt(2) at most
    total = 2 * n + 1 + 1 + 1  # the sum of 2n terms, a weight, the unrotated pairs, the scale
    fraction = 3 * fastest  # of a position: the frequency, its product, the sum with the rest
    return float(weight * (product + total + fraction) + 2 * spectrum.unrotated_pairs)


@pytest.mark.parametrize(
    "spectrum",
    [
        explicit([1.0]),
        explicit([1.0, 0.5], weights=[3.0, 0.25]),
        default(1e4, 128),
        default(1e4, 2000, rotary_dim=2),
    ],
    ids=["one pair", "weights", "many pairs", "unrotated pairs"],
)
def test_the_error_bound_is_what_the_steps_add_up_to(spectrum: Spectrum) -> None:
    least = added_up(spectrum) * UNIT
    assert least <= error_bound(spectrum) <= 1.05 * least


def test_the_error_bound_holds_between_positions_at_the_fastest_frequency() -> None:
    fast = explicit([9999.9])
    positions = np.arange(1, 400) + 0.999
    found = similarity_at(fast, positions)
    with mpmath.workdps(30):
        exact = [float(mpmath.cos(mpmath.mpf(m) * mpmath.mpf(9999.9))) for m in positions]
    worst = np.abs(found - exact).max()
    assert added_up(explicit([1.0])) * UNIT < worst <= error_bound(fast)
    assert error_bound(fast) <= 1.4 * added_up(fast) * UNIT


def test_the_doubt_of_a_verdict_is_also_that_of_its_threshold() -> None:
    spectrum = default(1e4, 128)
    _, threshold, doubt = _threshold(spectrum, 0.75)
    assert threshold == 48
    # its sum, its product with the margin, and the ends of the range in doubt
    assert 3 * UNIT * 48 <= doubt - error_bound(spectrum) <= 4.01 * UNIT * 48
