"""The metadata and rotary tensors that llama.cpp's converter makes of a config.json.

Ran at commit 0c1e57098: ``conversion/*.py`` with transformers 4.57.6, which it pins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ropecalc.models.classes import LONGROPE_BY_OTHER_NAMES, ORIGINAL_CONTEXT
from ropecalc.models.gguf import DIVISORS, LONG, SHORT
from ropecalc.models.gguf_file import Container
from ropecalc.models.raw import rope_key
from ropecalc.results import StackRule
from ropecalc.stacks.asked import ORIGINAL, as_number
from ropecalc.stacks.llama_cpp import classes

if TYPE_CHECKING:
    from ropecalc.stacks.asked import Asked

BASE = "conversion/base.py TextModel"
PHI = "conversion/phi.py generate_extra_tensors"
LLAMA = "conversion/llama.py generate_extra_tensors"
GLOBAL_BASES = (
    "global_rope_theta rope_global_theta rope_theta_global rope_theta rotary_emb_base".split()
)
LOCAL_BASES = (
    "local_rope_theta rope_local_theta rope_theta_local swa_rope_theta rope_local_base_freq".split()
)
TENSORS = {DIVISORS: "divisors", LONG: "long_factor", SHORT: "short_factor"}
LLAMA3 = {"factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_context": 8192}

Keys = dict[str, Any]


class Refused(Exception):  # noqa: N818 - a result, and no error of ropecalc's
    """The converter stops."""

    def __init__(self, text: str, source: str) -> None:
        super().__init__(text)
        self.rule = StackRule(text, source)


@dataclass(frozen=True, slots=True)
class Converted:
    """A GGUF file as far as rotary embeddings need it."""

    container: Container
    llama3: Mapping[str, Any] | None = None
    """The parameters of llama3, where rope_freqs.weight is its: in doubles, and not the tensor's
    float32.
    """

    @property
    def architecture(self) -> str:
        """general.architecture."""
        found: str = self.container.metadata["general.architecture"]
        return found

    @property
    def keys(self) -> Keys:
        """The keys of the architecture, without its name before them."""
        prefix = f"{self.architecture}."
        return {key.removeprefix(prefix): v for key, v in self.container.metadata.items()}


def convert(asked: Asked) -> Converted:
    """What is in the GGUF for one kind of layer; raises Refused where there is none."""
    kind = asked.model_type
    if asked.model.form == "gguf":
        return _as_it_is(asked)
    if kind in classes.REFUSED:
        raise Refused(f"its converter has no class for {kind}: NotImplementedError", BASE)
    whole, rope = rope_object(asked)
    keys = {**_shape(asked), **_bases(asked, whole, rope), **_scaling(asked, rope)}
    lists, factor = _lists(asked, rope)
    keys |= factor
    architecture = classes.ARCHITECTURES.get(kind, kind or "unknown")
    metadata: Keys = {"general.architecture": architecture}
    metadata |= {f"{architecture}.{key}": value for key, value in keys.items()}
    return Converted(Container(asked.model.source, metadata, lists), _llama3(asked, rope))


def _as_it_is(asked: Asked) -> Converted:
    """A model that was read from a GGUF."""
    given = asked.rope.parameters
    tensors = {name: tuple(given[key]) for name, key in TENSORS.items() if key in given}
    return Converted(Container(asked.model.source, dict(asked.model.document), tensors))


def rope_object(asked: Asked) -> tuple[Keys, Keys]:
    """(``self.rope_parameters``, the part of it that is for layers without a window)."""
    text = asked.text
    found = text["rope_parameters"] if "rope_parameters" in text else text.get("rope_scaling")
    if rope_key(text) is None:
        found = asked.values  # of the class
    whole: Keys = dict(found) if isinstance(found, Mapping) else {}
    if "full_attention" not in whole and "sliding_attention" not in whole:
        _complete(asked, whole)
    rope = whole.get("full_attention", whole)
    rope = dict(rope) if isinstance(rope, Mapping) else {}
    if "rope_parameters" not in text and isinstance(rope.get("type"), str):
        rope |= _by_type_key(asked, rope)
    return whole, rope


def _by_type_key(asked: Asked, rope: Keys) -> Keys:
    """The rope_type where the class of transformers 4 looks at ``type`` as it reads rope_scaling.

    Phi-3's has one method by three names.
    """
    kind = asked.model_type
    if kind in LONGROPE_BY_OTHER_NAMES and _is_loaded(asked):
        return {"rope_type": "longrope"}
    return {"rope_type": rope["type"]} if kind in classes.TYPE_WINS else {}


def _is_loaded(asked: Asked) -> bool:
    """Whether Phi-3's class of transformers 4 takes the file: an object of these keys alone.

    Any other is refused, and the converter then reads config.json as it is.
    """
    given, kind = asked.text.get("rope_scaling"), asked.model_type
    if given is None or kind not in LONGROPE_BY_OTHER_NAMES:
        return given is None
    known = (*LONGROPE_BY_OTHER_NAMES[kind], "longrope")
    return set(given) == {"type", "short_factor", "long_factor"} and given["type"] in known


def _complete(asked: Asked, whole: Keys) -> None:
    """The keys that are mirrored in a flat object."""
    text, kind, loaded = asked.text, asked.model_type, _is_loaded(asked)
    local = _first(text, LOCAL_BASES, classes.LOCAL_BASES.get(kind))
    if local is not None:
        whole["sliding_attention"] = {"rope_theta": local}
    defaults = {
        "rope_theta": _first(text, GLOBAL_BASES, classes.BASES.get(kind)),
        "rope_type": whole.get("type"),
        ORIGINAL: _first(text, [ORIGINAL], ORIGINAL_CONTEXT.get(kind) if loaded else None),
    }
    for key, value in defaults.items():
        if key not in whole and value is not None:
            whole[key] = value


def _first(text: Mapping[str, Any], names: list[str], default: Any) -> Any:
    return next((text[name] for name in names if text.get(name) is not None), default)


def _shape(asked: Asked) -> Keys:
    """Lengths and dimensions, without those that count for nothing here."""
    rope, kind = asked.rope, asked.model_type
    null = "head_dim" in asked.text and asked.text["head_dim"] is None
    if kind in classes.KEY_LENGTH and null:
        raise Refused("head_dim is null, and no integer to write: error", "conversion/gemma.py")
    keys: Keys = {"attention.key_length": rope.head_dim}
    if (context := context_of(asked)) is not None:
        keys["context_length"] = context
    if rope.latent:
        keys["attention.kv_lora_rank"] = 1
        keys["rope.dimension_count"] = asked.length("qk_rope_head_dim") or rope.rotary_dim
    elif kind in classes.ROTARY_PCT:
        part = as_number(asked.text.get("rotary_pct"))
        keys["rope.dimension_count"] = int(rope.head_dim * (0.25 if part is None else part))
    elif kind in classes.PARTIAL or kind not in classes.ARCHITECTURES:
        keys["rope.dimension_count"] = rope.rotary_dim
    if rope.window is not None:
        keys["attention.sliding_window"] = rope.window
    return keys


def context_of(asked: Asked) -> int | None:
    """The trained context that is written, tokens."""
    if asked.model_type in classes.BY_SEQ_LENGTH:
        return asked.length("seq_length", "hidden_size")
    return classes.CONTEXTS.get(asked.model_type, asked.rope.context)


def _bases(asked: Asked, whole: Keys, rope: Keys) -> Keys:
    kind = asked.model_type
    if kind in classes.BY_RATIO:
        return {"rope.freq_base": 10_000.0 * (as_number(asked.text.get("rope_ratio")) or 1.0)}
    if kind in classes.UNSCALED - classes.BASE_ALONE:
        return {}
    keys: Keys = {}
    base = as_number(rope.get("rope_theta"))
    if base is None and kind in classes.LOCAL_BASES:
        base = classes.BASES[kind]
    if base is not None:
        keys["rope.freq_base"] = base
    sliding = whole.get("sliding_attention")
    local = sliding.get("rope_theta") if isinstance(sliding, Mapping) else None
    if as_number(local) is not None and kind not in classes.UNSCALED:
        keys["rope.freq_base_swa"] = as_number(local)
    return keys


def _scaling(asked: Asked, rope: Keys) -> Keys:
    """``rope.scaling.*``, but for what comes with lists."""
    kind = asked.model_type
    if kind in classes.LISTS_WITH_FACTOR:
        if rope.get(ORIGINAL) is None:
            raise Refused(f"{ORIGINAL} is absent: KeyError", "conversion/phi.py")
        return {"rope.scaling.original_context_length": _original(rope)}
    if kind in classes.UNSCALED:
        return {}
    keys = _by_type(rope)
    if kind in classes.FORCED:
        keys["rope.scaling.type"] = classes.FORCED[kind]
    if kind in classes.UNIT_FACTOR:
        keys["rope.scaling.factor"] = 1.0
    if kind in classes.LINEAR_BY_ANY_FACTOR:
        factor = as_number(rope.get("factor"))
        keys["rope.scaling.type"] = "none" if factor is None else "linear"
        keys |= {} if factor is None else {"rope.scaling.factor": factor}
    keys |= _log_multiplier(asked, rope)
    return keys


def _by_type(rope: Keys) -> Keys:
    method, factor = rope.get("rope_type"), as_number(rope.get("factor"))
    if method in ("su", "longrope"):
        return {"rope.scaling.type": "longrope"}
    if method not in ("linear", "yarn") or factor is None:
        return {}
    keys: Keys = {"rope.scaling.type": method, "rope.scaling.factor": factor}
    if method == "linear":
        return keys
    if rope.get(ORIGINAL) is None:
        text = f"YaRN has no {ORIGINAL}, in its object or beside it: KeyError"
        raise Refused(text, f"{BASE}.set_gguf_parameters")
    keys["rope.scaling.original_context_length"] = _original(rope)
    for name in ("beta_fast", "beta_slow"):
        if as_number(rope.get(name)) is not None:
            keys[f"rope.scaling.yarn_{name}"] = float(rope[name])
    return keys


def _original(rope: Keys) -> int:
    """The original context, which the converter packs as a whole number."""
    length = as_number(rope[ORIGINAL])
    if length is None or not length.is_integer() or length < 0:
        raise Refused(f"{ORIGINAL} is no whole number: struct.error", f"{BASE}.set_gguf_parameters")
    return int(length)


def _log_multiplier(asked: Asked, rope: Keys) -> Keys:
    """mscale_all_dim, a tenth of it but for Ministral 3."""
    weight = as_number(rope.get("mscale_all_dim"))
    if asked.model_type == "ministral3":
        return {"rope.scaling.yarn_log_multiplier": weight}
    if not asked.rope.latent or weight is None:
        return {}
    return {"rope.scaling.yarn_log_multiplier": 0.1 * weight}


def _lists(asked: Asked, rope: Keys) -> tuple[dict[str, tuple[float, ...]], Keys]:
    """(rope_factors_long.weight and its counterpart, the attention factor that goes with them)."""
    kind, long, short = asked.model_type, rope.get("long_factor"), rope.get("short_factor")
    if kind not in classes.LISTS or not long:
        return {}, {}
    pairs = asked.rope.rotary_dim // 2
    if not short or not len(long) == len(short) == pairs:
        text = f"the lists must have one value a rotated pair, {pairs}: ValueError"
        raise Refused(text, PHI)
    tensors = {LONG: tuple(map(float, long)), SHORT: tuple(map(float, short))}
    if kind not in classes.LISTS_WITH_FACTOR:
        return tensors, {}
    return tensors, {"rope.scaling.attn_factor": _list_factor(asked, rope)}


def _list_factor(asked: Asked, rope: Keys) -> float:
    """From the two lengths alone."""
    from ropecalc.scaling import longrope_attention_factor, mscale

    method, original = str(rope.get("rope_type", "")).lower(), _original(rope)
    scale = (asked.rope.context or original) / original
    if method in ("su", "longrope"):
        return longrope_attention_factor(scale, original)
    if method == "yarn":
        return mscale(scale, 1.0)
    name = f"type {method}" if method else "no type"
    raise Refused(f"lists with {name}: NotImplementedError, or KeyError", PHI)


def _llama3(asked: Asked, rope: Keys) -> Mapping[str, Any] | None:
    kind, method = asked.model_type, rope.get("rope_type")
    if not isinstance(method, str) or method.lower() != "llama3":
        return None
    if kind in classes.LLAMA3_REFUSED:
        text = f"llama3 for {kind}, whose architecture has no tensor for it: ValueError"
        raise Refused(text, LLAMA)
    if kind not in classes.LLAMA3:
        return None
    names = {key: key for key in LLAMA3} | {"original_context": ORIGINAL}
    found = {ours: as_number(rope.get(theirs)) for ours, theirs in names.items()}
    numbers = {key: LLAMA3[key] if found[key] is None else found[key] for key in LLAMA3}
    return {**numbers, "original_context": int(numbers["original_context"] or 0)}
