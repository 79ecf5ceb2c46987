"""The settings that lead to a longer context: each way as a Rope."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ropecalc.errors import InvalidValueError
from ropecalc.extension.criteria import critical_base
from ropecalc.likeness import none_of

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.progress import Progress
    from ropecalc.results import MinimumBase, Rope

LOW_FREQ_FACTOR, HIGH_FREQ_FACTOR = 1.0, 4.0  # Llama 3.1's


@dataclass(frozen=True)
class Way:
    """From where to where: what every method makes its setting of."""

    plain: Rope
    """The head with the model's own base, without scaling; its context is the target."""
    own: Rope
    """The same with the model's own scaling."""
    original_context: int
    context: int
    count_unrotated: bool
    weights: tuple[float, ...] | None = None
    named: bool = True
    """Whether the methods were named: then a search takes what it takes."""
    progress: Progress | None = field(default=None, compare=False)

    @property
    def reach(self) -> int:
        """The distances that occur at the target lie below it: the window's, if that is shorter."""
        return min(self.context, self.plain.window or self.context)

    @property
    def factor(self) -> float:
        """s = L' / L."""
        return self.context / self.original_context

    @property
    def is_free(self) -> bool:
        """Whether every base meets the bound, since the unrotated pairs outweigh the rotated."""
        return self.family.always_holds

    def has(self, method: str) -> bool:
        """Whether a method's base is there to be had: from a table, quickly, or asked for by name.

        A base with room above the model's own may lie above the one that a table has.
        """
        from ropecalc.base.lookup import reaches
        from ropecalc.base.minimum import QUICK_SEARCH
        from ropecalc.checking import QUICK_DIM

        quick = self.reach <= QUICK_SEARCH and self.plain.rotary_dim <= QUICK_DIM
        if self.named or quick:
            return True
        if not reaches("minimum", self.family, self.reach):
            return False
        if method != "roomy-base" or self.start is None:
            return True
        return self.known is not None and self.known >= self.start

    @cached_property
    def family(self) -> Family:
        """The head over all bases."""
        from ropecalc.base.family import family_of

        head = self.plain.head_dim, self.plain.rotary_dim
        return family_of(*head, self.weights, self.count_unrotated)

    @cached_property
    def least(self) -> MinimumBase:
        """The minimum base at the target, and the safe base from a table."""
        from ropecalc.base.minimum import min_base

        return min_base(
            self.plain.head_dim,
            self.reach,
            rotary_dim=self.plain.rotary_dim,
            weights=self.weights,
            count_unrotated=self.count_unrotated,
            round_digits=None,
            integer=False,
            window=False,
            recommended=False,
            progress=self.progress,
        )

    @cached_property
    def known(self) -> float | None:
        """The base with room that a table has."""
        from ropecalc.base.recommended import known_base

        return known_base(self.family, self.reach)

    @property
    def start(self) -> float | None:
        """Where to look for a base: none below the minimum meets the bound.

        And none below the model's own is a way to a longer context.
        """
        least = self.least.minimum_base
        return None if least is None or self.is_free else max(least, self.plain.base)

    def with_base(self, base: float | None) -> Rope | None:
        """The setting of a plain base."""
        return None if base is None else replace(self.plain, base=base)

    def growth(self, rope_type: str) -> float:
        """The factor of a method: s; for the model's own method its own factor, grown.

        It grows as the context that it was published for grows to the target.
        """
        own = self.own
        if own.rope_type != rope_type or own.factor is None or own.context is None:
            return self.factor
        return max(own.factor * self.context / own.context, 1.0)

    def scaled(self, rope_type: str, **parameters: Any) -> Rope:
        """The setting of a scaling method on the model's own base.

        Where the model has that method itself, all but the factor stays as it is, such as
        ``original_context`` and ``beta_fast``; not an ``attention_factor``, which goes with the
        factor.
        """
        same = self.own.rope_type == rope_type
        dropped = ("factor", "attention_factor")
        kept = {k: v for k, v in self.own.parameters.items() if same and k not in dropped}
        return replace(self.plain, rope_type=rope_type, parameters={**parameters, **kept})


def _minimum(way: Way) -> Rope | None:
    return None if way.is_free else way.with_base(way.least.minimum_base)


def _round(way: Way) -> Rope | None:
    from ropecalc.base.rounding import first_round_base

    if way.start is None:
        return None
    return way.with_base(first_round_base(way.family, way.reach, way.start, 2))


def _wide(way: Way) -> Rope | None:
    if way.start is None:
        return None
    if way.known is not None and way.known >= way.start:
        return way.with_base(way.known)
    from ropecalc.base.room import wide_base

    return way.with_base(wide_base(way.family, way.reach, way.start, way.progress))


def _safe(way: Way) -> Rope | None:
    return None if way.is_free else way.with_base(way.least.safe_base)


def _liu(way: Way) -> Rope | None:
    return way.with_base(critical_base(way.plain.base, way.original_context, way.context))


def _ntk(way: Way) -> Rope | None:
    from ropecalc.scaling import ntk_aware_base

    return way.with_base(ntk_aware_base(way.plain.base, way.plain.rotary_dim, way.factor))


def _linear(way: Way) -> Rope | None:
    return way.scaled("linear", factor=way.growth("linear"))


def _dynamic(way: Way) -> Rope | None:
    return way.scaled("dynamic", factor=way.factor, original_context=way.original_context)


def _yarn(way: Way) -> Rope | None:
    return way.scaled("yarn", factor=way.growth("yarn"), original_context=way.original_context)


def _llama3(way: Way) -> Rope | None:
    return way.scaled(
        "llama3",
        factor=way.growth("llama3"),
        original_context=way.original_context,
        low_freq_factor=LOW_FREQ_FACTOR,
        high_freq_factor=HIGH_FREQ_FACTOR,
    )


_MAKERS: dict[str, tuple[Callable[[Way], Rope | None], bool]] = {
    "minimum-base": (_minimum, False),
    "round-base": (_round, False),
    "roomy-base": (_wide, False),
    "safe-base": (_safe, False),
    "liu": (_liu, True),
    "ntk-aware": (_ntk, True),
    "dynamic": (_dynamic, True),
    "yarn": (_yarn, True),
    "llama3": (_llama3, False),
    "linear": (_linear, False),
}
METHODS = tuple(_MAKERS)


def method_named(name: str) -> str:
    """The method of a name, in whatever case, or InvalidValueError with those that there are.

    >>> method_named("YaRN"), method_named("ntk_aware")
    ('yarn', 'ntk-aware')
    """
    found = name.strip().lower().replace("_", "-")
    if found not in METHODS:
        raise none_of("method", name, METHODS)
    return found


OF_THE_BOUND = ("minimum-base", "round-base", "roomy-base", "safe-base")


def untrained(method: str) -> bool:
    """Whether a method is meant to be used without further training."""
    return _MAKERS[method][1]


def settings(way: Way, methods: Sequence[str]) -> Iterator[tuple[str, Rope | str]]:
    """Each method with its setting, or with a sentence on why it has none here."""
    bound = [method for method in methods if method in OF_THE_BOUND]
    slow = [] if way.is_free else [method for method in bound if not way.has(method)]
    for method in methods:
        if method in slow or (way.is_free and method in bound):
            continue
        try:
            rope = _MAKERS[method][0](way)
        except InvalidValueError as error:
            yield method, f"{method} cannot be had here: {error}."
        else:
            yield method, rope if rope is not None else _reason(way, method)
    if bound and way.is_free:
        yield bound[0], f"Every base meets the bound with this head: no {_list(bound)}."
    if slow:
        searched = " ".join(f"--method {method}" for method in slow)
        text = f"No table has a base for this head and {way.reach:,} tokens: {searched}"
        yield slow[0], f"{text} searches, which may take minutes."


def _list(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def _reason(way: Way, method: str) -> str:
    """Why a method of the bound has no setting."""
    if method != "safe-base" or way.least.minimum_base is None:
        return f"{method}: no base up to 1e300 meets the bound."
    head = f"--dim {way.plain.head_dim}"
    if way.plain.rotary_dim != way.plain.head_dim:
        head += f" --rotary-dim {way.plain.rotary_dim}"
    head += "" if way.count_unrotated else " --ignore-unrotated"
    head += "" if way.weights is None else " --weights FILE"
    return (
        "safe-base: no table has it for this head and context; "
        f"ropecalc min-base {head} --ctx {way.context} --safe computes it."
    )
