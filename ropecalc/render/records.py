"""Results as records: one table of keys serves JSON, rows, notebooks and the schemas.

A record is a dict of plain values whose keys never change with the answer: what does not exist is
null. A shape lists its keys in order. ``key`` is the result's own field or property; ``key=a.b`` is
reached by that path, where a None on the way makes the value None and a tuple on the way a list
(``record(run, layer=...)`` begins paths that the result itself has not);
``key=a(x,y)`` is an inner record of those parts, all of them null where ``a`` is None. A value
whose class has a shape becomes a record of that shape.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

Record = dict[str, Any]

_HEAD = "head_dim rotary_dim count_unrotated"
_ROPE = (
    "layer_type rope_type base factor original_context parameters head_dim rotary_dim layers window"
)
_CHECK = "holds first_violation violations worst_distance worst_similarity slack soft"
_PART = "rotated_part=rotated_part(first_violation,violations,worst_distance,slack,soft,base)"
_OUTLOOK = "outlook=outlook(settings,families,low,high,open,kept,kept_of)"
_SEEN = f"{_PART} {_OUTLOOK}".replace("=", "=check.")
_FACTORS = "attention_factor softmax_factor angular_frequencies"
_LAYER = "layer_type,layers,head_dim,rotary_dim,base,rope_type,factor,original_context,window"


def _of(path: str, keys: str) -> str:
    """Keys that are reached through a path."""
    return " ".join(f"{key}={path}.{key}" for key in keys.split())


SHAPES = {
    "MinimumBase": f"label {_HEAD} context margin status recommended_base minimum_base "
    "rotated_part_base rotated_part_round_base enclosure=enclosure(low,high) "
    "minimum_base_digits critical_distance window_status window_end round_digits round_base "
    "integer_base continuum_estimate refined_estimate=refined_estimate(value,low,high) safe_status "
    "safe_base safe_distance source steps method message=status.value min_window wide_status "
    "wide_start wide_end wide_distance unsearched undecided precision=None",
    "MinimumFactor": f"{_of('rope', 'rope_type base head_dim rotary_dim original_context')} "
    "count_unrotated context margin status minimum_factor enclosure=enclosure(low,high) "
    "minimum_factor_digits critical_distance window_status window_end recommended_factor "
    "round_digits round_factor ratio "
    "ratio_violation given_factor given_violation steps method message=status.value",
    "Check": f"{_HEAD} base context margin holds status first_violation violations worst_distance "
    "worst_similarity slack next_base minimum_factor error_bound method message=status.value "
    "rope_type label min_window room_below room_above room_limit recommended_base unsearched "
    f"soft {_PART} {_OUTLOOK} undecided precision=None",
    "MaxContext": f"{_HEAD} base margin limit status max_context first_violation similarity method "
    "message=status.value rope_type label rotated_part_violation soft",
    "SoftContext": "share context open",
    "Windows": f"{_HEAD} context margin at_most status minimum_base safe_base share windows "
    "hidden=None skipped method message=status.value undecided",
    "Window": "start end relative_width opened_by closed_by",
    "CurvePoints": f"{_of('spectrum', _HEAD)} base {_of('spectrum', 'rope_type label')} kind "
    "normalised context first_violation error_bound distances=None values=None "
    "last_distances=None least=None greatest=None precision",
    "PairFrequencies": f"{_of('spectrum', 'head_dim rotary_dim')} base "
    f"{_of('spectrum', 'rope_type label')} context "
    f"{_of('spectrum', 'attention_factor softmax_factor')} angular_frequencies wavelengths turns "
    "weights=spectrum.pair_weights",
    "Staircase": "kind rotary_dim end contexts=steps.context bases=steps.base "
    "critical_distances=steps.critical_distance source",
    "Precision": "dtype recipe pair holds status first_violation violations worst_distance "
    "worst_similarity exact_violations changes_verdict made first_made hidden first_hidden "
    "largest_difference difference_distance largest_phase_error phase_error_position "
    "phase_error_pair colliding_positions colliding_share",
    "PrecisionBase": "dtype recipe status base exact_base exact_violations exact_first_violation "
    "worst_distance worst_similarity candidates evaluations method",
    "Finding": "code severity message cure where layer_type",
    "Rule": "code severity title where",
    "StackRule": "text source ran",
    "Rope": _ROPE,
    "ModelConfig": "source form model_type context original_context known_as=known.models "
    "matched=known.matched trained_context trained_source=known.trained.source recipe=known.recipe "
    "unrotated_layers assumptions",
    "Recipe": "rope_type factor original_context context source",
    "KnownModel": "name repo aliases model_type=config.model_type context=config.context "
    "original_context=config.original_context trained_context=config.trained_context "
    f"trained_source=trained.source recipe layers=config.ropes({_LAYER}) "
    "unrotated_layers=config.unrotated_layers source",
    "LayerInspection": f"{_of('rope', _ROPE)} length context=check.context "
    "trained_context=model.trained_context turned_context "
    f"count_unrotated=spectrum.count_unrotated {_of('spectrum', _FACTORS)} shortest_wavelength "
    f"longest_wavelength unfinished_pairs {_of('check', _CHECK)} {_SEEN} "
    f"{_of('check', 'room_below room_above')} "
    "minimum_base safe_base minimum_factor precision findings=None finding_codes=None",
    "StackRun": "layer_type stack version layer_agrees=layer.agree group=group.name "
    f"{_of('rope', 'rope_type base factor')} {_of('spectrum', 'attention_factor softmax_factor')} "
    f"usable_length context=layer.reach {_of('group', 'first_violation largest_difference')} "
    "largest_pair=group.largest_pair differing_pairs=None refusal=refusal.text rules "
    "angular_frequencies=spectrum.angular_frequencies",
    "Setting": f"model=model.source {_of('rope', 'layer_type rope_type base head_dim rotary_dim')} "
    "parameters=rope.parameters context original_context original_context_reason=start.reason",
    "Emission": "stack version kind exact verified text notes",
    "Patch": "path changed written backup_path exact diff notes",
    "Plan": "model=model.source original_context trained_context context critical_dimension "
    "critical_base original candidates with_training with_training_reason without_training "
    "without_training_reason notes",
    "Candidate": f"method {_of('rope', _ROPE)} {_of('spectrum', _FACTORS)} {_of('check', _CHECK)} "
    f"{_SEEN} factor_with_room similarity_at_target unseen_pairs unseen_turns blur_1 blur_16 "
    "meant_without_training=without_training",
    "Temperature": "context trained_context attention_mass logit_gap trained_logit_gap scale "
    "unscaled_mass spread factors",
    "PublishedSetting": "model table family parameters head_dim rotary_dim base rope_type factor "
    "trained_context claimed_context first_violation whole_violation length_at_85 length_at_70 "
    "length_at_50 ratio longest scores sourced setting_status setting_source score_status "
    "score_source reported_by observation note",
    "Score": "context score",
    "Predictor": "name rms_octaves within_factor_2",
    "Ratios": "group settings lower_quartile median upper_quartile",
    "Rank": "name correlation low high",
    "TwoByTwo": "context holds_kept holds_lost breaks_kept breaks_lost p_value",
    "Sample": "name settings families lost limit predictors ratios ranks tables",
    "Evidence": "settings samples held_and_lost broke_and_kept caveats",
    "Criteria": "label head_dim rotary_dim base rope_type context trained_context depth criteria",
    "Criterion": "name formula source met least_base greatest_base longest_context pair evidence",
    "Expectation": "label head_dim rotary_dim base rope_type is_free first_violation limit "
    "window context settings families least_violation greatest_violation lost low high open "
    "kept kept_of nearest own",
    "LengthFactor": "name formula used_by factor=value mass",
    "CheckpointWeights": "source layer head head_dim rotary_dim layout of heads key_heads weights "
    "tensors",
    "Verification": "kind rope_type base parameters rotary_dim unrotated_pairs weighted margin "
    "context low high proved status links links_proved evaluations least_depth distances "
    "failed_link failed_interval=failed_interval(start,end) failed_distance reason backend bits "
    "seconds program message=status.value",
    "Explanation": "topic title text",
}


class Key(NamedTuple):
    """A key of a shape, and where its value comes from."""

    name: str
    path: tuple[str, ...]
    """Attributes one after the other; none for a value that only the caller knows."""
    parts: tuple[str, ...]
    """The keys of an inner record, where it is one."""


@lru_cache
def keys_of(shape: str) -> tuple[Key, ...]:
    """The keys of a shape in their order."""
    return tuple(map(_key, SHAPES[shape].split()))


def _key(text: str) -> Key:
    name, _, path = text.partition("=")
    path, _, parts = (path or name).rstrip(")").partition("(")
    steps = () if path == "None" else tuple(path.split("."))
    return Key(name, steps, tuple(filter(None, parts.split(","))))


def record(result: object, **known: Any) -> Record:
    """A result as a record of its class's shape; ``known`` has what only the caller knows.

    >>> from ropecalc.results import StackRule
    >>> record(StackRule("it rounds", "rope.py"))
    {'text': 'it rounds', 'source': 'rope.py', 'ran': False}
    """
    found = {}
    for key in keys_of(type(result).__name__):
        first, *rest = key.path or (key.name,)
        if key.name in known and key.name != first:
            value = known[key.name]
        elif first in known or not key.path:
            value = _at(known.get(first), rest)
        else:
            value = _at(getattr(result, first), rest)
        found[key.name] = _inner(value, key.parts) if key.parts else plain(value)
    return found


def each_key(shape: str) -> Iterator[str]:
    """The columns of a shape: what lies in an inner record is "outer_inner"."""
    for key in keys_of(shape):
        yield from (f"{key.name}_{part}" for part in key.parts) if key.parts else [key.name]


def without(one: Record, *names: str) -> Record:
    """A record without some keys: what does not fit a row."""
    return {key: value for key, value in one.items() if key not in names}


def _at(value: Any, path: Sequence[str]) -> Any:
    for at, step in enumerate(path):
        if value is None:
            return None
        if isinstance(value, tuple | list) and not hasattr(value, step):
            return [_at(item, path[at:]) for item in value]
        value = getattr(value, step)
    return value


def _inner(value: Any, parts: tuple[str, ...]) -> Any:
    """The named parts of a value, or of each of several; of a bare tuple in their order."""
    if isinstance(value, list | tuple) and not (value and isinstance(value[0], float)):
        return [_inner(item, parts) for item in value]
    if isinstance(value, tuple):
        return dict(zip(parts, map(plain, value), strict=True))
    return {part: plain(getattr(value, part, None)) for part in parts}


def plain(value: Any) -> Any:
    """A value as JSON and rows have it: decimals as text, members of enumerations by name."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if type(value).__name__ in SHAPES:
        return record(value)
    if isinstance(value, Mapping):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.name.lower()
    if isinstance(value, Decimal):
        return format(value, "f")
    return plain(value.tolist())  # an array, or a number of NumPy's
