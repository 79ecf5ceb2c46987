"""SGLang: the file is loaded by transformers' classes, and its code of a class calls get_rope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ropecalc.models import classes as models
from ropecalc.models.attention import FULL
from ropecalc.models.raw import ROPE_KEYS
from ropecalc.results import StackRule
from ropecalc.results.configs import EVERY_LAYER
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.loaded import CONTEXT, Loaded, RefusedError, loaded
from ropecalc.stacks.loading import null_on_loading, refusal_on_loading
from ropecalc.stacks.servers import (
    AS_READ,
    FILLED_IN_AGAIN,
    NULL_BASE,
    Call,
    by_transformers,
    filled_in_again,
    marked,
    positions_of,
    refuse_null_window,
    refuse_without_code,
)
from ropecalc.stacks.sglang import classes
from ropecalc.stacks.sglang.flat import as_flat, flat_rules
from ropecalc.stacks.sglang.get_rope import ROPES, get_rope, plain

TRANSFORMERS = "src/transformers/modeling_rope_utils.py"
LENGTHS = "python/sglang/srt/utils/hf_transformers/common.py get_context_length"
EARLY = "python/sglang/srt/configs"
LENGTH_KEYS = (  # the first that is there
    "max_sequence_length",
    "seq_length",
    "max_seq_len",
    "model_max_length",
    "max_position_embeddings",
)
DEFAULT_LENGTH = 2048  # of a model that has none of them
# What transformers' own functions know.
KNOWN = frozenset("default linear dynamic yarn longrope llama3 proportional".split())


def run(asked: Asked) -> Taken:
    """What SGLang makes of one kind of layer."""
    asked = _by_size(asked)
    taken = Taken(asked.rope, asked.context or asked.rope.context, None)
    try:
        refuse_null_window(asked, classes.WINDOW_NEEDED, classes.MODELS)
        if asked.model_type in classes.FLAT:
            refusal = null_on_loading(asked)
            return replace(taken, refusal=refusal) if refusal else _flat(asked, taken)
        refuse_without_code(asked, classes.NO_CODE, classes.REGISTRY)
        _refuse_on_loading(asked)
        found = merged(asked)
        _lengths(asked, found, taken)
        if asked.model_type in classes.BY_TRANSFORMERS:
            return _by_transformers(asked, found, taken)
        _own_code(asked, found, taken)
    except RefusedError as refused:
        taken.refusal = refused.rule
    return marked(taken, ran=classes.code_of(asked.model_type).ran)


def _refuse_on_loading(asked: Asked) -> None:
    """What transformers' class of the file refuses."""
    refusal = refusal_on_loading(asked)
    if refusal is None and asked.rope.rope_type == "yarn" and asked.values:
        free = asked.model_type in classes.UNSCALED | classes.OWN_FUNCTIONS
        if "factor" not in asked.values:
            text = "YaRN without a factor is refused as the file is loaded: KeyError"
            where = f"{TRANSFORMERS} _check_received_keys"
            refusal = StackRule(text, where, True, "missing-factor")
        elif asked.values["factor"] is None and not free:
            text = "YaRN with a factor of null is refused: TypeError"
            refusal = StackRule(text, f"{ROPES} get_rope", True, "missing-factor")
    code = classes.code_of(asked.model_type)
    in_new = asked.text.get("rope_scaling") is None
    if refusal is None and code.early and in_new and asked.written in classes.FLAT_STOPS:
        text = "its config of this class looks for the lengths too early: AttributeError"
        refusal = StackRule(text, EARLY, True)
    changed = any(key in ROPE_KEYS for key in asked.start.changed)
    if refusal is not None and not (changed and refusal.source.endswith("get_rope")):
        raise RefusedError(refusal.text, refusal.source, code=refusal.code)


def _by_size(asked: Asked) -> Asked:
    """The same with the heads that the class has."""
    width, heads = asked.length("hidden_size"), asked.length("num_attention_heads")
    if asked.model_type not in classes.QUOTIENT or not width or not heads:
        return asked
    return replace(asked, rope=replace(asked.rope, head_dim=width // heads))


def merged(asked: Asked) -> Loaded:
    """The config, into whose rope object that of the command line is merged."""
    start = asked.start
    ropes = {key: value for key, value in start.changed.items() if key in ROPE_KEYS}
    rest = {key: value for key, value in start.changed.items() if key not in ROPE_KEYS}
    file = replace(asked, start=replace(start, changed={}))
    beside = asked.model_type in models.ORIGINAL_CONTEXT
    found = loaded(file, {}, beside=beside)
    if classes.code_of(asked.model_type).own and asked.text.get("rope_parameters") is None:
        found = replace(found, objects={"": dict(asked.text.get("rope_scaling") or {})})
    objects, outer = dict(found.objects), dict(found.outer)
    for given in ropes.values():
        if given is None and asked.model_type in classes.NULL_STOPS | classes.BY_TRANSFORMERS:
            text = "its code of the class looks up keys of the rope object, a null: TypeError"
            raise RefusedError(text, classes.MODELS)
        if given is None:
            plain_base = classes.NULL_BASES.get(asked.model_type, models.PLAIN_BASE)
            base = as_number(rest.get("rope_theta")) or plain_base
            objects, outer = {"": {"rope_type": "default", "rope_theta": base}}, {}
            continue
        if not found.nested:
            objects = {"": {**objects[""], **given}}
            continue
        kinds = {key: value for key, value in given.items() if isinstance(value, Mapping)}
        outer |= {key: value for key, value in given.items() if key not in kinds}
        objects |= kinds
    return Loaded({**found.text, **rest}, objects, outer, bool(ropes))


# --- what its own code of a class computes --------------------------------------------------------


def _own_code(asked: Asked, found: Loaded, taken: Taken) -> None:
    code = classes.code_of(asked.model_type)
    if asked.model_type in AS_READ:
        return
    values = dict(found.of(asked.rope.layer_type) if found.nested else found.flat())
    place = f"{classes.MODELS}/{code.file}.py"
    if not values:
        values["rope_type"] = "default"
    _base(asked, found, values, taken)
    if code.beside and as_number(found.text.get(ORIGINAL)) is not None:
        if ORIGINAL in asked.start.changed:
            taken.rule(f"{ORIGINAL} beside the rope object goes before the one in it", place)
        values[ORIGINAL] = found.text[ORIGINAL]
    dims = _rotary_dim(asked, found, values)
    alone = asked.text is asked.model.document  # a file of the language model alone
    if asked.model_type == "gemma4_text" and alone and found.text.get("global_head_dim"):
        text = "it reads head_dim, which this class has by layer: AttributeError"
        raise RefusedError(text, place)
    if asked.model_type in classes.OWN_FUNCTIONS:
        _gemma3(asked, found, values, taken)
    elif not code.scaled:
        _unscaled(asked, values, dims, taken)
    else:
        _scaled(asked, found, values, dims, taken)


def _scaled(asked: Asked, found: Loaded, values: dict[str, Any], dims: int, taken: Taken) -> None:
    """A class that passes its rope object to get_rope."""
    code = classes.code_of(asked.model_type)
    place = f"{classes.MODELS}/{code.file}.py"
    if code.latent and (values.get("rope_type") != "default" or code.always):
        if values.get("rope_type") not in ("default", "yarn", "deepseek_yarn"):
            text = "latent attention takes any scaling for deepseek_yarn"
            taken.rules.insert(0, StackRule(text, place, True))
        values["rope_type"] = "deepseek_yarn"
    if values.get("rope_type") == "proportional":
        partial = as_number(values.get("partial_rotary_factor"))
        if asked.model_type == "gemma4_text" and partial:
            dims = int(asked.head * partial) // 2 * 2
    positions = positions_of(found.text, asked.rope)
    served = asked.context or taken.usable_length
    get_rope(Call(asked.rope, values, dims, positions, served, code.neox, 1, ROPES), taken)
    if taken.softmax_factor is None:
        return
    off = values.get("apply_yarn_scaling") is False or values.get("apply_scale") is False
    if off or not code.latent:
        taken.softmax_factor = 1.0


def _base(asked: Asked, found: Loaded, values: dict[str, Any], taken: Taken) -> None:
    """The base that the class passes."""
    code = classes.code_of(asked.model_type)
    place = f"{classes.MODELS}/{code.file}.py"
    outside = as_number(found.text.get("rope_theta"))
    own = asked.values.get("rope_theta") if isinstance(asked.values, Mapping) else None
    if own is None and not found.changed and asked.text.get("rope_theta", outside or 1) is None:
        raise RefusedError(NULL_BASE, place)
    if code.base is not None:
        read = asked.start.changed.get("rope_theta") or (code.own and outside)
        base = as_number(read) or code.base
        if values.get("rope_theta") not in (None, base):
            text = "its code of the class does not look for the base in the object: "
            taken.rule(f"{text}{base:,.10g}", place)
        values["rope_theta"] = base
    absent = own is None and "rope_theta" not in found.text
    if code.default is not None and absent and not found.changed:
        values["rope_theta"] = code.default
    if as_number(values.get("rope_theta")) is None:
        raise RefusedError("a rope_theta that is no number: TypeError", place)
    if code.whole and not float(values["rope_theta"]).is_integer():
        values["rope_theta"] = float(int(values["rope_theta"]))
        text = f"its code for {asked.model_type} takes the whole part of the base, "
        taken.rule(f"{text}{int(values['rope_theta']):,}", classes.MODELS)


def _rotary_dim(asked: Asked, found: Loaded, values: Mapping[str, Any]) -> int:
    """The rotated dimensions, from where the class looks for them."""
    where = classes.code_of(asked.model_type).partial
    by_class = models.default_part(asked.model_type)
    beside = as_number(found.text.get("partial_rotary_factor")) or by_class or 1.0
    if where == "dims":
        return asked.rope.rotary_dim
    if where == "object":
        inside = as_number(values.get("partial_rotary_factor"))
        return int(asked.head * (inside or beside))
    return int(asked.head * beside) if where == "config" else asked.head


def _unscaled(asked: Asked, values: Mapping[str, Any], dims: int, taken: Taken) -> None:
    """A class whose file passes no scaling: a plain rope, and nothing that stops at a null."""
    plain(asked.rope, float(values["rope_theta"]), dims, taken)
    if values.get("rope_type", "default") != "default":
        text = f"its code for {asked.model_type} passes no scaling on: the rope is plain"
        taken.rule(text, classes.MODELS)


def _gemma3(asked: Asked, found: Loaded, values: dict[str, Any], taken: Taken) -> None:
    """Gemma3RotaryEmbedding: transformers' functions, once, as for a short prompt."""
    method = values.get("rope_type", "default")
    if "partial_rotary_factor" in asked.start.changed:  # which those functions fill in
        values.setdefault("partial_rotary_factor", asked.start.changed["partial_rotary_factor"])
    if method not in KNOWN:
        text = f"it does not know the rope_type {method}: KeyError"
        raise RefusedError(text, f"{classes.MODELS}/gemma3_causal.py")
    if method in ("default", "dynamic") or asked.rope.layer_type not in (FULL, EVERY_LAYER):
        plain(asked.rope, float(values["rope_theta"]), asked.rope.head_dim, taken)
        if method == "dynamic":
            text = "dynamic scaling is computed once, as for a short prompt: the rope is plain"
            taken.rule(text, f"{classes.MODELS}/gemma3_causal.py")
        return
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.asked import asked_of
    from ropecalc.stacks.start import Start
    from ropecalc.stacks.transformers import run as transformers

    flat = {
        "model_type": "llama",
        "head_dim": asked.rope.head_dim,
        CONTEXT: found.text.get(CONTEXT) or asked.rope.context,
        "rope_parameters": _as_transformers(values),
    }
    if found.text.get(ORIGINAL) is not None:
        flat[ORIGINAL] = found.text[ORIGINAL]
    model = parse_config(flat, asked.model.source)
    done = transformers.run(asked_of(Start(model, asked.context), model.rope))
    if done.refusal is not None:
        raise RefusedError(done.refusal.text, done.refusal.source)
    own = asked.rope
    taken.rope = replace(done.rope, layer_type=own.layer_type, window=own.window, layers=own.layers)
    taken.rules += done.rules
    if method == "longrope":
        taken.length = 1
        text = "longrope is computed once, as for a short prompt: short_factor always"
        taken.rule(text, f"{classes.MODELS}/gemma3_causal.py")


def _as_transformers(values: Mapping[str, Any]) -> dict[str, Any]:
    """The object without what is PhiMoE's, and with a null that counts as false."""
    kept = {key: value for key, value in values.items() if key not in models.MSCALES}
    return {**kept, "truncate": bool(kept["truncate"])} if "truncate" in kept else kept


# --- what transformers' own code of a class computes ----------------------------------------------


def _by_transformers(asked: Asked, found: Loaded, taken: Taken) -> Taken:
    """A class that SGLang has no code of its own for."""
    again = asked
    beside = not found.nested and any(key in asked.start.changed for key in FILLED_IN_AGAIN)
    if found.changed or beside:
        from ropecalc.models.huggingface import parse_config
        from ropecalc.stacks.asked import asked_of

        dropped = (*ROPE_KEYS, *FILLED_IN_AGAIN, "rotary_pct")
        text = {key: value for key, value in found.text.items() if key not in dropped}
        objects: Any = dict(found.objects) if found.nested else dict(found.objects[""])
        if not found.nested:
            objects = filled_in_again(objects, asked.start.changed)
        model = parse_config({**text, "rope_parameters": objects}, asked.model.source)
        own = [rope for rope in model.ropes if rope.layer_type == asked.rope.layer_type]
        start = replace(asked.start, model=model, changed={})
        again = asked_of(start, (own or model.ropes)[0])
    sized = {**again.text, "head_dim": again.rope.head_dim}  # a null is replaced
    done = by_transformers(replace(again, text=sized), taken.usable_length, classes.REGISTRY)
    done.rules, done.short = [*done.rules, *taken.rules], taken.short
    return done


def _flat(asked: Asked, taken: Taken) -> Taken:
    """OLMo 3: a config with one flat rope."""
    if asked.text.get("rope_theta", 1) is None and not asked.values.get("rope_theta"):
        raise RefusedError(NULL_BASE, classes.FLAT_CONFIG)
    flat = as_flat(asked)
    changed = asked.start.changed
    values: dict[str, Any] = {**flat.values}
    values["rope_theta"] = as_number(changed.get("rope_theta")) or flat.rope.base
    whole = asked.rope.layer_type in (FULL, EVERY_LAYER)
    for key in (key for key in ROPE_KEYS if key in changed):
        given = changed[key]
        if given is None:
            values, given = {"rope_theta": values["rope_theta"]}, {"rope_type": "default"}
        kept = given if whole else {k: v for k, v in given.items() if k == "rope_theta"}
        values |= kept
    plain_file = not set(values) - {"rope_theta"}
    if not whole or (plain_file and not any(key in ROPE_KEYS for key in changed)):
        values["rope_type"] = "default"
    found = Loaded({**asked.text, **changed}, {"": values})
    _lengths(asked, found, taken)
    positions = positions_of(found.text, asked.rope)
    served = asked.context or taken.usable_length
    call = Call(asked.rope, values, asked.rope.head_dim, positions, served, True, 1, ROPES)
    get_rope(call, taken)
    flat_rules(asked, taken)
    return taken


# --- how long -------------------------------------------------------------------------------------


def _lengths(asked: Asked, found: Loaded, taken: Taken) -> None:
    """The default of --context-length, and whether the length that was asked for is allowed."""
    lengths = (as_number(found.text.get(key)) for key in LENGTH_KEYS)
    derived = next((length for length in lengths if length), None)
    derived = derived or asked.rope.context or DEFAULT_LENGTH
    whole = found.outer if found.nested else found.objects[""]
    factor = as_number(whole.get("factor", 1.0)) or 1.0
    if ORIGINAL in whole or whole.get("rope_type") == "llama3":
        factor = 1.0
    if factor != 1:
        text = f"--context-length is the context of the file times the factor, {factor:g}"
        taken.rule(f"{text}, by default", LENGTHS)
    taken.usable_length = int(derived * factor)
    if asked.is_beyond(taken.usable_length):
        text = f"--context-length beyond {taken.usable_length:,} is refused without "
        taken.rule(f"{text}SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN", LENGTHS)
        taken.short = taken.rules[-1]
