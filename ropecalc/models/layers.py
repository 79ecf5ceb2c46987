"""The layers of a model, by the row of its class: kinds, those that do not turn, windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ropecalc.models.classes import ClassRow
from ropecalc.models.document import Section, shown

if TYPE_CHECKING:
    from ropecalc.models.loaded import Loaded

MOST_LAYERS = 65_536
FULL, SLIDING = "full_attention", "sliding_attention"
COMPRESSED = {  # DeepSeek-V4, by how many tokens become one; 0 for none
    "4": "compressed_sparse_attention",
    "128": "heavily_compressed_attention",
}
ABSENT = "linear_attention"  # any kind that does not attend


def kinds(config: Section, row: ClassRow, loaded: Loaded) -> list[str]:
    """The kind of every layer, set in the canonical keys with the window and the turning ones."""
    count = _count(config, loaded)
    types = _types(config, row, loaded, count)
    window = _window(config, row, loaded, types)
    types = _with_windows(row, types, window, config, count, loaded)
    turning = _turning(config, row, loaded, types, count, window)
    loaded.windows = _a_layer(config, row, loaded, types, window)
    for key in ("sliding_window", "local_attention", "no_rope_layers", "layer_types"):
        loaded.keys.pop(key, None)
    if window is not None:
        loaded.keys["sliding_window"] = window
        if row.window.get("all") or not types:
            loaded.window = window if row.window.get("all") else None
    if types:
        loaded.keys["layer_types"] = types
    if turning is not None:
        loaded.keys["no_rope_layers"] = turning
    return types


def _count(config: Section, loaded: Loaded) -> int:
    keys = Section(config.name, loaded.keys, config.prefix)
    count = keys.integer("num_hidden_layers", "n_layer", "num_layers", "n_layers") or 0
    if count > MOST_LAYERS:
        config.fail(f"{config.prefix}num_hidden_layers must be at most {MOST_LAYERS:,}")
    return count


def _types(config: Section, row: ClassRow, loaded: Loaded, count: int) -> list[str]:
    """layer_types, of the file or as the class makes them; none where it has no kinds."""
    key = config.first("layer_types", "layers_block_type")
    listed = [] if key is None else config.listed(key)
    if key is not None and (row.layers or not row.run):
        if not all(isinstance(kind, str) for kind in listed):
            config.fail(f"{config.prefix}{key} must be a list of strings")
        more = config.get("num_nextn_predict_layers")
        more = more if isinstance(more, int) else 0
        if len(listed) == count + more:  # those that predict more tokens are last
            listed = listed[:count]
        elif "num_hidden_layers" in config.values and len(listed) != count:
            loaded.stop(f"num_hidden_layers is {count}, and layer_types has {len(listed)}")
        always = listed and row.layers.get("last") == "always"
        return [*listed[:-1], FULL] if always else list(listed)
    ratios = config.get("compress_ratios")
    if row.labels and isinstance(ratios, list):
        return [COMPRESSED.get(str(ratio), SLIDING) for ratio in ratios[:count]]
    return _unlisted(config, row, loaded, count)


def _unlisted(config: Section, row: ClassRow, loaded: Loaded, count: int) -> list[str]:
    """As the class makes them: by other keys of the file, or by its own rule."""
    if row.layers.get("absent") == "stops":
        loaded.stop(f"{row.name} has no layer_types of its own, and the file has none: TypeError")
    if row.attends or isinstance(config.get("full_attn_idxs"), list):
        return _hybrid(config, row, count)
    if isinstance(config.get("block_types"), list) and "every" in row.layers:
        return _cycled(config, row, count)
    key = row.layers.get("key", "") if row.layers else ""
    if isinstance(config.get(key), str):  # EXAONE 4: "LLLG"
        loaded.stop(f"{key} is text, and {row.name} divides by it: TypeError")
        return _spelt(str(config.get(key)), count)
    return made(config, row.layers, count) if row.layers else []


def _cycled(config: Section, row: ClassRow, count: int) -> list[str]:
    """Griffin: "recurrent" and "attention", again and again."""
    blocks = config.listed("block_types") or ["recurrent"]
    attends, other = row.layers["kinds"]
    return [attends if blocks[at % len(blocks)] == "attention" else other for at in range(count)]


def _spelt(pattern: str, count: int) -> list[str]:
    """What a pattern means that spells the layers: "LLLG" is three local ones and a global one."""
    letters = pattern or "G"
    return [FULL if letters[at % len(letters)] == "G" else SLIDING for at in range(count)]


def made(config: Section, rule: Any, count: int) -> list[str]:
    """The kinds that a rule makes: {all}, {listed, period}, or those of ``fitted``.

    Where ``last`` is "always", the last layer is full attention whatever the file says.
    """
    if "all" in rule:
        return [rule["all"]] * count
    if "listed" in rule:  # beyond them the last ones come again and again
        listed, period = rule["listed"], rule.get("period", 2)
        return [
            listed[at] if at < len(listed) else listed[(at - len(listed)) % period - period]
            for at in range(count)
        ]
    if rule.get("back"):  # counted from the last layer
        return made(config, {**rule, "back": False}, count)[::-1]
    every, at = rule["every"], rule["at"]
    written = config.get(rule.get("key", ""))
    if isinstance(written, int) and not isinstance(written, bool) and written > 0:
        at = written - 1 if at == every - 1 else min(at, written - 1)
        every = written
    rare, other = rule["kinds"]
    first, last = rule.get("first", 0), rule.get("last", False)
    return [
        rare if i % every == at or i < first or (last and i == count - 1) else other
        for i in range(count)
    ]


def _hybrid(config: Section, row: ClassRow, count: int) -> list[str]:
    """Models that attend in some layers alone, and say so by number."""
    listed = config.get("attn_layer_indices") or config.get("full_attn_idxs")
    if isinstance(listed, list):
        attends = set(map(str, listed))
    elif config.get("attn_layer_period") is not None:
        period = config.integer("attn_layer_period") or 1
        offset = config.get("attn_layer_offset") or 0
        attends = {str(at) for at in range(count) if at % period == offset}
    else:
        attends = set(map(str, row.attends))
    return [FULL if str(at) in attends else ABSENT for at in range(count)]


def _window(config: Section, row: ClassRow, loaded: Loaded, types: list[str]) -> int | None:
    """How far layers with a window look back."""
    rule = row.window
    slides = any("sliding" in kind for kind in types)
    if rule.get("sliding") == "stops" and slides:
        loaded.stop(f"{row.name} has no window for its sliding layers: ValueError")
    if "key" not in rule:
        return None
    key, also = rule["key"], rule.get("also", "")
    if also in config.values and not ("more" in rule and config.get(also) is None):
        key = also
    if rule.get("switch") and not config.truth("use_sliding_window", False):
        if slides:
            loaded.stop("some layers have a window, and use_sliding_window is not true: ValueError")
        return None
    value = _window_value(config, row, loaded, key, tells=slides or not types)
    if value is not None:
        return _in_use(value, rule.get("seen"))
    if rule.get("null") == "always" and config.get(key) is None:
        loaded.stop(f"{key} is null, which {row.name} does not take")
    if slides and (rule.get("null") == "stops" or config.get(key) == 0):
        why = "they see nothing" if config.get(key) == 0 else "ValueError"
        loaded.stop(f"{key} is {shown(config.get(key))}, and some layers have a window: {why}")
    return None


def _a_layer(
    config: Section, row: ClassRow, loaded: Loaded, types: list[str], window: int | None
) -> list[int | None]:
    """The window of every layer, where two alternate; empty where all have the same one."""
    odd, own = row.window.get("odd"), config.get("per_layer_config")
    if odd is None or window is None:
        return []
    seen, sliding = row.window.get("seen"), [at for at, kind in enumerate(types) if kind == SLIDING]
    if not isinstance(own, Mapping):
        made = {at: _in_use(odd, seen) for at in sliding[1::2]}
        return [made.get(at, window) if at in sliding else None for at in range(len(types))]
    found: dict[int, Any] = {}
    for at, layer in own.items():
        if at.isascii() and at.isdigit() and isinstance(layer, Mapping):
            found[int(at)] = layer.get("sliding_window", window)
    if any(found.get(at, window) is None for at in sliding):
        loaded.stop("a layer with a window has null for it in per_layer_config: TypeError")
    written = {at: found[at] for at in sliding if isinstance(found.get(at), int)}
    return [
        (_in_use(written[at], seen) if at in written else window) if at in sliding else None
        for at in range(len(types))
    ]


def part_by_window(loaded: Loaded) -> None:
    """Kinds whose layers have different windows become one for each, with the same rope."""
    names = [
        kind if window in (None, loaded.keys.get("sliding_window")) else f"{kind} of {window:,}"
        for kind, window in zip(loaded.keys.get("layer_types", ()), loaded.windows, strict=False)
    ]
    for kind, name, window in zip(
        loaded.keys.get("layer_types", ()), names, loaded.windows, strict=False
    ):
        if name != kind:
            loaded.keys["rope_parameters"][name] = loaded.keys["rope_parameters"].get(kind)
            loaded.keys.setdefault("windows", {})[name] = window
    if loaded.windows:
        loaded.keys["layer_types"] = names


def _window_value(
    config: Section, row: ClassRow, loaded: Loaded, key: str, *, tells: bool
) -> int | None:
    """The window of the file, or the class's; ``tells``: some layer has use for it."""
    rule = row.window
    if key in config.values and (config.get(key) is not None or rule.get("null") != "default"):
        more = rule.get("more", 0) if key == rule.get("also") else 0
        return (config.integer(key) or 0) + more if config.get(key) else None
    if config.get(rule.get("half", "")) is not None:
        return max(1, (config.integer(rule["half"]) or 1) // 2)
    value: int | None = rule.get("default")
    if value is not None and (tells or rule.get("all")):
        loaded.assumed.append(row.fills(f"{config.prefix}{key}", value))
    return value


def _in_use(value: int, seen: Sequence[int] | None) -> int:
    """What reaches the attention, from what did for one value that was tried."""
    if not seen:
        return value
    found, tried = seen
    return value + 1 if found == tried + 1 else value // 2 + (found - tried // 2)


def _with_windows(
    row: ClassRow,
    types: list[str],
    window: int | None,
    config: Section,
    count: int,
    loaded: Loaded,
) -> list[str]:
    """Qwen: a window only where it is asked for, and only in the layers above a number."""
    rule = row.layers.get("window") if row.layers else None
    if rule is None or config.get("layer_types") is not None:
        return types
    off = row.window.get("switch") and not config.truth("use_sliding_window", False)
    if window is None or off:
        return [FULL] * count
    full = config.get("max_window_layers")
    full = full if isinstance(full, int) and not isinstance(full, bool) else row.layers.get("full")
    full = 28 if full is None else full
    if rule == "all":
        loaded.window = window
        return types
    if rule == "from":
        return [FULL if at < full else SLIDING for at in range(count)]
    return [SLIDING if (at + 1) % 2 and at < full else FULL for at in range(count)]


def _turning(
    config: Section,
    row: ClassRow,
    loaded: Loaded,
    types: list[str],
    count: int,
    window: int | None,
) -> list[int] | None:
    """1 for every layer that turns, 0 for the others; None where all do."""
    rule = row.still
    listed, bases = config.get("no_rope_layers"), config.get(row.bases or row.zeros)
    if isinstance(bases, list) and len(bases) == count:  # a base of 0 is none
        return [int(bool(base)) for base in bases]
    if listed and "no_rope_layers" in rule.get("keys", ()):
        return _listed(config, count)
    if listed and isinstance(listed, list) and not all(listed):
        loaded.unread.append("no_rope_layers")
    if not rule or (rule.get("unless") == "no window" and window is None):
        return None
    if "kinds" in rule and types:
        return [int(kind not in rule["kinds"]) for kind in types]
    if "every" in rule:
        keys = [key for key in rule.get("keys", ()) if key != "no_rope_layers"]
        every = (config.integer(*keys) if keys else None) or rule["every"]
        back = rule.get("back")
        return [int((count - at - 1 if back else at + 1) % every != 0) for at in range(count)]
    return [int(at not in rule.get("listed", ())) for at in range(count)]


def _listed(config: Section, count: int) -> list[int]:
    turns = config.listed("no_rope_layers")
    if len(turns) != count:
        lengths = f"{len(turns)} entries for {count} layers"
        config.fail(f"{config.prefix}no_rope_layers has {lengths}", "correct one of them")
    return [int(bool(turn)) for turn in turns]
