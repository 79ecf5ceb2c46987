"""What a model's rotary embedding really does, by layer type, and the context it supports."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.models.named import as_model
from ropecalc.progress import part_of
from ropecalc.results import Inspection, LayerInspection, ModelConfig, Rope
from ropecalc.results.configs import chosen_ropes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from ropecalc.precision.recipes import RecipeName
    from ropecalc.precision.storage import Dtype
    from ropecalc.progress import Progress
    from ropecalc.results import Check, Precision
    from ropecalc.spectrum import Spectrum

Bases = tuple[float | None, float | None]


@isolated
def inspect(
    model: ModelConfig | str | PathLike[str],
    context: int | None = None,
    *,
    layer: str | None = None,
    count_unrotated: bool = True,
    bases: bool = True,
    weights: Sequence[float] | None = None,
    dtype: Dtype | None = None,
    recipe: RecipeName = "transformers",
    progress: Progress | None = None,
) -> Inspection:
    """What the rotary embeddings of a model do, how far the bound holds, and the findings.

    One LayerInspection a kind of layer, in the model's order. The bound is that of ``check``, on
    the effective frequencies, at the distances that occur: below the context, or below the window
    of a layer that looks back no further. A method whose frequencies depend on the length
    (``scaling.LENGTH_DEPENDENT``) has two where the context lies beyond the original one: as it
    is within the original context, and as it is at the whole context, each over its own length.

    ``minimum_base`` and ``safe_base`` are those of a plain spectrum with the same head over the
    same distances, for comparison: what they would have been without scaling. They are given
    where they take no longer than a second or so: from the shipped tables, by a sweep up to
    32,768 tokens and 512 rotated dimensions, and up to 2^20 tokens where at most four fifths of
    the head are rotated; the safe base only from a table, or where every base meets the bound.
    Elsewhere they are None, and ``min_base`` computes them. ``minimum_factor`` is that of the
    layers' own scaling over the same distances, up to 2^20 tokens and 512 rotated dimensions.

    Parameters
    ----------
    model : from ``read_config``, or a known model's name or a path
    context : int, 1 to 17,179,869,184, tokens; the model's own unless given. Where neither is
        known, ``check`` is None, save in layers with a window and for methods with an original
        context.
    layer : the one ``layer_type`` to look at; all unless given
    count_unrotated : whether unrotated pairs count in S, as in Spectrum
    bases : whether to look for the minimum and the safe base, and the minimum factor
    weights : as in Spectrum, for every kind of layer that is examined
    dtype, recipe : the arithmetic to look at the bound in as well, as ``check_in_dtype`` has them;
        None does not
    progress : called with (parts done, parts in all)

    Raises
    ------
    ConfigError
        A parameter of the file's is outside its domain.
    InvalidValueError
        A context outside its domain, or a layer type that the model does not have.

    >>> from ropecalc import ModelConfig, Rope
    >>> rope = Rope("all", "linear", 1e4, 128, 128, {"factor": 8}, context=32_768)
    >>> model = ModelConfig("example", "transformers-4", None, (rope,), 32_768)
    >>> found = inspect(model).layers[0]
    >>> found.check.first_violation, found.unfinished_pairs, round(found.minimum_base)
    (13649, 18, 629978)
    """
    from ropecalc.lint import findings
    from ropecalc.scaling.domains import checked_weights
    from ropecalc.similarity import checked_context

    model = as_model(model)
    ropes = chosen_ropes(model, layer)
    if context is not None:
        context = checked_context(context)
    asked = model.context if context is None else context
    stages = [
        (rope, length)
        for rope in ropes
        for length in _lengths(rope, (rope.context or asked) if context is None else context)
    ]
    work = _Work(count_unrotated, bases, dtype, recipe, checked_weights(weights))
    turned = model.trained_context or model.context
    try:
        layers = [
            _layer(rope, length, turned, work, part_of(progress, index, len(stages)))
            for index, (rope, length) in enumerate(stages)
        ]
    except InvalidValueError as error:
        if error.parameter == "context" and context is not None:
            raise
        if error.parameter == "weights" and weights is not None:
            raise
        raise ConfigError(f"{model.source}: {error}") from None
    about = {None, *(rope.layer_type for rope in ropes)}
    found = tuple(finding for finding in findings(model) if finding.layer_type in about)
    return Inspection(model, asked, tuple(layers), found)


@isolated
def check_model(
    model: ModelConfig | str | PathLike[str],
    context: int | None = None,
    *,
    layer: str | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    next_base: bool | None = None,
    progress: Progress | None = None,
) -> Check:
    """Whether a model meets the bound at a context, with the scaling that it has: ``check`` of it.

    One kind of layer, at the distances that occur: below the context, or below the attention
    window of a layer that looks back no further. ``inspect`` has every kind.

    Parameters
    ----------
    model : a known model's name, a path, or what ``read_config`` read
    context : int, 1 to 17,179,869,184, tokens; the model's own unless given
    layer : the kind of layer; the model's first unless given, which is full attention if it has any
    weights, count_unrotated : as in Spectrum
    margin, next_base, progress : as in ``check``

    Raises
    ------
    ConfigError
        A file that cannot be read, or a parameter of it outside its domain.
    InvalidValueError
        A name that is not known, or a context that is not known either or outside its domain.

    >>> found = check_model("Mistral-7B-v0.3", 65_536)
    >>> found.holds, found.first_violation, found.recommended_base
    (False, 27115, 4900000.0)
    """
    from ropecalc.checking import check
    from ropecalc.scaling import from_rope

    model = as_model(model)
    rope = model.rope if layer is None else chosen_ropes(model, layer)[0]
    length = rope.context if context is None else context
    reach = replace(rope, context=length).reach
    if reach is None:
        raise InvalidValueError("context", f"the context of {model.source} is not known: give it")
    spectrum = from_rope(
        rope, length, weights=weights, count_unrotated=count_unrotated, label=model.source
    )
    return check(spectrum, reach, margin=margin, next_base=next_base, progress=progress)


def _lengths(rope: Rope, context: int | None) -> list[int | None]:
    """The lengths at which to look at a rope."""
    from ropecalc.scaling import LENGTH_DEPENDENT

    original = rope.original_context
    if rope.rope_type not in LENGTH_DEPENDENT or original is None:
        return [context]
    if context is None:
        return [original]
    return [context] if context <= original else [original, context]


@dataclass(frozen=True, slots=True)
class _Work:
    """What was asked of all layers, and what is known already: equal ones are done once."""

    count_unrotated: bool
    bases: bool
    dtype: Dtype | None = None
    recipe: RecipeName = "transformers"
    weights: tuple[float, ...] | None = None
    checks: dict[tuple[Spectrum, int], Check] = field(default_factory=dict)
    found: dict[tuple[int, int, int], Bases] = field(default_factory=dict)
    factors: dict[tuple[Spectrum, int], float | None] = field(default_factory=dict)

    def check(self, spectrum: Spectrum, reach: int, progress: Progress | None) -> Check:
        """The bound at every distance below ``reach``."""
        from ropecalc.checking import check

        key = spectrum, reach
        if key not in self.checks:
            self.checks[key] = check(spectrum, reach, next_base=False, progress=progress)
        return self.checks[key]

    def rounded(
        self, spectrum: Spectrum, rope: Rope, reach: int, length: int | None
    ) -> Precision | None:
        """The same bound in the arithmetic that was asked for, if one was."""
        from ropecalc.precision.effects import check_in_dtype

        if self.dtype is None:
            return None
        return check_in_dtype(
            spectrum, reach, dtype=self.dtype, recipe=self.recipe, rope=rope, length=length
        )

    def factor(self, spectrum: Spectrum, reach: int) -> float | None:
        """The smallest factor of its scaling that meets the bound below ``reach``."""
        from ropecalc.checking import minimum_factor

        key = spectrum, reach
        if key not in self.factors:
            self.factors[key] = minimum_factor(spectrum, reach)
        return self.factors[key]

    def plain_bases(self, rope: Rope, reach: int, progress: Progress | None) -> Bases:
        """The minimum and the safe base of a plain spectrum below ``reach``."""
        key = rope.head_dim, rope.rotary_dim, reach
        if key not in self.found:
            self.found[key] = _plain_bases(*key, self.count_unrotated, self.weights, progress)
        return self.found[key]


def _layer(
    rope: Rope, length: int | None, turned: int | None, work: _Work, progress: Progress | None
) -> LayerInspection:
    from ropecalc.scaling import from_rope

    spectrum = from_rope(rope, length, weights=work.weights, count_unrotated=work.count_unrotated)
    reach = min((n for n in (length, rope.window) if n is not None), default=None)
    check: Check | None = None
    bases: Bases = None, None
    factor: float | None = None
    if reach is not None:
        check = work.check(spectrum, reach, progress)
        bases = work.plain_bases(rope, reach, progress) if work.bases else bases
        factor = work.factor(spectrum, reach) if work.bases else None
    waves = wavelengths(spectrum)
    return LayerInspection(
        rope=rope,
        length=length,
        spectrum=spectrum,
        check=check,
        unfinished_pairs=None if turned is None else sum(wave > turned for wave in waves),
        shortest_wavelength=min(waves),
        longest_wavelength=max(waves),
        minimum_base=bases[0],
        safe_base=bases[1],
        minimum_factor=factor,
        precision=None if reach is None else work.rounded(spectrum, rope, reach, length),
        turned_context=turned,
    )


def wavelengths(spectrum: Spectrum) -> list[float]:
    """2 pi / theta_i, tokens, a value a rotated pair; infinite where theta_i is 0."""
    thetas = map(float, spectrum.exact_frequencies)
    return [math.tau / theta if theta else math.inf for theta in thetas]


def _plain_bases(
    head_dim: int,
    rotary_dim: int,
    reach: int,
    counted: bool,
    weights: tuple[float, ...] | None,
    progress: Progress | None,
) -> Bases:
    """(minimum base, safe base) where they can be had quickly; see ``inspect``."""
    from ropecalc.base.family import family_of
    from ropecalc.base.minimum import min_base
    from ropecalc.checking import is_quick_to_find
    from ropecalc.results import Status

    if not is_quick_to_find(family_of(head_dim, rotary_dim, weights, counted), reach):
        return None, None
    found = min_base(
        head_dim,
        reach,
        rotary_dim=rotary_dim,
        weights=weights,
        count_unrotated=counted,
        round_digits=None,
        integer=False,
        window=False,
        recommended=False,
        progress=progress,
    )
    if found.status is Status.EVERY_BASE:
        return found.minimum_base, found.minimum_base
    return found.minimum_base, found.safe_base
