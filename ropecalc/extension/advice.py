"""Which way to a longer context: rules, and their reasons with the numbers of the plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ropecalc.results import Candidate, ModelConfig, Plan, Rope
    from ropecalc.results.configs import Recipe

ORIGINAL = "original"
PUBLISHED = 4.0  # the factor that Qwen2.5 and Qwen3 publish for YaRN without training
TRIED = 8.0  # beyond it, no published use without training is known to keep its quality
ROOM = "1%"  # base.room
TRAINED_FIRST = (
    "roomy-base round-base safe-base minimum-base liu ntk-aware yarn llama3 dynamic linear"
).split()
UNTRAINED_FIRST = (
    "yarn ntk-aware dynamic liu llama3 round-base roomy-base minimum-base safe-base linear"
).split()


def advise(plan: Plan) -> Plan:
    """The plan with its two recommendations.

    With training on texts of the target length, the first of these that applies:

    1. the head as it is, where the model's own scaling is meant for the target or more: it was
       trained so;
    2. the same where it meets the bound at the target already;
    3. the model's own method with the greater factor, where it has one that was evaluated: its
       weights know that kind of frequencies;
    4. Liu's critical base, where every base meets the bound, which then names none;
    5. roomy-base: the first two-digit base that meets the bound with 1% to spare on either side.
       Not the minimum base: windows near it are slivers, met by a hair. Not interpolation: it needs
       training as well, and blurs neighbours; raised bases have done as well or better after the
       same training [Xiong2023], [Shang2025];
    6. of what was asked for, the first in the order of ``TRAINED_FIRST``.

    Without training:

    1. the head as it is, where the model's own scaling is meant for the target or more;
    2. the model's own method with the greater factor, where it has one that was evaluated;
    3. the scaling that the model's maker publishes, with the factor that the target takes;
    4. YaRN: pairs that finished many turns in training keep their frequencies, and slow ones stay
       within the angles that they have seen. A factor of 4 is in published use; up to 8 it is
       worth a try; beyond, it is named as the least bad, with the advice to train;
    5. of what was asked for, the first in the order of ``UNTRAINED_FIRST``.

    Where that is a scaling whose factor breaks the bound, the smallest two-digit factor that meets
    it with room is named beside it.

    Both are rules of thumb on top of one criterion: nothing here measures quality.
    """
    trained, why_trained = _with_training(plan)
    untrained, why_untrained = _without_training(plan)
    why_trained += _with_room(plan.candidate(trained))
    why_untrained += _with_room(plan.candidate(untrained))
    return replace(
        plan,
        with_training=trained,
        with_training_reason=why_trained,
        without_training=untrained,
        without_training_reason=why_untrained,
    )


def reaches_by_itself(model: ModelConfig | None, rope: Rope, context: int) -> bool:
    """Whether a model's own scaling is meant for a context."""
    own = None if model is None or rope.rope_type == "default" else model.context
    return own is not None and own >= context


# --- with training ------------------------------------------------------------------------------


def _with_training(plan: Plan) -> tuple[str, str]:
    if reaches_by_itself(plan.model, plan.original.rope, plan.context):
        return ORIGINAL, (
            f"The model's file is for {_own_context(plan):,} tokens with the "
            f"{plan.original.rope.rope_type} scaling that it has: keep it while you train. With it "
            f"{_bound(plan, plan.original)}."
        )
    if plan.original.check.holds and not _is_free(plan):
        return ORIGINAL, _keep_reason(plan)
    own_way = plan.candidate(plan.original.rope.rope_type)
    if own_way is not None:
        return own_way.method, (
            f"The model has {own_way.method} scaling, which its weights know: "
            f"{_setting(own_way)} goes on with it. {_evidence(plan, own_way, start=True)}"
        )
    liu = plan.candidate("liu")
    if liu is not None and _is_free(plan):
        return "liu", _liu_reason(plan, liu)
    found = _first(plan, TRAINED_FIRST)
    return found.method, _TRAINED.get(found.method, _plainly)(plan, found)


def _keep_reason(plan: Plan) -> str:
    at = f"{plan.context:,} tokens"
    return (
        f"The bound holds at {at} as it is: keep the setting, and train on texts of that length, "
        f"which show the model the angles it has not seen ({_phases(plan.original)})."
    )


def _liu_reason(plan: Plan, found: Candidate) -> str:
    why = "With half of the head or more left unrotated"
    if plan.original.check.weighted:
        why = "Where the unrotated pairs outweigh the rotated"
    return (
        f"{why} every base meets the bound, which has no say here. Base "
        f"{_number(found.rope.base)}, Liu's critical base, takes no pair to an angle that it has "
        "not seen, and is a base to begin from."
    )


def _wide_reason(plan: Plan, found: Candidate) -> str:
    return (
        f"Base {_number(found.rope.base)} is the first of two digits that meets the bound at "
        f"{plan.context:,} tokens with {ROOM} to spare on either side{_less_room(plan)}. "
        f"{_taught(found)} {_neighbours(plan, found)}{_other_criterion(plan, found)}"
    )


def _less_room(plan: Plan) -> str:
    """What is met by a hair, where that is another base."""
    closest, wide = plan.candidate("round-base"), plan.candidate("roomy-base")
    if closest is None or wide is None or closest.rope.base == wide.rope.base:
        return ""
    return f" ({_number(closest.rope.base)} meets it too, with less room)"


def _taught(found: Candidate) -> str:
    if not found.unseen_pairs:
        return "No pair reaches an unseen angle: a little training may be enough."
    return f"{_phases(found, start=True)}: training on long texts shows them."


def _neighbours(plan: Plan, found: Candidate) -> str:
    kept = f"keeps {_percent(found.blur_1)} of the contrast between neighbours"
    linear = plan.candidate("linear")
    if linear is None:
        return f"The base {kept}."
    other = f"linear, which needs training as well, would keep {_percent(linear.blur_1)}"
    return f"The base {kept}; {other}."


def _other_criterion(plan: Plan, found: Candidate) -> str:
    if plan.critical_base <= found.rope.base:
        return ""
    return (
        f" Liu's criterion requires more, {_number(plan.critical_base)}: a base between the two is "
        "as defensible."
    )


def _plainly(plan: Plan, found: Candidate) -> str:
    return (
        f"{_setting(found)}: {_bound(plan, found)}; {_phases(found)}; contrast of neighbours "
        f"{_percent(found.blur_1)}."
    )


def _round_reason(plan: Plan, found: Candidate) -> str:
    return (
        f"Base {_number(found.rope.base)} is the first of two digits that meets the bound at "
        f"{plan.context:,} tokens. {_taught(found)} {_neighbours(plan, found)}"
        f"{_other_criterion(plan, found)}"
    )


_TRAINED: dict[str, Callable[[Plan, Candidate], str]] = {
    "roomy-base": _wide_reason,
    "round-base": _round_reason,
    "liu": _plainly,
}


# --- without training ---------------------------------------------------------------------------


def _without_training(plan: Plan) -> tuple[str, str]:
    rope = plan.original.rope
    if reaches_by_itself(plan.model, rope, plan.context):
        return ORIGINAL, (
            f"The model's own {rope.rope_type} scaling is meant for {_own_context(plan):,} tokens: "
            "use it as it is published."
        )
    own_way = plan.candidate(rope.rope_type)
    if own_way is not None:
        return own_way.method, (
            f"The model has {rope.rope_type} scaling already: {_setting(own_way)} takes it to the "
            f"target by the same method. {_evidence(plan, own_way, start=True)} Beyond the "
            f"{_own_context(plan):,} tokens that it was published for, test retrieval over the "
            "whole length."
        )
    recipe = plan.recipe
    published = None if recipe is None else plan.candidate(recipe.rope_type)
    if recipe is not None and published is not None:
        return published.method, _published_reason(plan, recipe, published)
    found = _first(plan, UNTRAINED_FIRST)
    if found.method != "yarn":
        return found.method, _plainly(plan, found)
    return "yarn", f"{_yarn_reason(plan, found)} {_stretch(plan.factor)}{_fallback(plan)}"


def _published_reason(plan: Plan, recipe: Recipe, found: Candidate) -> str:
    """The maker's own way: as it is published, or with the factor that the target takes."""
    factor = found.rope.factor or 1.0
    text = (
        f"{_setting(found)}: the model's maker publishes factor {recipe.factor:g} from "
        f"{recipe.original_context:,} tokens, for up to {recipe.context:,}. "
    )
    if factor > recipe.factor:
        text += f"Factor {factor:.4g} is beyond that: test retrieval over the whole length. "
    return f"{text}With it {_evidence(plan, found)}"


def _yarn_reason(plan: Plan, found: Candidate) -> str:
    factor = found.spectrum.attention_factor
    return (
        f"{_setting(found)} keeps the frequencies of fast pairs and divides those of slow ones: "
        f"{_evidence(plan, found)} The attention factor is {factor:.4g}."
    )


def _own_context(plan: Plan) -> int:
    """The context that the model's file is for, tokens."""
    return (plan.model and plan.model.context) or plan.original_context


def _evidence(plan: Plan, found: Candidate, *, start: bool = False) -> str:
    return (
        f"{_phases(found, start=start)}, contrast of neighbours {_percent(found.blur_1)}, and "
        f"{_bound(plan, found)}."
    )


def _stretch(factor: float) -> str:
    """What is known of so great a factor without training."""
    if factor <= PUBLISHED:
        return "Factors up to 4 are in published use without training, by Qwen2.5 and Qwen3."
    if factor <= TRIED:
        return (
            f"Factor 4 is in published use without training, {factor:.3g} is beyond it: test "
            "retrieval over the whole length before you rely on it."
        )
    return (
        f"No published use without training is known to keep its quality at a factor of "
        f"{factor:.3g}: expect to lose it over the length, and train if you can."
    )


def _fallback(plan: Plan) -> str:
    ntk = plan.candidate("ntk-aware")
    if ntk is None:
        return ""
    return (
        f" Where the stack has no YaRN: ntk-aware, base {_number(ntk.rope.base)}, or more, since "
        f"perplexity tends to rise from half of its length on ({_phases(ntk)})."
    )


def _with_room(found: Candidate | None) -> str:
    """The factor that the bound requires, where the one that was chosen breaks it."""
    if found is None or found.check.holds or found.factor_with_room is None:
        return ""
    return (
        f" Factor {found.factor_with_room:g} meets it with {ROOM} to spare: "
        f"emit --factor {found.factor_with_room:g}."
    )


# --- words --------------------------------------------------------------------------------------


def _first(plan: Plan, order: list[str]) -> Candidate:
    return next((one for m in order if (one := plan.candidate(m)) is not None), plan.original)


def _is_free(plan: Plan) -> bool:
    from ropecalc.base.family import family_of

    spectrum = plan.original.spectrum
    head = plan.head_dim, plan.rotary_dim, spectrum.weights, spectrum.count_unrotated
    return family_of(*head).always_holds


def _setting(found: Candidate) -> str:
    """The method with its number, as in "YaRN with factor 4"."""
    if found.rope.factor is not None:
        return f"{_NAMES.get(found.method, found.method)} with factor {found.rope.factor:.6g}"
    return f"{_NAMES.get(found.method, found.method)}, base {_as_good(found)}"


_NAMES = {"yarn": "YaRN", "dynamic": "dynamic NTK", ORIGINAL: "the setting as it is"}


def _bound(plan: Plan, found: Candidate) -> str:
    check = found.check
    if check.holds:
        return "the bound holds to the target"
    return (
        f"the bound breaks first at {check.first_violation:,} tokens "
        f"({check.violations:,} of {plan.context:,} distances)"
    )


def _phases(found: Candidate, *, start: bool = False) -> str:
    if not found.unseen_pairs:
        return f"{'No' if start else 'no'} pair reaches an unseen angle"
    pairs = found.unseen_pairs
    verb = "reaches" if pairs == 1 else "reach"
    return (
        f"{pairs} of {found.spectrum.n_pairs} pairs {verb} unseen angles, up to "
        f"{found.unseen_turns:.2f} of a turn"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%" if share < 0.995 else f"{100 * share:.0f}%"


def _as_good(found: Candidate) -> str:
    """The base in four digits, rounded up, or in as many more as meet the bound where it does."""
    rope, seen = found.rope, found.check
    if rope.rope_type != "default" or not seen.holds:
        return _number(rope.base)
    return next(text for digits in (4, 10, 17) if _meets(found, text := _number(rope.base, digits)))


def _meets(found: Candidate, base: str) -> bool:
    """Whether a base as it is written meets the bound as the candidate does."""
    from ropecalc.checking import check
    from ropecalc.scaling import from_rope

    value = float(base.replace(",", ""))
    if value == found.rope.base:
        return True
    spectrum = from_rope(
        replace(found.rope, base=value),
        weights=found.spectrum.weights,
        count_unrotated=found.spectrum.count_unrotated,
    )
    asked = found.check.context, found.check.margin
    return check(spectrum, asked[0], margin=asked[1], next_base=False, room=False).holds


def _number(base: float, digits: int = 4) -> str:
    """A base in at most this many digits, rounded up, thousands apart.

    >>> _number(8.8e6), _number(5e5), _number(9370820.87), _number(6.3e22)
    ('8,800,000', '500,000', '9,371,000', '6.3e22')
    """
    from decimal import ROUND_CEILING, Context

    exact = Context(prec=digits, rounding=ROUND_CEILING).plus(Decimal(repr(base)))
    if base < 1e15:
        return f"{exact.normalize():,f}"
    return f"{exact.normalize():e}".replace("e+", "e")
