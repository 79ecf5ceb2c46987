"""Hugging Face ``config.json``: what transformers makes of it, kind of layer by kind of layer.

Two generations of keys are read. Up to transformers 4 the base is ``rope_theta`` and the scaling
``rope_scaling``, at the top level; since transformers 5 both live in ``rope_parameters``, once for
all layers or once a kind of layer. Where the file is silent the model's class decides, as it does
in transformers; what was taken from there is said in ``ModelConfig.assumptions``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ropecalc.models import attention
from ropecalc.models.attention import FULL, Layers
from ropecalc.models.classes import (
    PLAIN_BASE,
    ClassRow,
    class_row,
    composite,
    elsewhere,
    is_elsewhere,
    reads_by_kind_alone,
    version,
)
from ropecalc.models.document import CHECK, Section, shown
from ropecalc.models.loaded import Loaded, as_loaded
from ropecalc.models.raw import (
    ROPE_KEYS,
    TEXT_KEYS,
    beside_text,
    stops_beside_text,
    text_path,
)
from ropecalc.models.ropes import Reading, parameters, rope_type
from ropecalc.models.values import unique
from ropecalc.results import ModelConfig, Rope
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.scaling import MAX_BASE

BASE_KEYS = ("rope_theta", "global_rope_theta", "rotary_emb_base", "rope_base")
LOCAL_BASE_KEYS = ("rope_local_base_freq", "local_rope_theta", "swa_rope_theta")
CONTEXT_KEYS = (
    "max_position_embeddings",
    "n_positions",
    "seq_length",
    "max_seq_len",
    "max_sequence_length",
    "model_max_length",
)
DEEPEST = 2  # thinker_config.text_config is as deep as models go


def parse_config(
    document: Mapping[str, Any], source: str, before: str | None = None
) -> ModelConfig:
    """What a Hugging Face ``config.json`` says about the rotary embeddings of its model.

    =============  ==================================================================
    head_dim       ``head_dim``, else ``hidden_size`` / ``num_attention_heads``;
                   with latent attention ``qk_nope_head_dim`` + ``qk_rope_head_dim``
    rotary_dim     ``qk_rope_head_dim``, ``rotary_dim``, or int(head_dim p) with p from
                   ``partial_rotary_factor`` or ``rotary_pct``; head_dim without any
    base           ``rope_theta``, ``rotary_emb_base``, or 10,000 ``rope_ratio``
    scaling        ``rope_parameters`` or ``rope_scaling``
    kinds          ``layer_types``, or the pattern of the model's class
    context        ``max_position_embeddings``, None where it is absent
    =============  ==================================================================

    The model's keys may lie in ``text_config``. A null counts as absent.

    Parameters
    ----------
    document : the parsed file
    source : what to call it in messages
    before : a release of transformers that changed the class: read as those before it do

    Raises
    ------
    ConfigError
        A key is missing or has a value outside its domain.
    UnsupportedError
        The file has no rotation, or a scaling that is not known.
    """
    config = _text_model(Section(source, document))
    inner = composite(config.model_type).get("class")
    row = class_row(config.model_type, before) or class_row(inner, before)
    assumptions: list[str] = []
    if config.get("dual_chunk_attention_config") is not None:
        assumptions.append(
            f"{config.prefix}dual_chunk_attention_config is left out: a stack that honours it "
            "folds distances into chunks, and the greatest do not occur"
        )
    loaded = None
    if row is None:
        _refuse_other_positions(config)
        assumptions += _no_row(config)
        read = config
    else:
        _refuse_unrotated(config, row)
        loaded = as_loaded(config, row)
        if (reason := stops_beside_text(document)) is not None:
            loaded.stop(reason)
        assumptions += loaded.said(config, row)
        assumptions += [
            f"{key} beside {text} is not read by {row.name} in transformers"
            for text, key, _ in beside_text(document)
        ]
        read = Section(config.name, loaded.keys, config.prefix)
    context = _context(read)
    ropes, unrotated = _ropes(read, context, assumptions, loaded)
    return ModelConfig(
        source=source,
        form=f"transformers-{5 if config.get('rope_parameters') is not None else 4}",
        model_type=config.model_type,
        ropes=ropes,
        context=context,
        unrotated_layers=unrotated,
        assumptions=unique(assumptions),
        stops=None if loaded is None else loaded.stops,
        unread=() if loaded is None else unique(loaded.unread),
        document=document,
    )


def _no_row(config: Section) -> list[str]:
    """What is said of a class that is not in the table."""
    if config.model_type is None or is_elsewhere(config.model_type):
        return []
    known = f"{config.model_type} is no class of transformers {version()} that was measured"
    return [f"{known}: its keys are read as most classes read them"]


def _refuse_unrotated(config: Section, row: ClassRow) -> None:
    """Classes none of whose layers turn, whatever a file says of a base."""
    rotates = row.rotates
    if isinstance(rotates, Mapping):
        key = rotates["key"]
        value = config.values.get(key, rotates["default"])
        if value in rotates["values"]:
            return
        fact = f"{config.prefix}{key} is {shown(value)}, so that no layer of {row.name} rotates"
    elif rotates:
        return
    else:
        fact = f"no layer of {row.name} rotates its queries and keys"
    written = config.first(*ROPE_KEYS, *BASE_KEYS)
    unread = f", and {config.prefix}{written} is not read" if written else ""
    config.still(f"{fact}{unread}")


def _context(config: Section) -> int | None:
    """The longest context; of Cohere's first models what they were made for, as vLLM takes it."""
    keys = ("model_max_length",) if config.model_type == "cohere" else ()
    return config.integer(*keys, *CONTEXT_KEYS)


def _text_model(config: Section) -> Section:
    """The part of the file that is about the language model, with the class that it has there."""
    known = composite(config.model_type)
    text = config
    for key in text_path(config.values):
        if text.prefix.count(".") > DEEPEST:
            text.fail(f"{text.prefix}{key} is nested too deeply", CHECK)
        text = text.section(key)
    if text is config:
        wrong = config.first(*TEXT_KEYS)  # no object: the complaint is about it
        return config if wrong is None else config.section(wrong)
    if not known or text.model_type not in (None, known["class"]):
        return text
    given = dict(known.get("defaults", {}))
    if any(text.get(key) is not None for key in (*ROPE_KEYS, *BASE_KEYS)):
        rope = given.pop("rope_parameters", {})  # of which the base stays, for an object without
        given |= {"rope_theta": rope["rope_theta"]} if "rope_theta" in rope else {}
    return Section(text.name, {**given, **text.values, "model_type": known["class"]}, text.prefix)


def _refuse_other_positions(config: Section) -> None:
    if config.get("alibi"):
        fact = f"{config.prefix}alibi uses linear biases instead of rotations"
        config.refuse(fact, "pass a model that has rotary embeddings")
    written = config.get("position_embedding_type")
    rotary = config.first(*ROPE_KEYS, *BASE_KEYS, *LOCAL_BASE_KEYS) is not None
    if isinstance(written, str) and not rotary:
        fact = f"{config.prefix}position_embedding_type is {written!r}, which has no rotation"
        config.refuse(fact, "pass a model that has rotary embeddings")


def _ropes(
    config: Section, context: int | None, assumptions: list[str], loaded: Loaded | None
) -> tuple[tuple[Rope, ...], int]:
    """One rope a kind of layer, and how many layers attend without rotation."""
    layers, unrotated = attention.kinds_of_layers(config, None if loaded is None else loaded.window)
    section = _rope_section(config)
    ropes = []
    for layer, rope, nested in _by_kind(config, section, layers):
        if nested and rope is None:
            unrotated += layer.count or 0
        else:
            ropes.append(_rope(config, rope, layer, context, assumptions, nested=nested))
    if not ropes:
        config.still("no kind of layer rotates")
    return _merged(ropes), unrotated


def _rope_section(config: Section) -> Section | None:
    """The rope object of the file."""
    key = config.first(*ROPE_KEYS)
    return None if key is None else config.section(key)


def is_nested(values: Mapping[str, Any]) -> bool:
    """Whether a rope object is one a kind of layer."""
    return any(isinstance(value, Mapping) for value in values.values())


def is_flat(values: Mapping[str, Any], model_type: str | None) -> bool:
    """Whether rope_parameters say something once for all, in a class that does not look there."""
    return bool(values) and not is_nested(values) and reads_by_kind_alone(model_type)


def _by_kind(
    config: Section, section: Section | None, layers: list[Layers]
) -> Iterator[tuple[Layers, Section | None, bool]]:
    """(kind of layer, the rope object that it has, whether that is one of several)."""
    nested = section is not None and is_nested(section.values)
    if section is None or not nested:
        for layer in _split_by_base(config, layers):
            yield layer, section, False
        return
    named = {layer.layer_type: layer for layer in layers}
    if "compress" in section.values:
        yield from _compressed(config, section)
        return
    alone = layers[0].count if len(layers) == len(section.values) == 1 else None
    for kind in sorted(section.values, key=lambda kind: kind not in (FULL, "compress")):
        if isinstance(section.get(kind), dict | None):
            layer = named.get(kind) or Layers(kind, attention.window(config, kind), alone)
            found = None if section.get(kind) is None else section.section(kind)
            yield layer, found, True


def _compressed(config: Section, section: Section) -> Iterator[tuple[Layers, Section | None, bool]]:
    """DeepSeek-V4: its compressed layers have one rope, those with a window alone the other."""
    types = config.listed("layer_types") if config.get("layer_types") is not None else []
    compressed = sum("compressed" in str(kind) for kind in types)
    counts = {"compress": compressed, "main": len(types) - compressed}
    for kind in ("compress", "main"):
        if kind in section.values and (counts[kind] or not types):
            window = attention.window(config, kind)
            yield Layers(kind, window, counts[kind] or None), section.section(kind), True


def _split_by_base(config: Section, layers: list[Layers]) -> list[Layers]:
    """Two kinds where the file tells only their bases apart."""
    if len(layers) > 1 or not config.first(*LOCAL_BASE_KEYS):
        return layers
    window = config.integer("sliding_window")
    return [Layers(FULL, None, None), Layers(attention.SLIDING, window, None)]


def _rope(
    config: Section,
    rope: Section | None,
    layer: Layers,
    context: int | None,
    assumptions: list[str],
    *,
    nested: bool,
) -> Rope:
    method = rope_type(rope, config.model_type)
    base = _base(config, rope, layer, assumptions, nested=nested)
    reading = Reading(config, rope or config, context, nested, assumptions)
    head_dim, rotary_dim = _dims(config, rope, layer, method)
    found = parameters(method, reading)
    if method == "proportional" and head_dim == _latent(config):
        found["over"] = head_dim
        head_dim += config.integer("qk_nope_head_dim") or 0
    return Rope(
        layer_type=layer.layer_type,
        rope_type=method,
        base=base,
        head_dim=head_dim,
        rotary_dim=rotary_dim,
        parameters=found,
        context=context,
        window=layer.window,
        layers=layer.count,
        latent=config.get("qk_rope_head_dim") is not None,
    )


def _base(
    config: Section, rope: Section | None, layer: Layers, assumptions: list[str], *, nested: bool
) -> float:
    """The base, from where transformers looks first."""
    local = layer.layer_type not in (FULL, EVERY_LAYER)
    if rope is not None and (nested or not (local and config.first(*LOCAL_BASE_KEYS))):
        found = rope.number("rope_theta", low=1, high=MAX_BASE)
        if found is not None:
            return found
    keys = LOCAL_BASE_KEYS if local else ()
    found = config.number(*keys, *BASE_KEYS, low=1, high=MAX_BASE)
    if found is not None:
        return found
    ratio = config.number("rope_ratio", high=MAX_BASE / PLAIN_BASE)
    if ratio is not None and PLAIN_BASE * ratio > 1:
        return PLAIN_BASE * ratio
    return _base_of_class(config, rope, assumptions)


def _base_of_class(config: Section, rope: Section | None, assumptions: list[str]) -> float:
    """The base that the model's class has; 10,000, as all stacks, where a scaling is alone."""
    base = elsewhere(config.model_type).get("rope_theta")
    owner = "all stacks" if base is None else f"{config.model_type} in its own code"
    if base is None and rope is not None:
        base = PLAIN_BASE
    if base is None:
        config.fail(f"has no {config.prefix}rope_theta", "add it, with the model's base")
    assumptions.append(f"{config.prefix}rope_theta is absent: {base:,.0f}, the default of {owner}")
    return float(base)


def _dims(config: Section, rope: Section | None, layer: Layers, method: str) -> tuple[int, int]:
    """(head_dim, rotary_dim) of a kind of layer."""
    whole = attention.own_head_dim(config, layer.layer_type)
    if method != "proportional":
        if whole is None:
            return attention.dims(config, rope)
        factor = attention.partial_factor(config, rope)
        return attention.checked(config, whole, int(whole * (1.0 if factor is None else factor)))
    head_dim = whole or _latent(config) or attention.head_size(config)
    factor = attention.partial_factor(config, rope)
    pairs = int((1.0 if factor is None else factor) * head_dim // 2)
    return attention.checked(config, head_dim, 2 * pairs)


def _latent(config: Section) -> int | None:
    """The dimensions that turn with latent attention; DeepSeek-V4 has whole heads."""
    v4 = config.model_type == "deepseek_v4"
    return None if v4 else config.integer("qk_rope_head_dim")


def _merged(ropes: list[Rope]) -> tuple[Rope, ...]:
    """The ropes, one of its kind where nothing but the kinds' names tells them apart."""
    first = ropes[0]
    if len(ropes) == 1 or any(_deeds(rope) != _deeds(first) for rope in ropes):
        return tuple(ropes)
    counts = [rope.layers for rope in ropes]
    total = None if None in counts else sum(count or 0 for count in counts)
    return (replace(first, layer_type=EVERY_LAYER, layers=total),)


def _deeds(rope: Rope) -> tuple[object, ...]:
    """All that decides what a rope does."""
    dims = rope.head_dim, rope.rotary_dim, rope.window
    return rope.rope_type, rope.base, dims, tuple(rope.parameters.items())
