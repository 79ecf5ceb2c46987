"""S(m) from stored cos and sin: the score of a query and a key that are (1, 0) in every pair.

A query so rotated at position p has the stored cos and sin of p as its components, a key at q
those of q, and their score is

    sum_i c_i(p) c_i(q)  +  sum_i s_i(p) s_i(q)  +  u a^2

Products of bfloat16 or float16 components are exact in float32 and those of float32 components
are rounded to it; the sum is kept in float32 and taken pair after pair, cosines first, as the
components of a rotated half lie. (Kernels that add in another order differ in the last places.)

By the distance alone this is not fixed: which positions are m apart matters. Pair "first" is the
query at m and the key at 0, where cos is 1 and sin 0: what the first token is to a later one.
Pair "last" is the query at L - 1 and the key at L - 1 - m: what the last token of a full context
sees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from ropecalc.errors import InvalidValueError
from ropecalc.precision.recipes import FLOAT16_POSITIONS, Naive, Recipe
from ropecalc.precision.storage import Single, single
from ropecalc.similarity import Array, Distances
from ropecalc.spectrum import Spectrum, shown

PositionPair = Literal["first", "last"]
PAIRS: tuple[PositionPair, ...] = get_args(PositionPair)
COLUMNS = 2**13  # positions at a time: 64 pairs of them fill 4 MB in float64


@dataclass(frozen=True, eq=False)
class Scores:
    """S in one arithmetic, over the distances of one context."""

    spectrum: Spectrum
    recipe: Recipe
    context: int
    pair: PositionPair = "first"

    def __post_init__(self) -> None:
        if self.pair not in PAIRS:
            raise InvalidValueError("pair", f"pair must be first or last, got {shown(self.pair)}")
        overflows = isinstance(self.recipe, Naive) and self.recipe.dtype == "float16"
        if overflows and self.context - 1 > FLOAT16_POSITIONS:
            raise InvalidValueError(
                "context",
                f"context must be at most {FLOAT16_POSITIONS + 1:,} where positions are float16, "
                f"got {self.context:,}: take bfloat16 or another recipe",
            )

    def raw(self, distances: Distances) -> Single:
        """The scores themselves, float32, shape of ``distances`` or (n_bases,) for many bases."""
        if self.pair == "first":
            return self._against_the_first(distances)
        return self._from_the_last(distances)

    def at(self, distances: Distances) -> Array:
        """Scores in units of S: divided by the square of the exact attention factor."""
        values: Array = self.raw(distances).astype(np.float64)
        values /= self.spectrum.attention_factor**2
        return values

    def blocks(self, start: int, stop: int) -> Iterator[tuple[int, Array]]:
        """Scores in units of S for start <= m < stop, as (first distance, values), ascending."""
        for at in range(start, stop, COLUMNS):
            yield at, self.at(np.arange(at, min(stop, at + COLUMNS)))

    def _against_the_first(self, distances: Distances) -> Single:
        first = self._first_cosines()
        query = self.recipe.cosines(self.recipe.phases(distances))
        total = np.zeros(query.shape[1], dtype=np.float32)
        self._add(total, query, first)
        return self._with_unrotated(total)

    def _from_the_last(self, distances: Distances) -> Single:
        recipe, last = self.recipe, self.context - 1
        query, key = recipe.phases(np.array([last])), recipe.phases(last - distances)
        total = np.zeros(max(query.shape[1], key.shape[1]), dtype=np.float32)
        self._add(total, recipe.cosines(query), recipe.cosines(key))
        self._add(total, recipe.sines(query), recipe.sines(key))
        return self._with_unrotated(total)

    def _first_cosines(self) -> Single:
        return self.recipe.cosines(self.recipe.phases(np.array([0])))

    def _add(self, total: Single, query: Single, key: Single) -> None:
        """Add the pairs' products to the totals, one pair after another."""
        weights = self.spectrum.weights
        for i in range(len(query)):
            terms = query[i] * key[i]
            total += terms if weights is None else terms * single(weights[i])

    def _with_unrotated(self, total: Single) -> Single:
        """Unrotated pairs count with the attention factor, as they do in S."""
        one = self._first_cosines()[0]
        for _ in range(self.spectrum.unrotated_pairs):
            total += one * one
        return total
