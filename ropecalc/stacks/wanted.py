"""A setting made ready for writing: its scaling method in the words that stacks have."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ropecalc.results import ModelConfig, Rope, Setting
from ropecalc.results.configs import EVERY_LAYER

TURNS = {"beta_fast": 32.0, "beta_slow": 1.0}  # at the ends of YaRN's ramp, unless given
LISTED = ("mrrope_uni", "mrrope_pro", "cope")  # written as a divisor for each pair
STILL = 1e30  # the divisor of a pair that does not turn: no float of a cosine can show the rest
RATIO = 1e-12  # relative: two floats that close are one number written twice


@dataclass(frozen=True, slots=True)
class Wanted:
    """What all stacks are given."""

    setting: Setting
    rope: Rope
    """The setting's; NTK-aware scaling has become the plain base that it is, and what no stack has
    a name for a divisor a pair."""

    @property
    def context(self) -> int:
        """The context to write, tokens: what was asked for, but no position beyond YaRN's end.

        There vLLM's table of cos and sin ends, and no other stack is given another length.
        """
        return min(self.setting.context, self.reach)

    @property
    def model(self) -> ModelConfig | None:
        """The file that the setting is for."""
        return self.setting.model

    @property
    def factor(self) -> float:
        """The factor of the scaling, 1 without one."""
        return self.rope.factor or 1.0

    @property
    def original(self) -> int | None:
        """The context before scaling, tokens."""
        return self.rope.original_context or self.setting.original_context

    @property
    def own_context(self) -> int | None:
        """The context that the model's file has, tokens."""
        return None if self.model is None else self.model.context

    @property
    def reach(self) -> int:
        """The longest context that the scaling carries, tokens: L s for YaRN."""
        return self.setting.reach

    @property
    def was(self) -> Rope | None:
        """What the model's file has in the place of this rope."""
        if self.model is None:
            return None
        named = [r for r in self.model.ropes if r.layer_type == self.rope.layer_type]
        return (named or list(self.model.ropes))[0]

    @property
    def others(self) -> tuple[Rope, ...]:
        """The model's other kinds of layers whose rope is another: they stay as they are."""
        if self.model is None or self.was is None:
            return ()
        return tuple(r for r in self.model.ropes if deeds(r) != deeds(self.was))

    @property
    def as_it_was(self) -> bool:
        """Whether the model's file has this very rope already."""
        return self.was is not None and same(self.was, self.rope)


def wanted(setting: Setting) -> Wanted:
    """The setting made ready; raises InvalidValueError for a parameter outside its domain."""
    from ropecalc.scaling import from_rope, ntk_aware_base
    from ropecalc.scaling.by_pair import ntk_rcd_base

    rope = setting.rope
    from_rope(rope, max(setting.context, 1))  # whose checks are those of every method
    if rope.rope_type == "ntk_aware":
        base = ntk_aware_base(rope.base, rope.rotary_dim, rope.parameters["factor"])
        rope = replace(rope, rope_type="default", base=base, parameters={})
    elif rope.rope_type == "ntk_rcd":
        base = ntk_rcd_base(rope.base, rope.rotary_dim, **rope.parameters)
        rope = replace(rope, rope_type="default", base=base, parameters={})
    elif rope.rope_type in LISTED:
        rope = as_divided(rope)
    if setting.model is not None and rope.layer_type == EVERY_LAYER:
        rope = replace(rope, layer_type=setting.model.rope.layer_type)
    return Wanted(setting, rope)


def deeds(rope: Rope) -> tuple[object, ...]:
    """All that decides its frequencies and factors."""
    dims = rope.head_dim, rope.rotary_dim
    return rope.rope_type, rope.base, dims, tuple(sorted(_settled(rope).items(), key=str))


def same(one: Rope, other: Rope) -> bool:
    """Whether two ropes have the same method with the same numbers."""
    return deeds(one) == deeds(other)


def _settled(rope: Rope) -> dict[str, object]:
    """The parameters, less those that have their default value."""
    defaults = {**TURNS, "truncate": True} if rope.rope_type == "yarn" else {}
    return {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in rope.parameters.items()
        if value is not None and defaults.get(key) != value
    }


def fixed_base(goal: Wanted) -> Rope | None:
    """The plain rope nearest to a scaling that grows with the length or moves all pairs.

    dynamic becomes the base that it has at the whole context; ntk_fixed differs from b s by one
    common factor s^(-2/r). None for what is near to no plain base.
    """
    from ropecalc.scaling import MAX_BASE, dynamic_base

    rope, given = goal.rope, goal.rope.parameters
    if rope.rope_type == "dynamic":
        parts = given["factor"], given["original_context"], goal.context
        base = dynamic_base(rope.base, rope.rotary_dim, *parts)
    elif rope.rope_type == "ntk_fixed" and rope.base * goal.factor <= MAX_BASE:
        base = rope.base * goal.factor
    else:
        return None
    return replace(rope, rope_type="default", base=base, parameters={})


def nearest(goal: Wanted, label: str) -> tuple[Rope, list[str]]:
    """The rope, or the plain base nearest to it with the sentence that says so."""
    plain = fixed_base(goal)
    if plain is None:
        return goal.rope, []
    method = goal.rope.rope_type
    return plain, [f"{label} has no {method} scaling: here is the plain base nearest to it"]


def as_lists(goal: Wanted) -> Rope:
    """The same frequencies as longrope, whose lists can say any of a fixed length.

    Both lists are theta_plain / theta, and the attention factor is written out.
    """
    from ropecalc.scaling import default, from_rope

    rope = goal.rope
    spectrum = from_rope(rope, goal.context)
    plain = default(rope.base, rope.head_dim, rotary_dim=rope.rotary_dim)
    ratios = tuple((plain.angular_frequencies / spectrum.angular_frequencies).tolist())
    original = goal.original or goal.context
    lists = {
        "short_factor": ratios,
        "long_factor": ratios,
        "original_context": original,
        "factor": max(1.0, goal.context / original),
        "attention_factor": spectrum.attention_factor,
    }
    return replace(rope, rope_type="longrope", parameters=lists)


def as_divided(rope: Rope) -> Rope:
    """The same frequencies as one divisor a pair, theta_plain / theta."""
    from ropecalc.scaling import default, from_rope

    scaled = from_rope(rope)
    plain = default(rope.base, rope.head_dim, rotary_dim=rope.rotary_dim)
    divisors = tuple(
        float(theta / new) if new else STILL
        for theta, new in zip(plain.exact_frequencies, scaled.exact_frequencies, strict=True)
    )
    given = {"divisors": divisors, "attention_factor": scaled.attention_factor}
    return replace(rope, rope_type="divided", parameters=given)


def attention_factor(goal: Wanted) -> float:
    """What cos and sin are multiplied by at the whole context."""
    from ropecalc.scaling import from_rope

    return from_rope(goal.rope, goal.context).attention_factor


def yarn_default(goal: Wanted) -> float:
    """g(s, 1) = 1 + 0.1 ln s: the attention factor of YaRN where nothing else is said."""
    from ropecalc.scaling import mscale

    return mscale(goal.factor, 1.0)


def mscale_for(value: float, factor: float) -> float | None:
    """m with g(s, m) = 1 + 0.1 m ln s = ``value``; None where s = 1, since g is 1 there."""
    slope = 0.1 * math.log(factor)
    return None if slope == 0 else (value - 1) / slope


def near(one: float, other: float) -> bool:
    """Whether two numbers agree to rounding."""
    return abs(one - other) <= RATIO * max(abs(one), abs(other))


def alike(one: Rope, other: Rope, context: int) -> bool:
    """Whether two ropes have the same frequencies and factors at a context, to rounding."""
    from ropecalc.scaling import from_rope

    first, second = from_rope(one, context), from_rope(other, context)
    if first.rotary_dim != second.rotary_dim:
        return False
    gaps = abs(first.angular_frequencies / second.angular_frequencies - 1)
    factors = near(first.attention_factor, second.attention_factor)
    return (
        bool(gaps.max() < RATIO) and factors and near(first.softmax_factor, second.softmax_factor)
    )


def partial_factor(rope: Rope) -> float | None:
    """p with int(head_dim p) = rotary_dim; None where all is rotated, or latent attention is.

    >>> partial_factor(Rope("all", "default", 1e4, 80, 32))
    0.4
    """
    if rope.latent or rope.rotary_dim == rope.head_dim:
        return None
    p = rope.rotary_dim / rope.head_dim
    return p if int(rope.head_dim * p) == rope.rotary_dim else math.nextafter(p, 1.0)
