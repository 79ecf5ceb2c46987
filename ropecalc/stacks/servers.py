"""What vLLM and SGLang do alike: their rotary code has one origin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ropecalc.errors import UnsupportedError
from ropecalc.models.raw import ROPE_KEYS, text_path
from ropecalc.results import ModelConfig, Rope, StackRule
from ropecalc.scaling import mscale
from ropecalc.scaling.domains import MIN_DIVISOR
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, as_number
from ropecalc.stacks.loaded import Object, RefusedError, reached, standard
from ropecalc.stacks.loading import null_on_building
from ropecalc.stacks.start import Start
from ropecalc.stacks.transformers import run as transformers
from ropecalc.stacks.unread import parse_leniently
from ropecalc.stacks.words import json_of, length_of, options_of

NULL_BASE = "a rope_theta of null is refused: TypeError"


@dataclass(frozen=True, slots=True)
class Call:
    """What get_rope is called with."""

    rope: Rope
    """The kind of layer: its head, window and layers."""
    values: Object
    """The rope object, with its base."""
    dims: int
    """The rotated dimensions."""
    positions: int
    """max_position_embeddings."""
    served: int | None
    """The length that the server is started for."""
    neox: bool
    """Whether pairs are the halves of the head."""
    sections: int
    """What multiplies the original length in a YaRN with mrope_section."""
    place: str
    """The folder of the rotary code."""

    def needed(self, key: str) -> Any:
        """The value of a key that is looked up; RefusedError where it is absent or null."""
        method = self.values.get("rope_type", "default")
        if self.values.get(key) is None:
            how = ", not null: TypeError" if key in self.values else ": KeyError"
            text = f"its {method} scaling needs {key}{how}"
            raise RefusedError(text, self.place, code=f"missing-{key}")
        return self.values[key]

    def given(self, key: str, default: float | None = None) -> float:
        """The number of a key that is calculated with; RefusedError where it is none."""
        value = self.values.get(key, default) if default is not None else self.needed(key)
        found = as_number(value)
        if found is None:
            raise RefusedError(f"{key} is calculated with, and no number: TypeError", self.place)
        return found

    def number(self, key: str) -> float | None:
        """The number of a key that may be absent."""
        return as_number(self.values.get(key))


@dataclass(frozen=True, slots=True)
class Made:
    """A method with its parameters."""

    rope_type: str
    parameters: Mapping[str, Any]
    table: float
    """How many positions its table of cos and sin has."""
    length: int | None = None
    """The length that decides between the lists of longrope."""
    softmax_factor: float | None = None
    """What an attention that reads mscale_all_dim multiplies the softmax by."""


Method = Callable[[Call, Taken], Made]


def make(call: Call, methods: Mapping[str, Method], taken: Taken) -> float:
    """What the method of a rope object computes, into ``taken``; the length of its table."""
    method = call.values.get("rope_type", call.values.get("type"))
    if method is None:
        raise RefusedError("a rope object without a type is refused: ValueError", call.place)
    if method not in methods:
        raise RefusedError(f"it does not know the rope_type {method}: ValueError", call.place)
    base = as_number(call.values["rope_theta"])
    if base is None:
        raise RefusedError(NULL_BASE, call.place)
    made = methods[method](call, taken)
    kept = {key: value for key, value in made.parameters.items() if value is not None}
    taken.rope = replace(
        call.rope, rope_type=made.rope_type, base=base, rotary_dim=call.dims, parameters=kept
    )
    taken.length, taken.softmax_factor = made.length, made.softmax_factor
    return made.table


def linear(call: Call, _: Taken) -> Made:
    """The factor is a float, or a list of several."""
    factor = call.values.get("factor", 1.0) if "sglang" in call.place else call.needed("factor")
    if as_number(factor) is None:
        raise RefusedError("a factor of linear scaling that is no number: TypeError", call.place)
    if type(factor) is int:
        text = "a factor of linear scaling that is an integer in JSON stops it with a TypeError"
        raise RefusedError(text, call.place, code="integer-factor")
    return Made("linear", {"factor": float(factor)}, call.positions * float(factor))


def both_lists(call: Call) -> dict[str, tuple[float, ...]]:
    """The lists of longrope, one value a rotated pair."""
    lists = {key: call.needed(key) for key in ("short_factor", "long_factor")}
    for key, values in lists.items():
        if not isinstance(values, list | tuple):
            raise RefusedError(f"{key} is no list: TypeError", call.place)
        if len(values) != call.dims // 2:
            text = f"{key} has {len(values)} values for {call.dims // 2} pairs: RuntimeError"
            raise RefusedError(text, call.place)
    return {key: tuple(values) for key, values in lists.items()}


def ends(call: Call) -> dict[str, Any]:
    """The turns at the ends of YaRN's ramp, neither of which may be 0 or null."""
    for key in ("beta_fast", "beta_slow"):
        if not call.values.get(key, 1.0):
            how = "null is refused: TypeError"
            if call.values[key] is not None:
                how = "0 is refused: ZeroDivisionError"
            text = f"YaRN with a {key} of {how}"
            place = f"{call.place} yarn_find_correction_dim"
            raise RefusedError(text, place, code="ramp-end")
    return {key: call.number(key) for key in ("beta_fast", "beta_slow")}


SHAPE_KEYS = (
    "head_dim",
    "hidden_size",
    "num_attention_heads",
    "qk_rope_head_dim",
    "qk_nope_head_dim",
)
POSITION_KEYS = ("max_position_embeddings", "seq_length", "n_positions", "max_seq_len")
# Classes whose two ropes, of a file in a form of its own, are taken as transformers reads them.
AS_READ = frozenset(["deepseek_v4"])


def refuse_as_read(model: ModelConfig, changed: Mapping[str, Any]) -> None:
    """Raise UnsupportedError where a rope object of such a class is overridden."""
    if model.model_type in AS_READ and any(key in ROPE_KEYS for key in changed):
        raise UnsupportedError(
            f"{model.source}: overrides of {model.model_type} are not worked out; patch the file"
        )


def refuse_without_code(asked: Asked, kinds: frozenset[str], place: str) -> None:
    """Raise RefusedError for a class of ``kinds``: neither the server nor transformers has one."""
    if asked.model_type in kinds:
        text = "it has no code of this class, and transformers' own does not fit: ValueError"
        raise RefusedError(text, place, ran=False)


def refuse_null_window(asked: Asked, kinds: frozenset[str], place: str) -> None:
    """Raise RefusedError for a window of null in a class of ``kinds``, which computes with it."""
    null = "sliding_window" in asked.text and asked.text["sliding_window"] is None
    if null and asked.model_type in kinds and not asked.start.changed.get("sliding_window"):
        text = "its code of the class calculates with sliding_window, which is null: TypeError"
        raise RefusedError(text, place)


def positions_of(text: Object, rope: Rope) -> int:
    """The number of positions that a class makes its table for."""
    given = (as_number(text.get(key)) for key in POSITION_KEYS)
    return int(next((value for value in given if value), None) or rope.context or 2048)


def ramped(call: Call, made: Made) -> Made:
    """YaRN whose factor is below 1, or that keeps a share e of the plain frequencies, as lists.

    theta_i' = theta_i (1/s + k_i (1 - 1/s)), k_i = e (1 - g_i), by YaRN's own ramp g_i.

    Raises UnsupportedError where that is no frequency above 0.
    """
    share, given = call.number("extrapolation_factor"), made.parameters
    factor = given["factor"]
    if "sglang" not in call.place:
        share = None  # a key of SGLang's
    if share in (None, 1.0) and factor >= 1:
        return made
    from ropecalc.scaling import default, yarn

    base, size = float(call.values["rope_theta"]), call.rope.head_dim
    own = {k: v for k, v in given.items() if v is not None and k != "attention_factor"}
    plain = default(base, size, rotary_dim=call.dims).angular_frequencies
    halved = yarn(base, size, rotary_dim=call.dims, **{**own, "factor": 2.0}).angular_frequencies
    kept = (2 * halved / plain - 1) * (1.0 if share is None else share)
    rates = 1 / factor + kept * (1 - 1 / factor)
    if not all(0 < rate <= 1 / MIN_DIVISOR for rate in rates):
        text = "frequencies that are not between 0 and 1e4 times the plain ones"
        raise UnsupportedError(f"extrapolation_factor {share:g} makes {text}; correct it")
    ratios = tuple((1 / rates).tolist())
    attention = given["attention_factor"]
    parameters = {
        "short_factor": ratios,
        "long_factor": ratios,
        "original_context": given["original_context"],
        "attention_factor": mscale(factor) if attention is None else attention,
    }
    return replace(made, rope_type="longrope", parameters=parameters, length=call.served or 1)


def marked(taken: Taken, *, ran: bool) -> Taken:
    """The same, whose rules are those of code that was run, where it was."""
    taken.rules = [replace(rule, ran=rule.ran or ran) for rule in taken.rules]
    return taken


FILLED_IN_AGAIN = (ORIGINAL, "rope_theta", "partial_rotary_factor")


def filled_in_again(values: Object, changed: Object, *, by_kind: bool = False) -> dict[str, Any]:
    """A rope object as transformers' methods have it: with what was set beside it on the config.

    An original length goes before the one within, but not before those of objects by kind.
    """
    if values.get("rope_type", "default") == "default":
        return dict(values)
    beside = {key: changed[key] for key in FILLED_IN_AGAIN if changed.get(key) is not None}
    first = {} if by_kind else {key: beside[key] for key in (ORIGINAL,) if key in beside}
    return {**beside, **values, **first}


def by_transformers(
    asked: Asked, usable_length: int | None, place: str, *, builds: bool = False
) -> Taken:
    """What transformers computes, in a stack that runs its code of a class.

    The length is the stack's own. ``builds``: whether it builds the layers by that code too.
    """
    taken = transformers.built(asked)
    if builds:
        taken.refusal = taken.refusal or null_on_building(asked)
    taken.refusal = taken.refusal or _null_base(asked)
    taken.usable_length = usable_length
    taken.length = asked.context or usable_length  # that of the longest prompt
    if asked.rope.rope_type != "default":
        text = "the Transformers backend runs it: its rope is that of transformers"
        taken.rules.insert(0, StackRule(text, place))
    return taken


def _null_base(asked: Asked) -> StackRule | None:
    """A base of null, in the rope object or, where that has none, beside it."""
    if standard(asked, {}, beside=False)["rope_theta"] is not None:
        return None
    return StackRule(NULL_BASE, "src/transformers/models")


@dataclass(frozen=True, slots=True)
class Overriding:
    """The command line of a server, whose options change a config that is loaded."""

    option: str
    """That has the keys, as JSON."""
    length: str
    """That has the length."""
    merged: str
    """What comes of a rope object among the keys."""
    source: str
    """The file of the server that sets them."""

    def override(self, model: ModelConfig, text: str) -> Start:
        """The model as the server has it when a command of ``write`` has started it."""
        given = options_of(text)
        return self.start(model, json_of(given, self.option), length_of(given, self.length))

    def start(self, model: ModelConfig, keys: Mapping[str, Any], context: int | None) -> Start:
        """The model as the server has it with these keys."""
        changed, outside = reached(keys, model.document)
        refuse_as_read(model, changed)
        shape = {key: changed[key] for key in SHAPE_KEYS if key in changed}
        if shape:
            path = text_path(model.document)
            model = parse_leniently(_with(model.document, path, shape), model.source)
        rules = []
        if outside:
            text = "keys beside the text part of the config do not reach it"
            rules.append(StackRule(text, self.source, True))
        ropes = [changed[key] for key in ROPE_KEYS if key in changed]
        if ropes:
            null = "a null takes the place of the file's rope object"
            rules.append(StackRule(null if None in ropes else self.merged, self.source, True))
        return Start(model, context, changed=changed, rules=tuple(rules))


def _with(document: Object, path: Sequence[str], keys: Object) -> dict[str, Any]:
    """The document with keys of the object at a path replaced."""
    if not path:
        return {**document, **keys}
    return {**document, path[0]: _with(document.get(path[0], {}), path[1:], keys)}
