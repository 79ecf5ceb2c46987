"""Heads of all kinds for the tests of laws, and S of them in plain NumPy: no code of ropecalc's."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray

from tests.tools.oracle import excess_ball

Array = NDArray[np.float64]

CLEAR = 1e-10  # float64 over a few hundred tokens tells signs that are further from zero


def laws(max_examples: int, **others: Any) -> settings:
    """So many random cases of a law in a plain run; ten times as many in the profile "search"."""
    return settings(max_examples=max_examples * settings().max_examples // 100, **others)


@dataclass(frozen=True)
class Head:
    """What a bound is asked of, but for the base and the context."""

    half: int
    """Rotated pairs."""
    unrotated: int = 0
    weights: tuple[float, ...] | None = None
    margin: float = 0.0

    @property
    def asked(self) -> dict[str, Any]:
        """The head as the public functions take it."""
        return {
            "head_dim": 2 * (self.half + self.unrotated),
            "rotary_dim": 2 * self.half,
            "weights": self.weights,
            "margin": self.margin,
        }

    @property
    def total(self) -> float:
        """S(0)."""
        return self.unrotated + float(sum(self.weights or (1.0,) * self.half))

    def excess(self, bases: ArrayLike, context: int) -> Array:
        """S(m) - margin S(0), shape (n_bases, context), m = 0 .. context - 1."""
        powers = -np.arange(self.half) / self.half
        thetas = np.asarray(bases, dtype=np.float64)[:, None] ** powers
        cosines = np.cos(np.arange(context)[:, None] * thetas[:, None, :])
        weighted: Array = cosines @ np.array(self.weights or (1.0,) * self.half)
        return weighted + (self.unrotated - self.margin * self.total)

    def least(self, bases: ArrayLike, context: int) -> Array:
        """The smallest S(m) - margin S(0) over 1 <= m < context, of each base."""
        least: Array = self.excess(bases, context)[:, 1:].min(axis=1, initial=np.inf)
        return least

    def surely(self, base: float, distance: int) -> Any:
        """A ball that contains S(m) - margin S(0)."""
        return excess_ball(
            base,
            2 * self.half,
            distance,
            weights=self.weights,
            unrotated=self.unrotated,
            margin=self.margin,
        )

    def holds(self, base: float, context: int) -> bool:
        """Whether the bound holds: balls decide what float64 leaves in doubt."""
        values = self.excess([base], context)[0]
        near = np.flatnonzero(np.abs(values) <= CLEAR).tolist()
        return bool((values >= -CLEAR).all()) and all(self.surely(base, m) >= 0 for m in near if m)


@st.composite
def heads(draw: st.DrawFn, most: int = 12) -> Head:
    """Heads with and without unrotated pairs, weights and a margin."""
    half = draw(st.integers(2, most) | st.integers(5, most))
    unrotated = draw(st.sampled_from([0, 0, 1, max(1, half // 3)]))
    numbers = st.lists(st.integers(1, 12), min_size=half, max_size=half)
    weights = None
    if draw(st.booleans()):
        weights = tuple(number / 4 for number in draw(numbers))
    return Head(half, unrotated, weights, draw(st.sampled_from([0.0, 0.0, 0.01, 0.1, 0.15])))


@st.composite
def padded(draw: st.DrawFn, most: int = 4) -> tuple[Head, Head]:
    """A head, and the same with more unrotated pairs and the margin that asks as much of it.

    S + k >= tau' (S(0) + k) says the same as S >= tau S(0) where tau' (S(0) + k) = tau S(0) + k.
    S(0) and S(0) + k are powers of two here, so that both margins are float64 numbers.
    """
    total, extra = 2 ** draw(st.integers(1, most)), draw(st.integers(1, 2))
    asked = draw(st.integers(0, 12)) / 64 * total
    grown = total * 2**extra
    head = Head(total, 0, None, asked / total)
    more = grown - total
    return head, replace(head, unrotated=more, margin=(asked + more) / grown)
