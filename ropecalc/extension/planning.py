"""The public functions: ways from one context to a longer one, from a base or from a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ropecalc.errors import InvalidValueError, UnsupportedError
from ropecalc.extension.advice import ORIGINAL, advise
from ropecalc.extension.criteria import (
    checked_length,
    contrast,
    critical_base,
    critical_dimension,
    unseen_phases,
)
from ropecalc.extension.methods import METHODS, Way, method_named, settings, untrained
from ropecalc.isolated import isolated
from ropecalc.models.lengths import original_of
from ropecalc.models.named import as_model
from ropecalc.results.configs import EVERY_LAYER, Rope, chosen_ropes
from ropecalc.results.plans import Candidate, Plan
from ropecalc.scaling import Base, default, exact_base
from ropecalc.scaling.domains import checked_weights
from ropecalc.spectrum import check_weights

if TYPE_CHECKING:
    from os import PathLike

    from ropecalc.progress import Progress
    from ropecalc.results import ModelConfig
    from ropecalc.spectrum import Spectrum

FINE = 1_000  # parts of the progress of one method
SCALED = ("yarn", "llama3", "linear")  # their factors are looked for: the others raise the base
UNLIKE = ("proportional", "ntk_fixed")  # frequencies that are no powers of a base, before scaling


@isolated
def plan(
    base: Base,
    head_dim: int,
    *,
    rotary_dim: int | None = None,
    trained_context: int,
    context: int,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    methods: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Ways from one context to a longer one, each evaluated at the longer.

    With b the base, L the original and L' the new context, s = L'/L, r the rotated dimensions; L is
    the context that the head was trained on:

    ============  ==================================================================
    minimum-base  the smallest base that meets the bound at L' (``min_base``)
    round-base    the first base of two digits that meets it, b or more
    roomy-base     the first such base all within 1 % of which meets it
    safe-base     the base above which every base meets it, where a table has it
    liu           b^(ln(L'/2pi) / ln(L/2pi)): no pair reaches an unseen angle [Liu2023]
    ntk-aware     b s^(r/(r-2)) [bloc97]
    dynamic       dynamic NTK of factor s on L, as it is at L' tokens [emozilla]
    yarn          factor s on L, transformers' ramp and attention factor [Peng2023]
    llama3        factor s on L, low_freq_factor 1, high_freq_factor 4 [Llama 3.1]
    linear        factor s: position interpolation [Chen2023]
    ============  ==================================================================

    Yarn, llama3 and linear come with the first two-digit factor that meets the bound at L' with 1 %
    of room beside s (``factor_with_room``).

    Each comes with the bound at L' on its effective frequencies (as ``check`` has it), the
    similarity at the last distance, the pairs that meet unseen angles in training (those that
    turned less than once within L, and go further within L'), and how well a token is still told
    from its neighbours. A method that has no setting here is left out, and ``notes`` says why.
    ``advise`` in ``ropecalc.extension.advice`` has the rules of the two recommendations; they are
    chosen among the methods that were asked for.

    Where no table has the minimum base, as with weights, it is swept for up to 32,768 tokens, which
    takes a second. Beyond, ``methods`` has to name the methods of the bound: minutes for a million.

    Parameters
    ----------
    base : > 1, at most 1e300
    head_dim, rotary_dim, weights, count_unrotated : as in Spectrum; with weights the bound, the
        bases that meet it, similarity and contrast are those of the weighted head
    trained_context : int, >= 7, tokens
    context : int, > trained_context, at most 2^30, tokens
    methods : of ``ropecalc.extension.METHODS``; all unless given
    progress : called with (parts done, parts in all)

    Raises
    ------
    InvalidValueError

    >>> found = plan(1e6, 128, trained_context=32_768, context=131_072, methods=["liu", "yarn"])
    >>> [(one.method, one.rope.base, one.unseen_pairs) for one in found.candidates]
    [('liu', 9370821.04..., 0), ('yarn', 1000000.0, 0)]
    """
    spectrum = default(base, head_dim, rotary_dim=rotary_dim)  # which checks all three
    rope = Rope(
        EVERY_LAYER,
        "default",
        float(exact_base(base)),
        spectrum.head_dim,
        spectrum.rotary_dim,
        context=trained_context,
    )
    head = _Head(None, rope, count_unrotated, checked_weights(weights))
    lengths = _Lengths(trained_context, trained_context)
    return _planned(head, lengths, context, methods, progress)


@isolated
def plan_model(
    model: ModelConfig | str | PathLike[str],
    context: int,
    *,
    trained_context: int | None = None,
    layer: str | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    methods: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The same for a model, whose own scaling, where it has one, is the "original".

    The methods begin from its plain base and its original context, as
    ``ropecalc.models.lengths.original_of`` has it: that of its scaling, of its maker's recipe, or
    what it was trained on, and its configured context where no source says more. The method that
    the model has itself keeps its other parameters, and its factor grows from the model's own as
    the context that the file is for grows to the target. Phases are new where training did not show
    them: on the trained context where a source has that, in the scaled frequencies where it is
    longer than the original one; else where the original context does not.

    Parameters
    ----------
    model : from ``read_config`` or ``find_model``, or a known model's name or a path
    trained_context : what it was trained on, in the place of both lengths, tokens
    layer : the ``layer_type`` to plan for; the one that sees the whole context unless given

    The other parameters, and the errors, as in ``plan``; UnsupportedError for frequencies that
    are no powers of a base.
    """
    model = as_model(model)
    rope = chosen_ropes(model, layer)[0]
    if rope.rope_type in UNLIKE:
        raise UnsupportedError(
            f"{model.source}: there is no plan for {rope.rope_type} frequencies yet: "
            "ropecalc inspect evaluates them as they are"
        )
    start = original_of(model, rope) if trained_context is None else None
    original = trained_context if start is None else start.context
    if original is None:
        raise InvalidValueError(
            "trained_context",
            f"the original context is not in {model.source}: give what it was trained on",
        )
    trained = model.trained_context if trained_context is None else trained_context
    head = _Head(model, rope, count_unrotated, checked_weights(weights))
    found = _planned(head, _Lengths(original, trained), context, methods, progress)
    notes = (*_model_notes(found, rope), *found.notes)
    return replace(found, start=start, notes=notes)


class _Lengths(NamedTuple):
    """Where the ways begin, and what training showed, tokens."""

    original: int
    trained: int | None


class _Head(NamedTuple):
    """What a plan is for."""

    model: ModelConfig | None
    rope: Rope
    count_unrotated: bool
    weights: tuple[float, ...] | None


def _planned(
    head: _Head,
    lengths: _Lengths,
    context: int,
    methods: Sequence[str] | None,
    progress: Progress | None,
) -> Plan:
    original, context, chosen = _checked(lengths.original, context, methods)
    model, rope = head.model, head.rope
    check_weights(head.weights, rope.rotary_dim // 2)
    plain = replace(rope, rope_type="default", parameters={}, context=context)
    steps = _Steps(progress, len(chosen) + 1)
    named = methods is not None
    way = Way(plain, rope, original, context, head.count_unrotated, head.weights, named, steps)
    seen = lengths.trained or original
    look = _Look(way, _seen(model, rope, way, seen), min(seen, way.reach))
    as_it_is = look.at(ORIGINAL, replace(rope, context=context))
    found: list[Candidate] = []
    notes: list[str] = []
    for method, setting in settings(way, chosen):
        steps.done += 1
        outcome = setting if isinstance(setting, str) else look.tried(method, setting)
        if isinstance(outcome, str):
            notes.append(outcome)
        else:
            found.append(outcome)
    draft = Plan(
        model=model,
        head_dim=rope.head_dim,
        rotary_dim=rope.rotary_dim,
        base=rope.base,
        original_context=original,
        trained_context=lengths.trained,
        context=context,
        original=as_it_is,
        candidates=tuple(found),
        critical_dimension=critical_dimension(rope.base, rope.rotary_dim, original),
        critical_base=critical_base(rope.base, original, context),
        with_training="",
        with_training_reason="",
        without_training="",
        without_training_reason="",
        notes=tuple(notes),
    )
    return advise(draft)


def _checked(
    original: int, context: int, methods: Sequence[str] | None
) -> tuple[int, int, tuple[str, ...]]:
    """The lengths, and the methods in the order of ``METHODS``."""
    from ropecalc.similarity import MAX_SEARCH, checked_context

    original = checked_length("trained_context", original)
    context = checked_context(context, MAX_SEARCH)
    if context <= original:
        raise InvalidValueError(
            "context",
            f"context must be longer than the original {original:,} tokens, got {context:,}",
        )
    asked = METHODS if methods is None else tuple(map(method_named, methods))
    return original, context, tuple(method for method in METHODS if method in asked)


def _seen(model: ModelConfig | None, rope: Rope, way: Way, length: int) -> Spectrum:
    """The frequencies that training had: plain ones, unless it went on with the model's scaling.

    A scaling that does not say where it starts was there up to the configured context.
    """
    from ropecalc.scaling import from_rope

    start = None if model is None else original_of(model, rope)
    scaled = start is not None and (length > start.context or not start.sourced)
    return from_rope(rope if scaled else way.plain, length, count_unrotated=way.count_unrotated)


class _Steps:
    """Progress over all methods, of which ``done`` are."""

    def __init__(self, progress: Progress | None, parts: int) -> None:
        self.progress = progress
        self.parts = parts
        self.done = 0

    def __call__(self, done: int, total: int) -> None:
        if self.progress is not None:
            within = FINE * self.done + FINE * done // max(total, 1)
            self.progress(min(within, FINE * self.parts), FINE * self.parts)


class _Look:
    """Looks at settings at the target, all in the same way."""

    def __init__(self, way: Way, seen: Spectrum, length: int) -> None:
        self.way = way
        self.seen = seen, length
        self.before = self._spectrum(way.own, ORIGINAL)

    def _spectrum(self, rope: Rope, label: str) -> Spectrum:
        from ropecalc.scaling import from_rope

        way = self.way
        return from_rope(
            rope,
            way.context,
            weights=way.weights,
            count_unrotated=way.count_unrotated,
            label=label,
        )

    def tried(self, method: str, rope: Rope) -> Candidate | str:
        """The same, or a sentence on why it has none."""
        try:
            return replace(self.at(method, rope), factor_with_room=self._with_room(rope))
        except InvalidValueError as error:
            return f"{method} cannot be had here: {error}."

    def _with_room(self, rope: Rope) -> float | None:
        """The factor of a scaling that meets the bound at the target with room."""
        from ropecalc.base.factor import recommended_factor
        from ropecalc.checking import QUICK_DIM, QUICK_FACTOR

        way = self.way
        quick = way.context <= QUICK_FACTOR and rope.rotary_dim <= QUICK_DIM
        if rope.rope_type not in SCALED or not quick:
            return None
        return recommended_factor(
            rope,
            way.context,
            weights=way.weights,
            count_unrotated=way.count_unrotated,
            progress=way.progress,
        )

    def at(self, method: str, rope: Rope) -> Candidate:
        """One setting at the target."""
        from ropecalc.checking import check
        from ropecalc.similarity import similarity_at

        way, spectrum = self.way, self._spectrum(rope, method)
        last = float(similarity_at(spectrum, way.reach - 1))
        pairs, turns = unseen_phases(*self.seen, spectrum, way.reach)
        return Candidate(
            method=method,
            rope=rope,
            spectrum=spectrum,
            check=check(spectrum, way.reach, next_base=False, room=False, progress=way.progress),
            similarity_at_target=last / spectrum.total,
            unseen_pairs=pairs,
            unseen_turns=turns,
            blur_1=contrast(spectrum, self.before, 1),
            blur_16=contrast(spectrum, self.before, 16),
            without_training=method != ORIGINAL and untrained(method),
        )


def _model_notes(plan: Plan, rope: Rope) -> Iterator[str]:
    model, context = plan.model, plan.context
    if model is None:
        return
    if rope.rope_type != "default":
        text = (
            f'The model has {rope.rope_type} scaling of its own: "original" is with it, and all '
            "other methods put theirs in its place, on its plain base and "
            f"{plan.original_context:,} tokens."
        )
        cure = " If it was trained further with its scaling, give that length for the trained one."
        yield text + ("" if plan.trained_context else cure)
    others = [other for other in model.ropes if other.layer_type != rope.layer_type]
    if others:
        kinds = " and ".join(_kind(other) for other in others)
        yield f"This plan is for the {rope.layer_type} layers; {kinds} are left as they are."
    if rope.window is not None and rope.window < context:
        yield (
            f"These layers look back {rope.window:,} tokens: greater distances do not occur in "
            "them, and the bound is evaluated below that."
        )


def _kind(rope: Rope) -> str:
    back = "" if rope.window is None else f" (which look back {rope.window:,} tokens)"
    return f"{rope.layer_type}{back}"
