"""The frequencies of a claim over its x, from their definition, in any Arithmetic.

    theta_i(x) = a_i + c_i q^(k_i),   q = exp(-x unit),   a_i, c_i >= 0, integers k_i >= 0

============  ===========  ==========================  ===================  ===========
claim         x            a_i                         c_i                  k_i unit
============  ===========  ==========================  ===================  ===========
a base        ln(base)     0                           1                    2i/r
linear        ln(factor)   0                           f_i                  1
yarn          ln(factor)   f_i (1 - g_i)               f_i g_i              1
llama3        ln(factor)   f_i h_i                     f_i (1 - h_i)        1
ntk_aware     ln(factor)   0                           f_i                  2i/(r-2)
ntk_rcd       ln(factor)   0                           f_i                  i/K
mrrope_uni    ln(factor)   0                           f_i                  t_i/n
mrrope_pro    ln(factor)   0                           f_i                  t_i(t_i+1)/(n(n+1))
dynamic       see below    0                           that at 1            2i/(r-2)
============  ===========  ==========================  ===================  ===========

with f_i = base^(-2i/r), YaRN's ramp g_i over the pairs and Llama 3's h_i over the turns, which are
constants of the method that no factor changes; K is the critical pair; t_i = clamp(i - low, 0, n)
and n = high - low (1 where that is 0) with the whole ends of YaRN's ramp.

Dynamic scaling by s is NTK-aware scaling by 1 + s g, where the context exceeds the original one by
a share of g > 0. Its x is ln((1 + s g) / (1 + g)), which is 0 at s = 1, where c_i is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ropecalc.certificate.arithmetic import Arithmetic, Real
from ropecalc.certificate.format import Claim, Scaling

SAME_PAIR = Fraction(1, 1000)  # width of a ramp of YaRN that begins and ends at one pair


class UncertainError(ArithmeticError):
    """More bits are needed to tell which frequencies a claim is about."""


@dataclass(frozen=True)
class Spectra:
    """a_i, c_i, k_i and the unit of the last, by pair."""

    arithmetic: Arithmetic
    kept: Sequence[Any]
    moving: Sequence[Any]
    steps: Sequence[int]
    unit: Fraction
    growth: Fraction | None = None
    """g of dynamic scaling."""

    def place(self, value: Decimal) -> Real:
        """x of a base or a factor."""
        exact, g = Fraction(value), self.growth
        place = exact if g is None else (1 + exact * g) / (1 + g)
        return self.arithmetic.log(self.arithmetic.number(place))

    def ratio(self, x: Real) -> Real:
        """q at x."""
        return self.arithmetic.exp(-x * self.arithmetic.number(self.unit))

    def thetas(self, x: Real) -> list[Real]:
        """theta_i at x."""
        powers = self._powers(x)
        rows = zip(self.kept, self.moving, self.steps, strict=True)
        return [kept + moving * powers[step] for kept, moving, step in rows]

    def _powers(self, x: Real) -> Sequence[Real] | Mapping[int, Real]:
        """q^k for every k that occurs: one from the other, or each by itself where few do."""
        number, exp = self.arithmetic.number, self.arithmetic.exp
        if max(self.steps) > len(self.steps):
            return {k: exp(-x * number(k * self.unit)) for k in set(self.steps)}
        powers, ratio = [number(1)], self.ratio(x)
        for _ in range(max(self.steps)):
            powers.append(powers[-1] * ratio)
        return powers


def spectra_of(claim: Claim, arithmetic: Arithmetic) -> Spectra:
    """The frequencies of a claim; raises UncertainError where the bits are too few."""
    n, pairs, scaling = claim.n_pairs, range(claim.n_pairs), claim.scaling
    if scaling is None:
        return Spectra(arithmetic, [0] * n, [1] * n, pairs, Fraction(2, claim.rotary_dim))
    plain = _plain(scaling.base, claim.rotary_dim, arithmetic)
    if scaling.rope_type in _POWERED:
        steps, unit = _POWERED[scaling.rope_type](scaling, claim.rotary_dim, arithmetic)
        if scaling.rope_type != "dynamic":
            return Spectra(arithmetic, [0] * n, plain, steps, unit)
        growth = claim.context / scaling.number("original_context") - 1
        first = Spectra(arithmetic, [0] * n, plain, steps, unit)
        at_one = first.thetas(arithmetic.log(arithmetic.number(1 + growth)))
        return replace(first, moving=at_one, growth=growth)
    shares = _MOVING[scaling.rope_type](scaling, claim.rotary_dim, plain, arithmetic)
    # What moves not at all has no rate at all: it is left out of every bound.
    steps = [0 if _is_exact(share) and share == 0 else 1 for share in shares]
    number = arithmetic.number
    moving = [f * (number(g) if _is_exact(g) else g) for f, g in zip(plain, shares, strict=True)]
    kept = [f - c if step else f for f, c, step in zip(plain, moving, steps, strict=True)]
    moving = [c if step else 0 for c, step in zip(moving, steps, strict=True)]
    return Spectra(arithmetic, kept, moving, steps, Fraction(1))


def _plain(base: Decimal, rotary_dim: int, arithmetic: Arithmetic) -> list[Real]:
    """f_i = base^(-2i/r)."""
    step = arithmetic.log(arithmetic.number(base)) * arithmetic.number(Fraction(-2, rotary_dim))
    return [arithmetic.exp(step * i) for i in range(rotary_dim // 2)]


def _ntk_aware(_: Scaling, rotary_dim: int, __: Arithmetic) -> tuple[Sequence[int], Fraction]:
    return range(rotary_dim // 2), Fraction(2, rotary_dim - 2)


def _ntk_rcd(scaling: Scaling, rotary_dim: int, _: Arithmetic) -> tuple[Sequence[int], Fraction]:
    return range(rotary_dim // 2), 1 / scaling.number("critical_pair")


def _mrrope(
    scaling: Scaling, rotary_dim: int, arithmetic: Arithmetic
) -> tuple[Sequence[int], Fraction]:
    turns = scaling.number("beta_fast"), scaling.number("beta_slow")
    low, high = (_pair_of_turns(scaling, beta, rotary_dim, arithmetic) for beta in turns)
    first = max(_floor(low, arithmetic), 0)
    n = max(min(-_floor(-high, arithmetic), rotary_dim - 1) - first, 1)
    steps = [min(max(i - first, 0), n) for i in range(rotary_dim // 2)]
    if scaling.rope_type == "mrrope_uni":
        return steps, Fraction(1, n)
    return [t * (t + 1) for t in steps], Fraction(1, n * (n + 1))


_POWERED = {
    "ntk_aware": _ntk_aware,
    "dynamic": _ntk_aware,
    "ntk_rcd": _ntk_rcd,
    "mrrope_uni": _mrrope,
    "mrrope_pro": _mrrope,
}
Share = Any  # a Fraction where it is exact, else a Real


def _linear(_: Scaling, __: int, plain: Sequence[Real], ___: Arithmetic) -> list[Share]:
    return [Fraction(1)] * len(plain)


def _yarn(
    scaling: Scaling, rotary_dim: int, plain: Sequence[Real], arithmetic: Arithmetic
) -> list[Share]:
    """g_i = clamp((i - low) / (high - low), 0, 1)."""
    turns = scaling.number("beta_fast"), scaling.number("beta_slow")
    low, high = (_pair_of_turns(scaling, beta, rotary_dim, arithmetic) for beta in turns)
    if scaling.flag("truncate"):
        low, high = Fraction(_floor(low, arithmetic)), Fraction(-_floor(-high, arithmetic))
    low, high = _between(low, 0, None, arithmetic), _between(high, None, rotary_dim - 1, arithmetic)
    if _is_exact(low) and _is_exact(high):
        high += SAME_PAIR if low == high else 0
    else:
        same = turns[0] == turns[1] and not _is_exact(low) and not _is_exact(high)
        low, high = (arithmetic.number(end) if _is_exact(end) else end for end in (low, high))
        high = high + arithmetic.number(SAME_PAIR) if same else high
    width = _nonzero(high - low, arithmetic)
    ramp = [(i - low) / width for i in range(len(plain))]
    return [_between(share, 0, 1, arithmetic) for share in ramp]


def _pair_of_turns(
    scaling: Scaling, turns: Fraction, rotary_dim: int, arithmetic: Arithmetic
) -> Real:
    """r ln(L / (2 pi turns)) / (2 ln b)."""
    number, log = arithmetic.number, arithmetic.log
    length = log(number(scaling.number("original_context") / (2 * turns))) - log(arithmetic.pi())
    return (
        length * number(Fraction(rotary_dim, 2)) / _nonzero(log(number(scaling.base)), arithmetic)
    )


def _llama3(scaling: Scaling, _: int, plain: Sequence[Real], arithmetic: Arithmetic) -> list[Share]:
    """1 - h_i,  h_i = clamp((L f_i / (2 pi) - low) / (high - low), 0, 1)."""
    low, high = scaling.number("low_freq_factor"), scaling.number("high_freq_factor")
    length = arithmetic.number(scaling.number("original_context") / 2) / arithmetic.pi()
    turns, bottom = [f * length for f in plain], arithmetic.number(low)
    if low == high:
        return [Fraction(_is_below(turn, bottom, arithmetic)) for turn in turns]
    width = arithmetic.number(high - low)
    return [_between(1 - (turn - bottom) / width, 0, 1, arithmetic) for turn in turns]


_MOVING = {"linear": _linear, "yarn": _yarn, "llama3": _llama3}


def _is_exact(value: Share) -> bool:
    return isinstance(value, Fraction | int)


def _is_below(value: Real, limit: Real, arithmetic: Arithmetic) -> bool:
    if arithmetic.is_negative(value - limit):
        return True
    if arithmetic.is_negative(limit - value):
        return False
    raise UncertainError(f"{arithmetic.bits} bits do not tell on which side of a ramp a pair lies")


def _nonzero(value: Share, arithmetic: Arithmetic) -> Share:
    """What is divided by."""
    if _is_negative(value, arithmetic) or _is_negative(-value, arithmetic):
        return value
    raise UncertainError(f"{arithmetic.bits} bits do not tell the base from 1, or a ramp's ends")


def _floor(value: Real, arithmetic: Arithmetic) -> int:
    whole = arithmetic.units(value, 0)[0]
    if arithmetic.is_negative(value - (whole + 1)):
        return whole
    raise UncertainError(f"{arithmetic.bits} bits do not tell at which pair YaRN's ramp ends")


def _between(value: Share, least: int | None, most: int | None, arithmetic: Arithmetic) -> Share:
    """min(max(value, least), most): a set around an end contains that of its members as it is."""
    if least is not None and _is_negative(value - least, arithmetic):
        return Fraction(least)
    return value if most is None or not _is_negative(most - value, arithmetic) else Fraction(most)


def _is_negative(value: Share, arithmetic: Arithmetic) -> bool:
    return value < 0 if _is_exact(value) else arithmetic.is_negative(value)
