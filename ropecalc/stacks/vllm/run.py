"""vLLM: it loads the file by transformers' classes, and its own code of a class calls get_rope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ropecalc.models.classes import LONGROPE_BY_OTHER_NAMES, reads_by_kind_alone
from ropecalc.models.one_object import quotient_of
from ropecalc.results import Rope, StackRule
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.loaded import (
    MROPE_IS_DEFAULT,
    Loaded,
    Object,
    RefusedError,
    inner_path,
    loaded,
)
from ropecalc.stacks.loading import refusal_on_loading
from ropecalc.stacks.servers import (
    AS_READ,
    FILLED_IN_AGAIN,
    Call,
    by_transformers,
    filled_in_again,
    marked,
    positions_of,
    refuse_null_window,
    refuse_without_code,
)
from ropecalc.stacks.vllm import classes
from ropecalc.stacks.vllm.classes import Code
from ropecalc.stacks.vllm.get_rope import ROPES, get_rope, rotary_dim

LENGTHS = "vllm/config/model.py _get_and_verify_max_len"
CONFIG = "vllm/transformers_utils/config.py"
TYPES = f"{CONFIG} patch_legacy_rope_type"
RENAMED = {"su": "longrope", "mrope": "default"}
# What counts as the length of a model: the least of them.
LENGTH_KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
TRAINED = "max_trained_positions"
DEFAULT_LENGTH = 2048  # of a model that has none of them
# Types whose factor is in max_position_embeddings already.
EXTENDED = frozenset("su longrope llama3 yarn deepseek_yarn deepseek_llama_scaling".split())


def run(asked: Asked) -> Taken:
    """What vLLM makes of one kind of layer."""
    taken = Taken(asked.rope, asked.context or asked.rope.context, None)
    try:
        refuse_without_code(asked, classes.NO_CODE, classes.REGISTRY)
        _refuse_on_loading(asked)
        refuse_null_window(asked, classes.WINDOW_NEEDED, classes.MODELS)
        found = loaded(asked, RENAMED)
        _beside(asked, found, taken)
        _lengths(asked, found, taken)
        if asked.model_type in classes.BY_TRANSFORMERS:
            return _by_transformers(asked, found, taken)
        table = _own_code(asked, found, taken)
    except RefusedError as refused:
        taken.refusal = refused.rule
        return taken
    _table_rule(asked, taken, table)
    return marked(taken, ran=classes.code_of(asked.model_type).ran)


def _refuse_on_loading(asked: Asked) -> None:
    refusal = refusal_on_loading(asked) or _two_types(asked) or _no_sections(asked)
    if refusal is not None:
        raise RefusedError(refusal.text, refusal.source, code=refusal.code)


def _beside(asked: Asked, found: Loaded, taken: Taken) -> None:
    """What the class takes into its object of keys that were set before it fills it once more."""
    for key in () if found.changed or inner_path(asked.model.document) else FILLED_IN_AGAIN:
        given = asked.start.changed.get(key)
        if given is not None and any(values.get(key) == given for values in found.all()):
            taken.rule(f"{key} is filled into the rope object", f"{CONFIG} patch_rope_parameters")


def _two_types(asked: Asked) -> StackRule | None:
    """The refusal of a type apart from the rope_type that transformers has on loading the file."""
    old, new = asked.values.get("type"), asked.values.get("rope_type")
    if asked.model_type == "phi3" and (new or old) in LONGROPE_BY_OTHER_NAMES["phi3"]:
        new = "longrope"
    elif reads_by_kind_alone(asked.model_type) and not asked.nested:
        if not asked.text.get("rope_scaling"):
            return None  # which is passed over
        new = new or "default"  # which these classes have before they look at the type
    if "type" not in asked.values or new in (None, old) or (old, new) in classes.RENAMED:
        return None
    text = f"type {old or 'null'} beside rope_type {new} is refused: ValueError"
    return StackRule(text, TYPES, True, "two-types")


def _no_sections(asked: Asked) -> StackRule | None:
    bare = asked.written == "mrope" and "mrope_section" not in asked.values
    if not bare or asked.model_type in MROPE_IS_DEFAULT:
        return None
    return StackRule("the type mrope without mrope_section is refused: ValueError", TYPES)


# --- what its own code of a class computes --------------------------------------------------------


def _own_code(asked: Asked, found: Loaded, taken: Taken) -> float:
    """What get_rope makes of the object that the class passes; the positions of its table."""
    code = classes.code_of(asked.model_type)
    if asked.model_type in AS_READ:
        return float("inf")
    by_kind = code.by_kind or (found.nested and not found.changed)
    values = dict(found.of(asked.rope.layer_type) if by_kind else found.flat())
    place = f"{classes.MODELS}/{code.file}.py"
    _fill_base(values, code, place, taken)
    if code.partial is not None and not found.flat():
        raise RefusedError("its code of the class has no use for a null: AttributeError", place)
    if code.partial is not None:
        values.setdefault("partial_rotary_factor", code.partial)
    if asked.model_type in classes.YARN_ALONE:
        values = _yarn_alone(asked, values, taken)
    if code.latent:
        _latent(values, place, taken)
    values.setdefault("rope_type", "default")
    positions = positions_of(found.text, asked.rope)
    served = asked.context or taken.usable_length
    if code.served:
        values.setdefault("max_trained_positions", asked.length(TRAINED) or positions)
        positions = served or positions
    if code.head and "head_dim" in asked.text and asked.text["head_dim"] is None:
        raise RefusedError("its code of the class multiplies head_dim, a null: TypeError", place)
    rope = _own_head(asked, place, taken)
    head = asked.head if rope.latent else rope.head_dim
    dims = rotary_dim(values, code, head, asked.length("rotary_dim"))
    call = Call(rope, values, dims, positions, served, code.neox, code.sections, ROPES)
    table = get_rope(call, taken)
    if taken.softmax_factor is not None and not code.latent:
        taken.softmax_factor = 1.0  # its attention reads no mscale
    return table


def _own_head(asked: Asked, place: str, taken: Taken) -> Rope:
    """The rope with the size of a head as its code of the class computes it."""
    rope, size = asked.rope, quotient_of(asked.text)
    if asked.model_type not in classes.QUOTIENT or size in (None, rope.head_dim):
        return rope
    taken.rule(f"its code of the class has heads of {size}, whatever head_dim is", place)
    return replace(rope, head_dim=size)


def _fill_base(values: dict[str, Any], code: Code, place: str, taken: Taken) -> None:
    """The base of an object that has none."""
    if "rope_theta" not in values:
        if code.base is None:
            raise RefusedError("its code of the class looks up rope_theta: KeyError", place)
        values["rope_theta"] = code.base
        text = f"the object has no rope_theta: the base is {code.base:,.0f}"
        taken.rule(text, place if code.base != classes.PLAIN_BASE else f"{ROPES} get_rope")


def _latent(values: dict[str, Any], place: str, taken: Taken) -> None:
    """DeepSeek's attention: any scaling becomes deepseek_yarn."""
    if "rope_type" not in values:
        raise RefusedError("its code of the class looks up rope_type: KeyError", place)
    if values["rope_type"] not in ("default", "yarn"):
        text = "latent attention takes any scaling for deepseek_yarn"
        taken.rules.insert(0, StackRule(text, place, True))
    if values["rope_type"] != "default":
        values["rope_type"] = "deepseek_yarn"


def _yarn_alone(asked: Asked, values: Object, taken: Taken) -> dict[str, Any]:
    """The YaRN of gpt-oss, whatever the rope_type is, from keys that may not be absent."""
    kind = asked.model_type
    where = f"{classes.MODELS}/{kind}.py"
    missing = [key for key in classes.YARN_KEYS if as_number(values.get(key)) is None]
    if missing:
        error = "TypeError" if missing[0] in values else "KeyError"
        raise RefusedError(
            f"its code for {kind} is that of YaRN and needs {missing[0]}: {error}", where
        )
    if values.get("rope_type", "default") != "yarn":
        taken.rule(f"its code for {kind} is that of YaRN, whatever the type", where)
    for key in classes.YARN_DROPPED:
        if as_number(values.get(key)) is not None:
            taken.rule(f"its code for {kind} does not pass {key} on", where)
    passed = ("rope_theta", *classes.YARN_KEYS)
    kept = {key: values[key] for key in passed}
    return {**kept, "truncate": values.get("truncate", True), "rope_type": "yarn"}


# --- what transformers' own code of a class computes ----------------------------------------------


def _by_transformers(asked: Asked, found: Loaded, taken: Taken) -> Taken:
    """A class that vLLM has no code of its own for."""
    by_kind = reads_by_kind_alone(asked.model_type)
    beside = any(key in asked.start.changed for key in FILLED_IN_AGAIN)
    beside = beside and by_kind >= found.nested
    again = _reread(asked, found) if found.changed or beside else asked
    done = by_transformers(again, taken.usable_length, classes.REGISTRY, builds=True)
    done.rules = [*done.rules, *taken.rules]
    done.short = taken.short
    return done


def _reread(asked: Asked, found: Loaded) -> Asked:
    """The same with the objects of the command line.

    transformers' methods fill them in once more, from the keys that were set beside them.
    """
    from ropecalc.models.huggingface import parse_config
    from ropecalc.stacks.asked import asked_of

    by_kind = reads_by_kind_alone(asked.model_type)
    values = dict(found.of(asked.rope.layer_type) if by_kind else found.flat())
    if asked.model_type in classes.PARTIAL_NEEDED and "partial_rotary_factor" not in values:
        text = "transformers' code of the class needs partial_rotary_factor: KeyError"
        raise RefusedError(text, classes.REGISTRY)
    values = filled_in_again(values, asked.start.changed, by_kind=by_kind)
    for key in ("rope_theta", "rope_type"):
        if values.get(key) is None:
            raise RefusedError(
                f"transformers' code of the class needs {key}: TypeError", classes.REGISTRY
            )
    values.setdefault("partial_rotary_factor", 1.0)
    dropped = ("rope_scaling", "rope_theta", "partial_rotary_factor", "rotary_pct")
    keys = {key: value for key, value in found.text.items() if key not in dropped}
    objects: Any = values
    if by_kind:
        objects = {**found.objects, asked.rope.layer_type: values}
    model = parse_config({**keys, "rope_parameters": objects}, asked.model.source)
    own = [rope for rope in model.ropes if rope.layer_type == asked.rope.layer_type]
    return asked_of(replace(asked.start, model=model, changed={}), (own or model.ropes)[0])


# --- how long -------------------------------------------------------------------------------------


def _lengths(asked: Asked, found: Loaded, taken: Taken) -> None:
    """The default of --max-model-len, and whether the length that was asked for is allowed."""
    lengths = {key: as_number(found.text.get(key)) for key in LENGTH_KEYS}
    given = [length for length in lengths.values() if length]
    derived = min(given, default=float(asked.rope.context or DEFAULT_LENGTH))
    derived = lengths["model_max_length"] or derived
    factor = _length_factor(asked, found)
    if factor != 1:
        text = f"--max-model-len is max_position_embeddings times the factor, {factor:g}"
        taken.rule(f"{text}, by default", LENGTHS)
    longest = int(derived * factor)
    original = as_number(found.text.get(ORIGINAL))
    longrope = any(values.get("rope_type") == "longrope" for values in _counted(found))
    taken.usable_length = int(original) if longrope and original else longest
    allowed = lengths["model_max_length"] or 0
    if asked.is_beyond(longest) and asked.is_beyond(int(allowed)):
        text = (
            f"--max-model-len beyond {longest:,} is refused without VLLM_ALLOW_LONG_MAX_MODEL_LEN"
        )
        taken.rule(text, LENGTHS)
        taken.short = taken.rules[-1]


def _counted(found: Loaded) -> list[Object]:
    """The objects that give the length: one with keys beside the kinds counts as flat."""
    if found.outer:
        return [{"rope_type": found.outer.get("type"), **found.outer}]
    return [values for values in found.all() if isinstance(values, Mapping)]


def _length_factor(asked: Asked, found: Loaded) -> float:
    """The factor of whichever kind of layer: the length is that of the model."""
    if asked.model_type.startswith("gemma3"):
        return 1.0
    factor: object = 1.0
    for values in _counted(found):
        if values and "rope_type" not in values:
            raise RefusedError("the rope object has no rope_type: KeyError", LENGTHS)
        if values and values["rope_type"] not in EXTENDED:
            factor = values.get("factor", factor)
    return as_number(factor) or 1.0


def _table_rule(asked: Asked, taken: Taken, table: float) -> None:
    """vLLM's own code has cos and sin for so many positions and no more."""
    served = asked.context or taken.usable_length
    if served and table < served:
        text = (
            f"its table of cos and sin ends at {int(table):,} tokens, before --max-model-len does"
        )
        taken.rule(text, ROPES, "table")
        if asked.context is not None:
            taken.short = taken.short or taken.rules[-1]
