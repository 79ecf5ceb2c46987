"""A setting in the keys of a Hugging Face ``config.json``, of either generation.

Source: transformers 5.23, ``modeling_rope_utils.py`` (``_validate_*_rope_parameters``,
``convert_rope_params_to_dict``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ropecalc.models import classes
from ropecalc.models.attention import FULL, SLIDING
from ropecalc.models.huggingface import LOCAL_BASE_KEYS
from ropecalc.models.raw import rope_key, text_keys, text_path
from ropecalc.results import Rope
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.stacks.loaded import within
from ropecalc.stacks.transformers4.classes import TWO_FIELDS
from ropecalc.stacks.wanted import (
    STILL,
    Wanted,
    as_lists,
    attention_factor,
    near,
    partial_factor,
)

Keys = dict[str, Any]
NAMES = {  # ours -> theirs, in the order in which they are written
    "factor": "factor",
    "original_context": "original_max_position_embeddings",
    "beta_fast": "beta_fast",
    "beta_slow": "beta_slow",
    "attention_factor": "attention_factor",
    "mscale": "mscale",
    "mscale_all_dim": "mscale_all_dim",
    "truncate": "truncate",
    "low_freq_factor": "low_freq_factor",
    "high_freq_factor": "high_freq_factor",
    "short_factor": "short_factor",
    "long_factor": "long_factor",
    "short_mscale": "short_mscale",
    "long_mscale": "long_mscale",
}
TYPES = {"ntk_fixed": "ntk"}
# what a scaling is spelt with, by any writer: such keys of an old object are not carried over
SPELLINGS = frozenset(
    [
        *(set(NAMES.values()) | {"rope_type", "type", "rope_theta", "partial_rotary_factor"}),
        *("alpha", "attn_factor", "extrapolation_factor", "max_trained_positions", "finetuned"),
    ]
)
ORIGINAL = "original_max_position_embeddings"
CONTEXT = "max_position_embeddings"
LENGTH_KEYS = (CONTEXT, "n_positions", "seq_length")  # the first that a file has


def rope_keys(rope: Rope) -> Keys:
    """One rope as a whole ``rope_parameters`` object.

    Always with rope_type and rope_theta: an object without the latter replaces one that had it,
    and the model is then built with a base of None (transformers 5) or 10,000 (vLLM). Factors are
    floats: transformers warns of an integer attention_factor, vLLM's linear takes an integer
    factor for a list.
    """
    keys: Keys = {
        "rope_type": TYPES.get(rope.rope_type, rope.rope_type),
        "rope_theta": float(rope.base),
    }
    partial = partial_factor(rope)
    if partial is not None:
        keys["partial_rotary_factor"] = partial
    for ours, theirs in NAMES.items():
        value = rope.parameters.get(ours)
        # transformers has no original length for dynamic: it takes max_position_embeddings
        if value is None or (rope.rope_type == "dynamic" and ours == "original_context"):
            continue
        keys[theirs] = int(value) if ours == "original_context" else _floats(value)
    return keys


def _floats(value: Any) -> Any:
    """A number or a list of them as floats; a truth value as it is."""
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return float(value)
    return [float(part) for part in value]


def expressible(goal: Wanted) -> Rope:
    """The rope in a method that transformers has: lists of longrope say what has no name.

    Phi-3 has longrope alone, and PhiMoE multiplies cos and sin by its mscales, not by what follows
    from a factor.
    """
    method, kind = goal.rope.rope_type, model_type(goal)
    if method == "default":
        return goal.rope
    alone = kind in classes.LONGROPE_ALONE | classes.MSCALES_NEEDED and method != "longrope"
    rope = as_lists(goal) if alone or method in ("ntk_fixed", "divided") else goal.rope
    given = rope.parameters
    if kind not in classes.MSCALES_NEEDED or all(given.get(key) for key in classes.MSCALES):
        return rope
    mscales = dict.fromkeys(classes.MSCALES, attention_factor(goal))
    return replace(rope, parameters={**given, **mscales})


def fixed_length(goal: Wanted) -> list[str]:
    """What lists of longrope do not say of a scaling that grows with the length."""
    if goal.rope.rope_type != "dynamic" or expressible(goal).rope_type == "dynamic":
        return []
    length = f"the lists are those of {goal.context:,} tokens, for shorter prompts as well"
    return [f"{model_type(goal)} has no dynamic scaling: {length}"]


def model_type(goal: Wanted) -> str:
    """The class of the model that the setting is for; empty where that is not known."""
    return "" if goal.model is None else goal.model.model_type or ""


def is_phi3(goal: Wanted) -> bool:
    """Whether the model is a Phi-3, whose own checks refuse what others take."""
    return model_type(goal) in classes.LONGROPE_ALONE


def positions(goal: Wanted, rope: Rope) -> int | None:
    """The max_position_embeddings that the setting needs; None to leave it as it is.

    yarn: L s, or transformers warns that the factor is not their ratio. dynamic: the original
    length, which is what it takes that key for. linear and ntk: vLLM multiplies that key by the
    factor, so that a raised one would count twice. Otherwise the context, never lowered.
    """
    if rope.rope_type in ("linear", "ntk_fixed"):
        return None
    if rope.rope_type == "dynamic":
        return int(rope.parameters["original_context"])
    if rope.rope_type == "yarn":
        return goal.reach
    return max(goal.context, goal.own_context or 0)


def is_nested(goal: Wanted) -> bool:
    """Whether the ropes are written once a kind of layer."""
    by_class = classes.reads_by_kind_alone(model_type(goal))
    return by_class or bool(goal.others) or _nested_object(goal) is not None


def _document(goal: Wanted) -> Mapping[str, Any]:
    if goal.model is None or not goal.model.form.startswith("transformers"):
        return {}
    return text_keys(goal.model.document)


def old_object(goal: Wanted) -> Mapping[str, Any]:
    """The rope object of the model's file, of either generation; empty without one."""
    document = _document(goal)
    key = rope_key(document)
    found = None if key is None else document[key]
    return found if isinstance(found, Mapping) else {}


def _nested_object(goal: Wanted) -> Mapping[str, Any] | None:
    old = old_object(goal)
    return old if any(isinstance(part, Mapping) for part in old.values()) else None


def _carried(goal: Wanted, old: Mapping[str, Any], new: Keys) -> Keys:
    """Keys of an old object that belong to the model, such as mrope_section: they stay.

    So does what the class looks up whatever the method is, where the new object has none: the
    original length of Ministral 3, by which it scales queries.
    """
    needed = set(classes.class_or_any(model_type(goal)).needs) - set(new)
    return {key: value for key, value in old.items() if key not in SPELLINGS or key in needed}


def parameters_object(goal: Wanted, rope: Rope) -> Keys:
    """The whole ``rope_parameters``: once for all layers, or once a kind of layer, of which only
    the setting's own is changed.
    """
    if not is_nested(goal):
        return {**(new := rope_keys(rope)), **_carried(goal, old_object(goal), new)}
    nested = _nested_object(goal)
    if nested is not None:
        own = nested.get(rope.layer_type)
        own = own if isinstance(own, Mapping) else {}
        changed = {**(new := rope_keys(rope)), **_carried(goal, own, new)}
        return {**nested, rope.layer_type: changed}
    assert goal.model is not None
    ropes = {other.layer_type: other for other in goal.model.ropes}
    if EVERY_LAYER in ropes:  # of a class that reads them by kind
        ropes = dict.fromkeys((FULL, SLIDING), ropes[EVERY_LAYER])
    ropes[rope.layer_type if rope.layer_type in ropes else FULL] = rope
    return {kind: rope_keys(other) for kind, other in ropes.items()}


def top_level(goal: Wanted, rope: Rope) -> Keys:
    """The keys beside the rope object: the context, and what the file has that would be in the way.

    A top-level original length, as Phi-3 has it, wins over that in the object.
    """
    keys: Keys = {}
    context = positions(goal, rope)
    if context is not None:
        keys[CONTEXT] = context
    if _lacks_head_dim(goal) and rope.rope_type in classes.MULTIPLY_HEAD_DIM:
        keys["head_dim"] = rope.head_dim
    original = rope.parameters.get("original_context")
    in_file = _document(goal).get(ORIGINAL) is not None
    if in_file and original is not None and rope.rope_type in ("yarn", "longrope", "llama3"):
        keys[ORIGINAL] = original
    return keys


def _lacks_head_dim(goal: Wanted) -> bool:
    """Whether the file leaves head_dim null, in its own words or by its model's class."""
    document = _document(goal)
    null = "head_dim" in document or classes.class_or_any(model_type(goal)).null_head == "own"
    return null and document.get("head_dim") is None and not goal.rope.latent


def five(goal: Wanted) -> Keys:
    """The keys that change in a config of transformers 5, at the language model's level."""
    rope = expressible(goal)
    return {**top_level(goal, rope), "rope_parameters": parameters_object(goal, rope)}


def five_in_file(goal: Wanted) -> Keys:
    """The same for the file itself: an old ``rope_scaling`` in it would win over
    ``rope_parameters``, and an old ``rope_theta`` mislead older readers.
    """
    document, keys = _document(goal), five(goal)
    if document.get("rope_scaling") is not None:
        keys["rope_scaling"] = None
    if document.get("rope_theta") is not None and not goal.others:
        keys["rope_theta"] = float(goal.rope.base)
    return by_own_length(goal, keys)


def by_own_length(goal: Wanted, keys: Keys) -> Keys:
    """The keys with the context under the name that the file has for it: chatglm's code reads
    ``seq_length`` alone, GPT-J's ``n_positions``.
    """
    document = _document(goal)
    own = next((key for key in LENGTH_KEYS if document.get(key) is not None), CONTEXT)
    return {own if key == CONTEXT else key: value for key, value in keys.items()}


def four(goal: Wanted) -> Keys:
    """The same in one of transformers 4: the base beside ``rope_scaling``, which has both names of
    the type, as readers before 4.43 know only ``type``.
    """
    rope = expressible(goal)
    keys = rope_keys(rope)
    method, base = keys.pop("rope_type"), keys.pop("rope_theta")
    partial = keys.pop("partial_rotary_factor", None)
    document = _document(goal)
    changed = top_level(goal, rope)
    if rope.rope_type == "longrope":
        # it looks for the original length beside the object alone, and takes M / L for the factor
        changed[ORIGINAL] = rope.parameters["original_context"]
        if model_type(goal) not in classes.MSCALES_NEEDED:
            keys.setdefault("attention_factor", attention_factor(goal))
    if partial is not None and document.get("partial_rotary_factor") is not None:
        changed["partial_rotary_factor"] = document["partial_rotary_factor"]
    elif partial is not None and (not document or document.get("rope_parameters") is not None):
        changed["partial_rotary_factor"] = partial
    changed[base_key(document)] = base / base_unit(document)
    changed.update(_local_base(goal, document))
    if document.get("rope_parameters") is not None:
        changed["rope_parameters"] = None
    carried = _carried(goal, old_object(goal), keys) if _nested_object(goal) is None else {}
    if method == "default":
        named = {"rope_type": method, "type": method, **carried}
        # without one gpt-oss and others would have the scaling of their class
        by_class = bool(classes.scaled_rope(model_type(goal)))
        changed["rope_scaling"] = named if carried or by_class else None
        return changed
    names = {"rope_type": method, "type": method}
    if "rope_type" in old_object(goal) and "type" not in old_object(goal):
        names = {"rope_type": method}  # as the file's writer knew it
    if model_type(goal) in TWO_FIELDS and method in ("linear", "dynamic"):
        names = {"type": method}
    if is_phi3(goal):
        names = {"type": method}  # Phi-3 of transformers 4 refuses any but its three keys
        keys = {key: keys[key] for key in ("short_factor", "long_factor")}
    changed["rope_scaling"] = {**names, **keys, **carried}
    return changed


def base_key(document: Mapping[str, Any]) -> str:
    """The key by which a config of transformers 4 has its base."""
    from ropecalc.models.huggingface import BASE_KEYS

    found = next((key for key in BASE_KEYS if document.get(key) is not None), None)
    return found or ("rope_ratio" if document.get("rope_ratio") is not None else "rope_theta")


def base_unit(document: Mapping[str, Any]) -> float:
    """What that key's value is to be multiplied by."""
    return classes.PLAIN_BASE if base_key(document) == "rope_ratio" else 1.0


def _local_base(goal: Wanted, document: Mapping[str, Any]) -> Keys:
    """The base of windowed layers, where it is another and the file does not have it already."""
    fixed = classes.has_fixed_local_base(model_type(goal))
    if fixed or any(document.get(key) is not None for key in LOCAL_BASE_KEYS):
        return {}
    local = [rope for rope in goal.others if rope.window is not None]
    return {LOCAL_BASE_KEYS[0]: local[0].base} if local else {}


def nested_in_text(goal: Wanted, keys: Keys) -> Keys:
    """The keys where the model's file has them: in ``text_config`` for one with vision."""
    if goal.model is not None and goal.model.form.startswith("transformers"):
        for key in reversed(text_path(goal.model.document)):
            keys = {key: keys}
    return keys


def nested_for_override(goal: Wanted, keys: Keys) -> Keys:
    """The same for a config that is loaded: some classes have a text part, and flat files."""
    return within(keys, {} if goal.model is None else goal.model.document)


def longer(goal: Wanted, keys: tuple[str, ...], needed: int) -> Keys:
    """Keys of the file for its length, of some that a stack reads, that are less than needed."""
    document = _document(goal)
    given = {key: document.get(key) for key in keys}
    return {k: needed for k, v in given.items() if isinstance(v, int) and v < needed}


def remarks(goal: Wanted, rope: Rope) -> list[str]:
    """What to know about a setting in such keys, whichever stack reads them."""
    notes = []
    if rope.rope_type == "yarn":
        length = rope.parameters["original_context"]
        if not near(goal.reach / length, goal.factor):
            notes.append(
                f"transformers warns of this factor: {goal.factor!r} times {length:,} is no whole "
                "number of tokens"
            )
    if rope.rope_type == "dynamic":
        notes.append(
            f"{CONTEXT} stays the trained length: dynamic NTK scaling begins only beyond it"
        )
    if goal.rope.rope_type != rope.rope_type:
        method = goal.setting.rope.rope_type
        notes.append(f"{method} is written as longrope, whose lists say the same frequencies")
    if STILL in goal.rope.parameters.get("divisors", ()):
        notes.append(f"a pair that does not turn has a divisor of {STILL:g}")
    if is_nested(goal):
        notes.append(f"only the rope of {rope.layer_type} layers is written")
    return notes


def nested_truncate(goal: Wanted) -> bool:
    """Whether ``truncate`` is false in an object that has one rope a kind of layer."""
    return is_nested(goal) and goal.rope.parameters.get("truncate") is False


def own_kind(goal: Wanted) -> bool:
    """Whether the rope is that of the layers which see the whole context."""
    return goal.rope.layer_type in (FULL, "all") or goal.model is None
