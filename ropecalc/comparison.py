"""The same config in several stacks: who computes the same, how different the others are."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, cast

from ropecalc.errors import ConfigError, InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.likeness import none_of
from ropecalc.models.named import as_model
from ropecalc.progress import part_of
from ropecalc.results import Comparison, FrequencyGroup, LayerComparison, ModelConfig, Rope
from ropecalc.results.configs import chosen_ropes

if TYPE_CHECKING:
    from os import PathLike

    from ropecalc.progress import Progress
    from ropecalc.results import StackRun
    from ropecalc.spectrum import Spectrum

SAME = 1e-9  # relative; stacks round to float32, 6e-8, and rules differ by far more or not at all


@isolated
def compare(
    model: ModelConfig | str | PathLike[str],
    context: int | None = None,
    stacks: Sequence[str] | None = None,
    *,
    layer: str | None = None,
    override: Mapping[str, Any] | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """What each stack computes for a config.json, and where they part.

    Stacks agree on a kind of layer where all of them run it with the same frequencies, attention
    factor and softmax factor. The usable length is shown and does not count: it is a default that
    every stack lets one change, and hardly two of them have the same.

    The bound is checked for every distinct set of frequencies, at the distances below the
    context, or below the window of a layer that looks back no further, up to the first violation.

    Parameters
    ----------
    model : read from a config.json, or a known model; or its name or path
    context : int, 1 to 17,179,869,184, tokens; the length that each stack is started for. Without
        it every stack does what it does by default, and the bound is checked below the model's
        context.
    stacks : of ``ropecalc.stacks.registry.COMPARED``, all unless given; the first is what the
        others are measured against
    layer : the one ``layer_type`` to look at; all unless given
    override : keys of the config that are overridden when the stack is started, such as
        ``rope_parameters``: each stack merges them differently
    weights : as in Spectrum, for every kind of layer that is examined; they do not count as a
        difference
    count_unrotated : whether unrotated pairs count in S, as in Spectrum
    progress : called with (parts done, parts in all)

    Raises
    ------
    InvalidValueError
        A context outside its domain, an unknown stack, a layer type that the model lacks, or
        weights that do not fit.
    ConfigError
        A parameter of the file's is outside its domain.
    UnsupportedError
        The model is no config.json.

    >>> from ropecalc import find_model
    >>> compare(find_model("Llama-3.1-8B"), 8192).agree
    True
    """
    from ropecalc.scaling.domains import checked_weights
    from ropecalc.similarity import MAX_POSITIONS, checked_context
    from ropecalc.stacks.registry import COMPARED
    from ropecalc.stacks.start import of_the_text

    model = as_model(model)
    if context is not None:
        context = checked_context(context)
    names = tuple(dict.fromkeys(COMPARED if stacks is None else stacks))
    if not names:
        raise InvalidValueError("stack", f"stack must be one of {', '.join(COMPARED)}, got none")
    override = {} if override is None else _checked_override(override)
    changed = of_the_text(override).get("max_position_embeddings")
    known = changed if isinstance(changed, int) else model.context
    asked = known if context is None else context
    if asked is not None and asked > MAX_POSITIONS:
        raise ConfigError(
            f"{model.source}: its context is {asked:,} tokens, beyond the {MAX_POSITIONS:,} that "
            "can be examined; pass a context"
        )
    given = checked_weights(weights)
    starts = _Start(model, context, override, given, count_unrotated)
    layers = []
    ropes = chosen_ropes(model, layer)
    for at, rope in enumerate(ropes):
        runs = tuple(starts.run(rope, stack) for stack in names)
        reach = min((n for n in (asked, rope.window) if n is not None), default=None)
        part = part_of(progress, at, len(ropes))
        layers.append(_layer(rope.layer_type, reach, runs, part))
    return Comparison(model, asked, names, tuple(layers))


def _checked_override(override: object) -> Mapping[str, Any]:
    """An override whose rope objects, those by kind of layer included, are objects or null."""
    from ropecalc.models.raw import ROPE_KEYS
    from ropecalc.stacks.start import of_the_text

    keys = of_the_text(override) if isinstance(override, Mapping) else {ROPE_KEYS[0]: override}
    objects = [keys[key] for key in ROPE_KEYS if keys.get(key) is not None]
    for one in objects:  # grows as it goes
        if not isinstance(one, Mapping) or not all(
            isinstance(one.get(key), str | None) for key in ("rope_type", "type")
        ):
            raise InvalidValueError(
                "override",
                "override must be a JSON object, with a JSON object for each rope, such as "
                '{"rope_parameters": {"rope_type": "yarn", "factor": 4.0}}',
            )
        objects += [value for key, value in one.items() if str(key).endswith("_attention")]
    return cast("Mapping[str, Any]", override)


@isolated
def compare_models(
    models: Sequence[ModelConfig | str | PathLike[str]],
    context: int | None = None,
    *,
    layer: str | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    progress: Progress | None = None,
) -> Comparison:
    """What models compute beside the first: a draft model, a fine-tune, a merge.

    Kinds of layers are matched by their names; where all models have one kind, by that. They agree
    where frequencies, attention and softmax factors, attention windows and the configured contexts
    that are known are the same.

    The bound is checked for every distinct set of frequencies, at the distances below
    ``context``, the first model's own unless given, or below a layer's window.

    Parameters
    ----------
    models : two or more, of any form of file; or their names or paths
    context : int, 1 to 17,179,869,184, tokens

    The others, and the errors, as in ``compare``.

    >>> from ropecalc import find_model
    >>> found = compare_models([find_model("Llama-3-8B"), find_model("Llama-3.1-8B")])
    >>> found.agree, found.layers[0].first_difference
    (False, 'frequencies: pair 29')
    """
    from ropecalc.scaling.domains import checked_weights
    from ropecalc.similarity import checked_context

    if not isinstance(models, Sequence) or isinstance(models, str) or len(models) < 2:
        raise InvalidValueError("model", "model must be a list of two or more")
    read = [as_model(model) for model in models]
    asked = read[0].context if context is None else checked_context(context)
    names = _names(read)
    given = checked_weights(weights)
    layers = []
    kinds = _kinds(read, layer)
    for at, kind in enumerate(kinds):
        runs = tuple(
            _own_run(name, model, _rope_of(model, kind), kind, context, given, count_unrotated)
            for name, model in zip(names, read, strict=True)
        )
        windows = [run.rope.window for run in runs if run.rope is not None]
        reach = min((n for n in (asked, *windows[:1]) if n is not None), default=None)
        found = _layer(kind, reach, runs, part_of(progress, at, len(kinds)))
        apart = _first_difference(found)
        layers.append(replace(found, agree=apart is None, first_difference=apart))
    return Comparison(read[0], asked, names, tuple(layers), of_models=True)


def _names(models: Sequence[ModelConfig]) -> tuple[str, ...]:
    """What to call each model: its source, numbered where two have the same."""
    sources = [model.source for model in models]
    return tuple(
        source if sources.count(source) == 1 else f"{source} ({at + 1})"
        for at, source in enumerate(sources)
    )


def _kinds(models: Sequence[ModelConfig], layer: str | None) -> list[str]:
    """The kinds of layers to compare: all that any model has, or the one that was given."""
    if layer is not None:
        return [chosen_ropes(model, layer)[0].layer_type for model in models][:1]
    if all(len(model.ropes) == 1 for model in models):
        return [models[0].rope.layer_type]
    return list(dict.fromkeys(rope.layer_type for model in models for rope in model.ropes))


def _rope_of(model: ModelConfig, kind: str) -> Rope | None:
    """The rope of a kind of layer; the only one of a model that has one."""
    if len(model.ropes) == 1:
        return model.rope
    return next((rope for rope in model.ropes if rope.layer_type == kind), None)


def _own_run(
    name: str,
    model: ModelConfig,
    rope: Rope | None,
    kind: str,
    context: int | None,
    weights: tuple[float, ...] | None,
    count_unrotated: bool,
) -> StackRun:
    """A kind of layer as the model's file says it."""
    from ropecalc.results import StackRule, StackRun
    from ropecalc.scaling import from_rope

    if rope is None:
        missing = StackRule(f"it has no {kind} layers", model.source)
        return StackRun(name, "", kind, None, None, model.context, missing)
    spectrum = from_rope(rope, context, weights=weights, count_unrotated=count_unrotated)
    return StackRun(name, "", kind, rope, spectrum, rope.context or model.context)


def _first_difference(layer: LayerComparison) -> str | None:
    """What differs first between models, in words."""
    ropes = [run.rope for run in layer.runs if run.rope is not None]
    pairs = [group.differing_pairs[0] for group in layer.groups[1:]]
    apart = {
        "kinds of layers": len(ropes) < len(layer.runs),
        "head_dim or rotary_dim": len({(rope.head_dim, rope.rotary_dim) for rope in ropes}) > 1,
        f"frequencies: pair {min(pairs, default=0)}": bool(pairs),
        "attention or softmax factor": not layer.agree,
        "attention window": len({rope.window for rope in ropes}) > 1,
        "configured context": len({run.usable_length for run in layer.runs} - {None}) > 1,
    }
    return next((what for what, differs in apart.items() if differs), None)


@dataclass(frozen=True, slots=True)
class _Start:
    """How the stacks are started."""

    model: ModelConfig
    context: int | None
    override: Mapping[str, Any]
    weights: tuple[float, ...] | None
    count_unrotated: bool

    def run(self, rope: Rope, stack: str) -> StackRun:
        """One kind of layer in one stack."""
        from ropecalc.stacks.registry import COMPARED, Stack
        from ropecalc.stacks.running import run, started

        if stack not in COMPARED:
            raise none_of("stack", stack, COMPARED)
        start = started(Stack(stack), self.model, self.override, self.context)
        own = [other for other in start.model.ropes if other.layer_type == rope.layer_type]
        found = run(
            Stack(stack),
            start,
            (own or start.model.ropes)[0],
            weights=self.weights,
            count_unrotated=self.count_unrotated,
        )
        return replace(found, layer_type=rope.layer_type)


def _layer(
    layer_type: str, reach: int | None, runs: tuple[StackRun, ...], progress: Progress | None
) -> LayerComparison:
    found: list[tuple[Spectrum, list[str]]] = []
    for run in runs:
        if run.spectrum is None:
            continue
        for spectrum, stacks in found:
            if not _differences(spectrum, run.spectrum)[2]:
                stacks.append(run.stack)
                break
        else:
            found.append((run.spectrum, [run.stack]))
    groups = tuple(
        _group(index, found, reach, part_of(progress, index, len(found)))
        for index in range(len(found))
    )
    return LayerComparison(layer_type, reach, runs, groups, _agree(runs, groups))


def _group(
    index: int,
    found: Sequence[tuple[Spectrum, list[str]]],
    reach: int | None,
    progress: Progress | None,
) -> FrequencyGroup:
    from ropecalc.bound import scan

    spectrum, stacks = found[index]
    largest, pair, pairs = _differences(found[0][0], spectrum)
    first = None
    if reach is not None:
        first = scan(spectrum, 0, reach, first_only=True, progress=progress).first_violation
    return FrequencyGroup(
        name=string.ascii_uppercase[index],
        stacks=tuple(stacks),
        spectrum=spectrum,
        first_violation=first,
        largest_difference=largest,
        largest_pair=pair,
        differing_pairs=pairs,
    )


def _differences(one: Spectrum, other: Spectrum) -> tuple[float, int | None, tuple[int, ...]]:
    """(largest |other / one - 1|, its pair, all pairs that differ)."""
    none = Decimal(0)  # a pair that one of them does not turn
    both = zip_longest(one.exact_frequencies, other.exact_frequencies, fillvalue=none)
    relative = [
        float(abs(there / here - 1)) if here else (math.inf if there else 0.0)
        for here, there in both
    ]
    pairs = tuple(pair for pair, value in enumerate(relative) if value > SAME)
    if not pairs:
        return 0.0, None, ()
    pair = max(pairs, key=relative.__getitem__)
    return relative[pair], pair, pairs


def _agree(runs: Sequence[StackRun], groups: Sequence[FrequencyGroup]) -> bool:
    spectra = [run.spectrum for run in runs]
    first = spectra[0]
    if first is None or len(groups) != 1:
        return False
    return all(
        spectrum is not None
        and abs(spectrum.attention_factor / first.attention_factor - 1) <= SAME
        and abs(spectrum.softmax_factor / first.softmax_factor - 1) <= SAME
        for spectrum in spectra
    )
