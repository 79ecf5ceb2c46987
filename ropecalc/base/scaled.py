"""The spectra of one scaled head over all factors: the second family that sweep and walk know.

Linear interpolation, YaRN, NTK-by-parts and Llama 3's scaling are linear in 1/s, and NTK-aware
scaling is a power of s. With x = ln(s) all of them have

    theta_i(x) = a_i + c_i exp(-l_i x),      a_i, c_i >= 0

(a_i is what a pair keeps however large the factor: all of it before YaRN's ramp, nothing behind
it), so that with psi_i = m l_i c_i exp(-l_i x)

    phi_i' = -psi_i,     psi_i' = -l_i psi_i

as for the family of bases, where a_i = 0, c_i = 1 and l_i = e_i. What is bounded at x is bounded
beyond it, since angles and psi_i fall as x grows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from ropecalc.base.curve import fixed
from ropecalc.base.family import Array, Family, Moments, split
from ropecalc.results import Rope
from ropecalc.scaling import Base, from_rope
from ropecalc.scaling.by_pair import exponents
from ropecalc.scaling.domains import working
from ropecalc.spectrum import FREQUENCY_DIGITS, Frequencies, Spectrum

SPARE = 10  # digits of a frequency beyond those asked for: a_i is a difference of two


@dataclass(frozen=True)
class ScaledFamily(Family):
    """The spectra of one scaling method over all factors s >= 1; a member's "base" is its s.

    Parameters
    ----------
    rope : with the method and its parameters; the factor among them does not count
    length : tokens, where the frequencies depend on it
    """

    rope: Rope | None = None
    length: int | None = None

    def spectrum(self, base: Base) -> Spectrum:
        """The member with this factor."""
        assert self.rope is not None
        parameters = {**self.rope.parameters, "factor": base}
        return from_rope(
            replace(self.rope, parameters=parameters),
            self.length,
            weights=self.weights,
            count_unrotated=self.count_unrotated,
        )

    def parts(self, digits: int) -> tuple[Frequencies, Frequencies]:
        """a_i and c_i of the methods that are linear in 1/s, to ``digits`` digits of theta_i(0)."""
        whole, half = (self.spectrum(s).frequencies_to(digits + SPARE) for s in (1, 2))
        with localcontext(working(digits + SPARE)):  # decimal's own 28 digits are too few
            moving = tuple(2 * (one - other) for one, other in zip(whole, half, strict=True))
            tiny = Decimal(10) ** -digits
            kept = tuple(
                Decimal(0) if abs(one - c) <= tiny * one else one - c
                for one, c in zip(whole, moving, strict=True)
            )
        return kept, moving

    @cached_property
    def growth(self) -> Fraction:
        """What ``DynamicFamily`` has."""
        return Fraction(0)

    @cached_property
    def decays(self) -> Array:
        """l_i, shape (n_pairs,)."""
        return np.ones(self.n_pairs)

    @cached_property
    def _parts(self) -> tuple[Array, Array]:
        kept, moving = self.parts(FREQUENCY_DIGITS - SPARE)
        return np.array([float(a) for a in kept]), np.array([float(c) for c in moving])

    @property
    def kept(self) -> Array:
        """a_i, rad/token, shape (n_pairs,)."""
        return self._parts[0]

    @property
    def moving(self) -> Array:
        """c_i, rad/token, shape (n_pairs,)."""
        return self._parts[1]

    @cached_property
    def _known(self) -> dict[Any, list[tuple[Any, Any]]]:
        return {}

    def numbers(self, mp: Any) -> list[tuple[Any, Any]]:
        """a_i and c_i as numbers of a context."""
        if mp not in self._known:
            kept, moving = self.parts(mp.dps + SPARE)
            pairs = zip(kept, moving, strict=True)
            self._known[mp] = [(mp.mpf(str(a)), mp.mpf(str(c))) for a, c in pairs]
        return self._known[mp]

    @property
    def still(self) -> int:
        """How many of the first pairs no factor changes."""
        changed = np.flatnonzero(self.moving)
        return int(changed[0]) if changed.size else self.n_pairs

    def thetas(self, x: float) -> Array:
        """theta_i at x, shape (n_pairs,); off by at most (2 l_i x + 5) units, relative."""
        return self.kept + self._moved(x)

    def _moved(self, x: float) -> Array:
        return self.moving * np.exp(-x * self.decays)

    def theta_units(self, x: float) -> Array:
        """As in Family, with three units more: for a_i, c_i, their product and their sum."""
        return 2 * x * self.decays + 3

    def _shares(self, x: Any) -> Array:
        """|theta_i'| / (l_i theta_i) at x: the part of each frequency that moves.

        Those of the last x are kept: sums of many kinds at one x need them.
        """
        if not isinstance(x, float):
            return self._shares_at(x)
        found = self._last.get(x)
        if found is None:
            found = self._shares_at(x)
            self._last.clear()
            self._last[x] = found
        return found

    def _shares_at(self, x: Any) -> Array:
        moved = self._moved(x)
        whole = self.kept + moved
        return np.divide(moved, whole, out=np.zeros_like(moved), where=whole > 0)

    @cached_property
    def _last(self) -> dict[float, Array]:
        return {}

    def speed_weights(self, x: float) -> Array:
        """As in Family."""
        return self.pair_weights * self.decays * self._shares(x)

    def bend_weights(self, x: float) -> tuple[Array, Array]:
        """As in Family."""
        speeds = self.decays * self._shares(x)
        return self.pair_weights * speeds * self.decays, self.pair_weights * speeds * speeds

    def curvature(self, sine: Array, cosine: Array, squares: Array, x: float) -> Array:
        """As in Family."""
        bends, speeds = self.bend_weights(x)
        return -(sine @ bends + (squares * cosine) @ speeds)

    def moments(self, phi: Array, squares: Array, x: float) -> Moments:
        """As in Family."""
        w, e, speed = self.pair_weights, self.decays, self.decays * self._shares(x)
        ws = w * speed
        wse, wss = ws * e, ws * speed
        columns = np.array([w, ws, wse, wse * e, wss, wss * e, wss * speed]).T
        first, second, third = split(np.array([phi, squares, squares * phi]) @ columns)
        p10, p11, p12, p13, *_ = first
        _, p21, bent, _, p22, p23, _ = second
        return Moments(p10, p11, p12, p13, p21, bent, p22, p23, third[4], third[6])

    def rates(self, x: Any, mp: Any) -> tuple[int, list[tuple[int, int, int]]]:
        """As in Family: a few units off."""
        return fixed(self._rates(x, mp), mp)

    def _rates(self, x: Any, mp: Any) -> Iterator[tuple[Any, Any, Any]]:
        shrunk = mp.exp(-x)
        for kept, moving in self.numbers(mp):
            moved = moving * shrunk
            yield kept + moved, -moved, moved

    def speeds(self, low: float, high: float) -> Array:
        """Bounds on |theta_i| and its first three derivatives, which fall with x: (4, n_pairs)."""
        del high
        moved = self._moved(low) * self.decays ** np.arange(4)[:, None]
        moved[0] += self.kept
        return moved * (1 + 1e-9)

    def described(self, x: Any) -> str:
        """The factor at x, for a message."""
        return f"factor {math.exp(min(float(x), 690.0)):.15g}"


class StretchedFamily(ScaledFamily):
    """Linear interpolation: S(m) is the plain curve at m / s."""

    def holds_from(self, context: int) -> float:
        """As in Family: the plain curve is positive up to some position."""
        from ropecalc.base.starts import surely_holds_from

        if context not in self._from:
            self._from[context] = surely_holds_from(self, context)
        return self._from[context]

    @cached_property
    def _from(self) -> dict[int, float]:
        return {}


class PoweredFamily(ScaledFamily):
    """NTK-aware scaling, b' = b s^(r/(r-2)), and its relatives: theta_i = b^(-2i/r) exp(-x E_i)."""

    @cached_property
    def powers(self) -> list[Fraction]:
        """E_i, exactly."""
        assert self.rope is not None
        given = {k: v for k, v in self.rope.parameters.items() if k != "factor"}
        return exponents(self.rope.rope_type, self.rope.base, self.rotary_dim, **given)

    @cached_property
    def decays(self) -> Array:
        """l_i = E_i, shape (n_pairs,)."""
        return np.array([float(power) for power in self.powers])

    def parts(self, digits: int) -> tuple[Frequencies, Frequencies]:
        """Nothing is kept: c_i is the plain frequency."""
        plain = self.spectrum(1).frequencies_to(digits + SPARE)
        return (Decimal(0),) * self.n_pairs, plain

    @property
    def still(self) -> int:
        """How many of the first pairs no factor changes."""
        changed = np.flatnonzero(self.decays)
        return int(changed[0]) if changed.size else self.n_pairs

    def _rates(self, x: Any, mp: Any) -> Iterator[tuple[Any, Any, Any]]:
        for power, (_, moving) in zip(self.powers, self.numbers(mp), strict=True):
            decay = mp.mpf(power.numerator) / power.denominator
            theta = moving * mp.exp(-x * decay) if power else moving
            yield theta, -decay * theta, decay * decay * theta


class DynamicFamily(PoweredFamily):
    """Dynamic NTK scaling at a length n over L: NTK-aware scaling by 1 + s g, g = n/L - 1 > 0.

    Its x is ln((1 + s g) / (1 + g)), which is 0 at a factor s of 1; c_i is the frequency there.
    """

    @cached_property
    def growth(self) -> Fraction:
        """g, exactly; 0 up to the original context, where nothing changes."""
        assert self.rope is not None
        assert self.length is not None
        original = self.rope.original_context
        assert original is not None
        return max(Fraction(self.length, original) - 1, Fraction(0))

    @cached_property
    def powers(self) -> list[Fraction]:
        """E_i, exactly."""
        assert self.rope is not None
        return exponents("ntk_aware", self.rope.base, self.rotary_dim)

    def member(self, x: Any, mp: Any) -> Any:
        """The factor at x."""
        over, below = self.growth.numerator, self.growth.denominator
        return (mp.exp(x) * (over + below) - below) / over

    def place(self, base: Any, mp: Any) -> Any:
        """x of a factor."""
        over, below = self.growth.numerator, self.growth.denominator
        return mp.log((base * over + below) / (over + below))

    def freedom(self, x: float) -> float:
        """As in Family: s g / (1 + s g), and a hair more."""
        return (1 - math.exp(-x) / (1 + float(self.growth))) * (1 + 1e-12)

    def described(self, x: Any) -> str:
        """As in ScaledFamily."""
        return f"factor {self.member(min(float(x), 690.0), math):.15g}"


FAMILIES: dict[str, Callable[..., ScaledFamily]] = {
    "linear": StretchedFamily,
    "yarn": ScaledFamily,
    "llama3": ScaledFamily,
    "ntk_aware": PoweredFamily,
    "ntk_rcd": PoweredFamily,
    "mrrope_uni": PoweredFamily,
    "mrrope_pro": PoweredFamily,
    "dynamic": DynamicFamily,
}
