"""The table of classes that ropecalc ships, from what the real models did.

    python -m tests.tools.class_sweep RAW           (minutes of processor time)
    python -m tests.tools.class_composites COMPOSITES
    python -m tests.tools.class_releases RAW DIR RELEASES
    python -m tests.tools.transformers_classes RAW COMPOSITES RELEASES  (seconds)

The first runs every class of transformers on some seventy files each; the last reads from the
answers which key a class reads, what it has without it, and what stops it: one row a
``model_type``; and from those of earlier releases what it was before a release that changed it. A
value that most classes have is left out of a row: ``ropecalc.models.classes`` has these. Going to a
new release is running all and reading the difference.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ropecalc.models.document import Section
from ropecalc.models.layers import made
from tests.tools.class_files import BASES, PATTERNS, SWITCHES
from tests.tools.class_sweep import context_of

TABLE = Path(__file__).parents[2] / "ropecalc" / "data" / "classes.json"
Answers = Mapping[str, dict[str, Any]]
Row = dict[str, Any]
CLOSE = 1e-6
MEASURED = 1e-5  # a base is measured to six digits


class Class:
    """The answers of one class, and questions to them."""

    def __init__(self, line: Mapping[str, Any]) -> None:
        self.name: str = line["class"]
        self.full: dict[str, Any] = line["full"]
        self.file: dict[str, Any] = line["file"]
        self.answers: Answers = line["answers"]

    def __getitem__(self, name: str) -> dict[str, Any]:
        """An answer; that of the default file where the change changes nothing."""
        return self.answers.get(name, self.answers["saved"])

    def stops(self, name: str) -> bool:
        """Whether transformers stops."""
        return "refused" in self[name]

    def stage(self, name: str) -> str:
        """Where it stops: load, build or forward; nothing where it does not."""
        return str(self[name].get("refused", "")).partition(":")[0]

    def same(self, name: str, other: str) -> bool:
        """Whether two answers agree in all that a rotary embedding does."""
        agree: bool = essence(self[name]) == essence(self[other])
        return agree

    def groups(self, name: str) -> list[dict[str, Any]]:
        """The kinds of layers that turn."""
        return list(self[name].get("groups", []))

    def bases(self, name: str) -> dict[str, float]:
        """{kind: base} of the layers that are not scaled."""
        found = {}
        for group in self.groups(name):
            for kind in group["kinds"]:
                found[kind] = base_of(group["theta"])
        return {kind: base for kind, base in found.items() if base is not None}

    def rotary(self, name: str) -> list[int]:
        """The dimensions that turn, kind by kind."""
        return [group["rotary_dim"] for group in self.groups(name)]


def essence(answer: Mapping[str, Any]) -> Any:
    """What of an answer two files must agree in."""
    if "refused" in answer:
        return "refused"
    groups = [
        (group["layers"], group["theta"], group["af"], group["head_dim"], group["window"])
        for group in answer["groups"]
    ]
    return groups, answer["unrotated"]


def base_of(theta: list[float]) -> float | None:
    """The base of plain frequencies, None for others."""
    pairs = len(theta)
    if pairs < 2 or abs(theta[0] - 1) > CLOSE:
        return None
    base = float(theta[-1] ** (-pairs / (pairs - 1)))
    if any(abs(base ** (-at / pairs) / t - 1) > CLOSE for at, t in enumerate(theta)):
        return None
    return float(f"{base:.6g}")


def row_of(own: Class) -> Row:
    """The row of a class: what is so in most classes is left out."""
    row: Row = {}
    rotates = _rotates(own)
    if rotates is not True:
        row["rotates"] = rotates
    row |= _shape(own)
    if rotates is False:
        return row
    row |= {"rope": _rope(own), **_places(own), **_part(own), **_head(own)}
    heads = {kind: g["head_dim"] for g in own.groups("saved") for kind in g["kinds"]}
    whole = sum(row["latent"].values()) if "latent" in row else row.get("head_dim")
    others = {kind: dim for kind, dim in heads.items() if dim != whole}
    if len(set(heads.values())) > 1:
        row["heads"] = others
    if isinstance(own.full.get("attention_chunk_size"), int):
        row["chunk"] = own.full["attention_chunk_size"]
    told = refusal(own, "v5 partial 0.25") + refusal(own, "head_dim other")
    sections = re.search(r"split_sizes=\[([\d, ]+)\]", told)
    listed = _rope(own).get("mrope_section")
    if sections:
        row["sections"] = sum(map(int, sections[1].split(",")))
    elif listed and "mrope_section" in told:
        row["sections"] = sum(listed)
    for key in ("num_layers_per_stack", "num_layers", "num_hidden_layers"):
        count = own.file.get(key)
        if count and sum(group["layers"] for group in own.groups("saved")) == 2 * count:
            row["twice"] = key
            row["sizes"][key] = own.full[key]
            break
    bases = next((name for name in own.answers if name.startswith("layer_rope_theta [")), None)
    if bases and not own.stops(bases) and not own.same(bases, "saved"):
        tried = abs(next(iter(own.bases(bases).values()), 0) / 20_000.0 - 1) < MEASURED
        row["bases" if tried else "zeros"] = "layer_rope_theta"
    return row | _windows(own) | _layers(own)


def _shape(own: Class) -> Row:
    """The sizes of the class, for files that leave them out; its longest context."""
    row: Row = {}
    sizes = {
        "hidden_size": own.full.get("hidden_size", own.full.get("n_embd")),
        "num_attention_heads": own.full.get("num_attention_heads", own.full.get("n_head")),
        "num_hidden_layers": own.full.get("num_hidden_layers", own.full.get("n_layer")),
    }
    row["sizes"] = {key: value for key, value in sizes.items() if isinstance(value, int)}
    keys = ("max_position_embeddings", "n_positions", "model_max_length")
    key = next((key for key in keys if isinstance(own.full.get(key), int)), None)
    if key is not None:
        row["context"] = own.full[key]
    if key == keys[-1]:
        row["length"] = key
    return row


def _rotates(own: Class) -> Any:
    """True, False, or {key: the values with which it does, default: the value of the class}."""
    for key, values in SWITCHES.items():
        turns = [v for v in values if own.groups(f"{key} {json.dumps(v)}")]
        stands = [v for v in values if not own.stops(f"{key} {json.dumps(v)}")]
        if turns and len(turns) < len(stands):
            return {"key": key, "values": turns, "default": own.full.get(key)}
    return any(answer.get("groups") for answer in own.answers.values())


def _rope(own: Class) -> Row:
    """The rope object that the class has where the file has none; by kind where it is."""
    for name in ("silent", "saved"):
        found = own[name].get("config", {}).get("rope_parameters")
        if found:
            kept = is_nested(found)  # where a kind that has none is one that does not turn
            return {k: _sorted(found[k]) for k in sorted(found) if kept or found[k] is not None}
    return {"rope_theta": next(iter(own.bases("saved").values()), None)}


def _sorted(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, dict) else value


def _places(own: Class) -> Row:
    """Where the class looks for its base and its scaling, and which shapes of object it takes."""
    needs = _needs(own)
    row: Row = {**_theta(own), **({"needs": needs} if needs else {})}
    row["scaling"] = "read" if needs else _scaling(own)
    row["flat"] = "read" if needs else reads(own, "v5 plain")
    row["kinds"] = "ignored" if needs else reads(own, "v5 kinds")
    if is_nested(_rope(own)):
        row["missing"] = [_missing(own, "v5 sliding alone"), _missing(own, "v5 full alone")]
        row["null"] = _missing(own, "v5 sliding null")
        row["silent base"] = _missing(own, "v5 kinds silent base")
        labels = own["saved"].get("config", {}).get("_rope_type_labels")
        row["labels"] = labels if labels and not {*labels} <= KINDS else None
        row |= _silent_kinds(own)
    elif not needs:
        row |= _silent(own)
    if own.stops("silent") and own.stops("v4 partial") and not own.stops("saved"):
        row["absent"] = "stops"
    if own.stops("v4 theta") and not own.stops("silent"):
        row["outside"] = "stops"
    if own.stops("v4 theta null") and not own.stops("silent"):
        row["null theta"] = "stops"
    elif own["v4 theta null"].get("unrotated") and not own.groups("v4 theta null"):
        row["null theta"] = "unrotated"
    row |= _refused(own)
    tried, usual = 1000, context_of(own.file) // 4  # too near each other, they tell nothing
    apart = max(tried, usual) > 1.1 * min(tried, usual)
    same = own.same("v4 original outside", "v4 yarn")
    if row["scaling"] in ("read", "full", "both") and same and (apart or is_nested(_rope(own))):
        row["original"] = "inside"
    if _loses_original(own):
        row["original"] = "lost"
    most = {"scaling": "read", "flat": "read", "mrope": False, "labels": None}
    return {key: value for key, value in row.items() if key not in most or most[key] != value}


def _silent(own: Class) -> Row:
    """An object without a base, where it has another one than without an object, or stops."""
    if own.stops("v5 silent base"):
        return {} if own.stops("v5 plain") else {"silent base": "stops"}
    found = next(iter(own.bases("v5 silent base").values()), None)
    usual = _rope(own).get("rope_theta")
    same = found is None or (usual and abs(found / usual - 1) < MEASURED)
    return {} if same else {"object base": found}


def _silent_kinds(own: Class) -> Row:
    """The same by kind; and whether objects without a base take the one outside."""
    row: Row = {}
    rope, silent = _rope(own), own.bases("v5 kinds silent base")
    for kind, base in silent.items():
        usual = (rope.get(kind) or {}).get("rope_theta")
        if usual and abs(base / usual - 1) > MEASURED:
            row["object base"] = base
    outside = own.bases("v5 kinds theta outside")
    if outside and all(abs(base / 12_345.0 - 1) < CLOSE for base in outside.values()):
        row["object theta"] = True
    return row


def _theta(own: Class) -> Row:
    """The keys beside the object that the base is read from, or that it is fixed."""
    keys = _base_keys(own)
    listed = list(keys.values())
    nested = is_nested(_rope(own))
    if listed and all(other == listed[0] for other in listed) and not nested:
        return {} if listed[0] == ["rope_theta"] else {"theta": listed[0]}
    if nested:
        return {"theta": keys}
    if own.stops("v4 theta") and 12_345.0 in own.bases("v4 partial").values():
        return {}
    if own.same("v4 yarn", "v4 yarn silent base") or own.stops("v4 yarn"):
        return {"theta": []}
    return {"fixed": True}  # its own object has a base, that none outside replaces


def _refused(own: Class) -> Row:
    """What stops it of the ropes that others take."""
    row: Row = {}
    strict = _strict(own)
    if strict:
        row["strict"] = strict
    scaled = [name for name in ("v5 linear", "v5 yarn") if name in own.answers]
    if own.stops("v5 proportional") and not all(map(own.stops, scaled)):
        row["proportional"] = "stops"
    if own.stops("v4 null") and not own.stops("v4 theta"):
        row["null scaling"] = "stops"
    row["mrope"] = None if own.stops("v4 theta") else not own.stops("v4 mrope")
    if "'mrope'" in refusal(own, "v4 mrope"):
        row["mrope"] = False
    if own.stops("v4 no original") and not own.stops("v4 yarn"):
        row["original"] = "stops"
    return row


def _needs(own: Class) -> list[str]:
    """Keys of the class's own object that the model computes with, and another one needs."""
    rope = own.file.get("rope_parameters") or _rope(own)
    beyond = [key for key in rope if key not in ORDINARY]
    if not beyond or not own.stops("v5 plain") or own.stops("saved") or is_nested(rope):
        return []
    llama4 = any(key.startswith("llama_4") for key in beyond)
    return [*beyond, "original_max_position_embeddings"] if llama4 else beyond


def _strict(own: Class) -> list[str]:
    """The keys that must not be null, beside those that have rules of their own."""
    apart = ("head_dim", "kv_channels", "attention_head_dim", "sliding_window", "swa_head_dim")
    names = {name.removesuffix(" null"): name for name in own.answers if name.endswith(" null")}
    found = {key for key, name in names.items() if " " not in key and own.stops(name)}
    window = "sliding_window null"
    if own.stage(window) == "load" and "`sliding_window`" in refusal(own, window).replace("'", "`"):
        return sorted(found - {*apart} | {"sliding_window"})
    return sorted(found - set(apart))


def is_nested(rope: Mapping[str, Any]) -> bool:
    """Whether a rope object is one by kind of layer."""
    return any(isinstance(value, dict) for value in rope.values())


def _base_keys(own: Class) -> dict[str, list[str]]:
    """{kind: the keys beside the rope object that its base is read from, the first one first}."""
    keys: dict[str, list[str]] = {}
    silent, winner = own.bases("silent"), own.bases("bases")
    for key, value in BASES.items():
        for kind, base in own.bases(f"v4 {key}").items():
            if abs(base / value - 1) < CLOSE and silent.get(kind) != base:
                keys.setdefault(kind, []).append(key)
    if not keys:  # where the class scales without a word, scaled files tell
        quiet, spoken = own.groups("v4 yarn silent base"), own.groups("v4 yarn")
        if quiet and [g["theta"] for g in quiet] != [g["theta"] for g in spoken]:
            plain = own.groups("silent"), own.groups("v4 rope_theta")
            if [g["theta"] for g in plain[0]] != [g["theta"] for g in plain[1]]:
                return {"": ["rope_theta"]}
    for kind, named in keys.items():
        named.sort(key=lambda key: abs(winner.get(kind, 0) / BASES[key] - 1) > CLOSE)
    return keys


def _scaling(own: Class) -> str:
    """What rope_scaling does: read, in the full layers alone, in both kinds, ignored, or stops."""
    if own.stops("v4 yarn"):
        return "stops" if own.stops("v4 partial yarn") else "read"
    if own.same("v4 yarn", "v4 theta"):
        return "ignored"
    scaled = [base_of(group["theta"]) is None for group in own.groups("v4 yarn")]
    if not all(scaled):
        return "full"
    copied = reads(own, "v5 plain") == "read"  # one object for all kinds
    return "both" if is_nested(_rope(own)) and not copied else "read"


def _loses_original(own: Class) -> bool:
    """Whether a scaling that has an original length stops as one without, and others do not."""
    lost = "KeyError: 'original_max_position_embeddings'" in refusal(own, "v4 yarn")
    return lost and not own.stops("v4 linear")


def reads(own: Class, name: str) -> str:
    """Whether a base within an object is read: by all layers, by some, by none; or what stops."""
    if own.stops(name):
        return "stops"
    if not own.groups(name):
        return "unrotated"
    found = own.bases(name)
    hits = [abs(base / 54_321.0 - 1) < CLOSE for base in found.values()]
    return "read" if hits and any(hits) else "ignored"


def _missing(own: Class, name: str) -> str:
    """What a kind without an object is: filled from the class, unrotated, or it stops."""
    if own.stops(name):
        return "stops"
    return "unrotated" if own[name]["unrotated"] > own["saved"].get("unrotated", 0) else "filled"


def _part(own: Class) -> Row:
    """Partial rotation: {inside, outside: whether it is read, scaled: what it does, keys}."""

    def reads(*names: str, against: str) -> bool:
        plain = own.rotary(against)
        return any(not own.stops(name) and own.rotary(name) != plain for name in names)

    inside: bool | str = reads("v5 partial", "v5 partial 0.25", against="v5 plain") or reads(
        "v5 kinds partial", against="v5 kinds"
    )
    for name, usual in (("v5 kinds partial", "v5 kinds"), ("v5 partial", "v5 plain")):
        stage = "" if own.stops(usual) else own.stage(name)
        inside = "stops" if stage == "forward" and not inside else inside
    outside = reads("v4 partial", "v4 partial 0.25", against="v4 theta")
    if "split_sizes" in refusal(own, "v5 partial 0.25") and not own.stops("saved"):
        inside = True  # for another part than its axes of positions are for
        outside = outside or "split_sizes" in refusal(own, "v4 partial 0.25")
    keys = [
        key for key in ("rotary_pct", "rope_pct", "rotary_dim") if reads(key, against="v4 theta")
    ]
    nested = is_nested(_rope(own))
    stands = _scaled_part(own, inside, nested=nested)
    outside = outside or own.stage("v4 partial 0.25") == "forward"
    if not own.stops("v4 yarn"):
        more = own.stops("v4 partial yarn")
        outside = outside or more or own.rotary("v4 partial yarn") != own.rotary("v4 yarn")
    row: Row = {}
    fixed = _fixed_part(own)
    part: Row = {"inside": inside, "outside": outside, "keys": keys, "scaled": stands}
    part["plain"] = _plain_part(own, fixed)
    most: Row = {"inside": False, "outside": True, "keys": [], "scaled": "stops", "plain": ""}
    part = {key: value for key, value in part.items() if value != most[key]}
    plain_kinds = own.rotary("v5 kinds")
    parts = nested and any("partial_rotary_factor" in (rope or {}) for rope in _rope(own).values())
    if parts and sorted(plain_kinds) == sorted(own.rotary("saved")):
        scaled_kinds = sorted(own.rotary("v5 kinds yarn"))
        alike = own.stops("v5 kinds yarn") or scaled_kinds == sorted(own.rotary("saved"))
        part["filled"] = True if alike else "plain"
    if part:
        row["part"] = part
    if fixed is not None and not part.get("plain"):
        row["rotary"] = fixed
    return row


def _scaled_part(own: Class, inside: bool | str, *, nested: bool) -> str:
    """What a class does with a part in an object that is scaled: read, kept, or it stops."""
    scaled, plain = ("v4 partial yarn", "v4 yarn") if nested else ("v5 partial yarn", "v5 yarn")
    half = [dim // 2 for dim in own.rotary(plain)]
    if own.stops(scaled) and not own.stops(plain):
        return "stops"
    if inside is True or (half and own.rotary(scaled) == half):
        return "read"
    if own.stops("v4 partial 0.25") or (nested and (inside or own.stops(plain))):
        return "stops"  # of a class by kinds yarn stops at the part that its own objects have
    return "read" if own.stops(plain) else "kept"


def _plain_part(own: Class, fixed: Mapping[str, int] | None) -> str:
    """``whole`` where a plain rope turns the whole head, and a scaled one the part of the class."""
    if fixed is None or fixed["dim"] != fixed["of"]:
        return ""
    part = int(fixed["of"] * _rope(own).get("partial_rotary_factor", 1.0))
    return "whole" if part != fixed["of"] and own.rotary("v4 yarn")[:1] == [part] else ""


def _fixed_part(own: Class) -> Any:
    """The dimensions that turn, where no head and no factor of the class's own say them."""
    first = next(iter(own.groups("saved")), None)
    rope = _rope(own)
    factor = rope.get("partial_rotary_factor", 1.0) if not is_nested(rope) else None
    if first is None or factor is None or "qk_rope_head_dim" in own.full:
        return None
    turning = int(first["head_dim"] * factor)
    if first["rotary_dim"] in (turning, turning + 1):
        return None
    return {"dim": first["rotary_dim"], "of": first["head_dim"]}


KINDS = {"full_attention", "sliding_attention"}
ORDINARY = (
    *("rope_type", "rope_theta", "partial_rotary_factor", "factor", "attention_factor"),
    *("beta_fast", "beta_slow", "mscale", "mscale_all_dim", "truncate", "mrope_interleaved"),
    *("low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    *("short_factor", "long_factor", "max_position_embeddings", "type"),
)
HEAD_KEYS = ("head_dim", "kv_channels", "attention_head_dim", "swa_head_dim")


def _head(own: Class) -> Row:
    """{key, default: of the class, null: what a null is}, or the two parts of latent attention."""
    if "qk_rope_head_dim" in own.full and not (
        _changes(own, "head_dim") and "head_dim" in own.file
    ):
        parts = {key: own.full.get(key) for key in ("qk_nope_head_dim", "qk_rope_head_dim")}
        part = _rope(own).get("partial_rotary_factor", 1)
        part = 1 if is_nested(_rope(own)) else part
        twice = (own.file.get("head_dim") or 0) * part == own.file.get("qk_rope_head_dim")
        agree = {"agree": True} if twice and own.stage("head_dim other") == "forward" else {}
        also = {"also": "head_dim"} if _changes(own, "head_dim") else {}
        return {"latent": parts, **agree, **also, **_null(own, "head_dim")}
    key = next((key for key in HEAD_KEYS if key in own.file and _changes(own, key)), None)
    key = key or ("head_dim" if _changes(own, "head_dim") else None)
    row: Row = {}
    heads = [group["head_dim"] for group in own.groups("saved")]
    if heads and own.file.get("attention_head_dim") == heads[0]:
        key = "attention_head_dim"
    if key is None:
        row["head"] = "quotient"
        name = "head_dim other"
        if own.stage(name) == "forward" and "split_sizes" not in refusal(own, name):
            row["odd head"] = True
        return row | _null(own, "head_dim")
    if key != "head_dim":
        row["head"] = key
        if "head_dim" not in own.file and _changes(own, "head_dim"):
            row["also"] = "head_dim"  # by another name, which wins
    default = own.full.get(key)
    kept = key in own.file and own.same(f"{key} absent", "saved")
    if isinstance(default, int) and kept:
        row["head_dim"] = default
    return row | _null(own, key)


def _changes(own: Class, key: str) -> bool:
    """Whether another value of a key changes a head."""
    name = f"{key} other"
    before, after = ([g["head_dim"] for g in own.groups(n)] for n in ("saved", name))
    if name not in own.answers:
        return False
    if own.stops(name):  # the axes of positions are for the size that it had
        return "split_sizes" in refusal(own, name) or "mrope" in refusal(own, name)
    return before != after


def _null(own: Class, key: str) -> Row:
    """What a null head_dim is: the quotient, the class's own value, or it stops; when scaled."""
    name, scaled = f"{key} null", f"{key} null yarn"
    row: Row = {}
    if own.stage(name):
        row["null head"] = own.stage(name)
    elif own.stops(scaled) and not own.stops("v4 yarn"):
        row["null head"] = "scaled"
    own_null = key in own.full and own.full[key] is None
    if own_null and own.stage(f"{key} absent"):
        row["null head"] = "always"
    elif own_null and own.stops(scaled) and not own.stops("v4 yarn"):
        row["null head"] = "own"
    if "AttributeError" in own[f"{key} other"].get("refused", ""):
        row["no head"] = True
    return row


def _windows(own: Class) -> Row:
    """The attention window: the key that one is read from, and what the class has without it."""
    for key in ("attention_window_size", "sliding_window", "local_attention"):
        value = 77 if key == "sliding_window" else 64
        names = (f"{key} {value}", f"{key} {value} no types")
        name = next((n for n in names if n in own.answers and not own.stops(n)), None)
        found = [g["window"] for g in own.groups(name)] if name else []
        hit = [
            window for window in found if window in (value, value + 1, value // 2 + 1, value // 2)
        ]
        if hit and name:
            window: Row = {"key": key, **_window_default(own, key), **_window_null(own, key)}
            if hit[0] != value:
                window["seen"] = [hit[0], value]
            kinds = {kind for g in own.groups(name) for kind in g["kinds"]}
            if len(hit) == len(found) and "sliding_attention" not in kinds:
                window["all"] = True
            return {"window": window | _window_odd(own, window)}
    switched = own.groups("use_sliding_window true")
    if any(group["window"] == 77 for group in switched):
        return {"window": {"key": "sliding_window", "switch": True, "null": "stops"}}
    sliding = own.stops("layer_types sliding") and not own.stops("layer_types full")
    return {"window": {"sliding": "stops"}} if sliding else {}


def _window_odd(own: Class, window: Row) -> Row:
    """The window of every other layer that has one, where two alternate."""
    layout = own["layer_types absent"].get("layout", ())
    groups = own.groups("layer_types absent")
    found = [groups[at]["window"] for _, at in layout if at >= 0 and groups[at]["window"]]
    if len({*found[::2]}) != 1 or len({*found[1::2]}) != 1 or found[0] == found[1]:
        return {}
    seen, tried = window.get("seen", (0, 0))
    return {"odd": found[1] - (seen - tried)}


def _window_default(own: Class, key: str) -> Row:
    row: Row = {"also": "sliding_window"} if key == "attention_window_size" else {}
    other = [group["window"] for group in own.groups("sliding_window_size 77")]
    beside = {window - 77 for window in other if window} & {0, 1}
    if "sliding_window_size 77" in own.answers and beside:
        row = {"also": "sliding_window_size", "more": beside.pop()}
    default, half = own.full.get(key), own.full.get("local_attention")
    if isinstance(default, int):
        return row | {"default": default}
    if isinstance(half, int):  # to both sides together
        return row | {"default": half // 2, "half": "local_attention"}
    return row


def _window_null(own: Class, key: str) -> Row:
    """What a null is: it stops sliding layers, or always, or is the default."""
    name = f"{key} null"
    full = own.stage("full without window")
    if full == "forward" and not own.stops("layer_types full"):
        return {"null": "always"}
    if own.stops(name):
        return {"null": "stops"}
    same = name in own.answers and own.same(name, "saved")
    return {"null": "default"} if same and any(g["window"] for g in own.groups("saved")) else {}


def refusal(own: Class, name: str) -> str:
    """Why it stops; nothing where it does not."""
    return str(own[name].get("refused", ""))


def _layers(own: Class) -> Row:
    """Kinds of layers as the class makes them, and which do not turn."""
    row: Row = {}
    name = "layers 13" if "refused" not in own["layers 13"] else "saved"
    answer = own[name]
    if "refused" in answer:
        return row
    types = answer["config"].get("layer_types") or answer["config"].get("layers_block_type")
    if types:
        row["layers"] = _rule(own, types) | _pattern_key(own)
        if row["layers"].get("last") and len(own.groups("layer_types sliding")) > 1:
            row["layers"]["last"] = "always"
        if own.stops("layer_types absent") and not own.stops("saved"):
            row["layers"]["absent"] = "stops"
    by_window = _by_window(own)
    if by_window:
        row["layers"] = {"all": "full_attention", "window": by_window}
        if "use_sliding_window" not in own.full:
            row["layers"]["full"] = own.full["max_window_layers"]
    still = [at for at, group in answer["layout"] if group < 0]
    attends = [at for at, _ in answer["layout"]]
    rope = _rope(own)
    if (
        still and None not in attends and not (is_nested(rope) and None in rope.values())
    ):  # the objects tell there
        row["still"] = _still(own, types, still, attends)
    if own.full.get("attn_layer_indices", 0) is None:
        row["attends"] = [-1]  # none unless the file says so
    elif (
        types is None
        and None not in attends
        and {*attends} != {*range(max(attends, default=0) + 1)}
    ):
        row["attends"] = attends
    return row


def _rule(own: Class, types: list[str]) -> Row:
    """The rule of these kinds, that makes those of the class's whole model as well."""
    rule, whole = fitted(types), own.full.get("layer_types")
    if "every" not in rule or not whole or made(NO_FILE, rule, len(whole)) == whole:
        return rule
    back = fitted(types[::-1]) | {"back": True}
    return back if made(NO_FILE, back, len(whole)) == whole else rule


NO_FILE = Section("none", {})


def fitted(types: list[str]) -> Row:
    """The rule that makes these kinds of layers: {all} or {kinds, every, at, first, last}; a list.

    Layer i has the first kind where i mod every is at, i < first, or it is the last and last is
    true; else the second.
    """
    kinds = list(dict.fromkeys(types))
    if len(kinds) == 1:
        return {"all": kinds[0]}
    rare = min(kinds, key=types.count)
    for every in range(2, 9):
        for at in range(every):
            for first in (0, 1, 2):
                for last in (False, True):
                    made = [
                        i % every == at or i < first or (last and i == len(types) - 1)
                        for i in range(len(types))
                    ]
                    if len(kinds) == 2 and made == [kind == rare for kind in types]:
                        other = next(kind for kind in kinds if kind != rare)
                        rule: Row = {"kinds": [rare, other], "every": every, "at": at}
                        more = {"first": first, "last": last}
                        return rule | {key: value for key, value in more.items() if value}
    return _cycle(types)


def _cycle(types: list[str]) -> Row:
    """A list, and how many of its last kinds come again and again."""
    for period in range(2, len(types) // 2):
        for first in range(len(types) - 2 * period):
            if types[first + period :] == types[first:-period]:
                return {"listed": types[: first + period], "period": period}
    return {"listed": types}


def _pattern_key(own: Class) -> Row:
    """The key that says every how many layers the rare kind comes."""
    for name, answer in own.answers.items():
        key, _, value = name.rpartition(" ")
        if key not in PATTERNS or value not in ("2", "3") or "refused" in answer:
            continue
        types = answer["config"].get("layer_types")
        if types and types != own["layer_types absent"].get("config", {}).get("layer_types"):
            rule = fitted(types)
            if rule.get("every") == int(value):
                return {"key": key}
    return {}


def _by_window(own: Class) -> str:
    """Qwen: the layers from a number on have a window, or every other one below it."""
    names = ("use_sliding_window true", "max_window_layers 2")
    found = next((own.answers[name] for name in names if name in own.answers), {})
    if not any(group["window"] for group in found.get("groups", [])):
        return ""
    layout = {at: found["groups"][group]["window"] for at, group in found["layout"]}
    sliding = [at for at, window in layout.items() if window]
    if sliding == list(range(2, len(layout))):
        return "from"
    return "all" if len(sliding) == len(layout) else "below"


def _still(own: Class, types: Any, still: list[int], attends: list[int]) -> Row:
    """Which layers attend without turning: kinds, or every how many; the keys that say it."""
    row: Row = _every(still, attends)
    kinds = {types[at] for at in still} if types else set()
    fits = kinds and all((types[at] in kinds) == (at in still) for at in attends)
    if fits and not (row and _stay(own)):
        row["kinds"] = sorted(kinds)
    bare = own.answers.get("full without window", {})
    if "kinds" in row and bare.get("groups") and not bare["unrotated"]:
        row["unless"] = "no window"
    for name in ("no_rope_layers list", "no_rope_layer_interval 3", "nope_layer_interval 3"):
        if name in own.answers and not own.same(name, "saved"):
            row.setdefault("keys", []).append(name.partition(" ")[0])
    return row or {"listed": still}


def _stay(own: Class) -> bool:
    """Whether the same layers do not turn where the kinds of layers are the other way round."""
    before, after = (
        [at for at, group in own.answers.get(name, {}).get("layout", ()) if group < 0]
        for name in ("saved", "layer_types reversed")
    )
    return bool(before) and before == after


def _every(still: list[int], attends: list[int]) -> Row:
    """Every how many layers one does not turn, counted from the first or back from the last."""
    count = max(attends, default=0) + 1
    for every in range(2, 9):
        if still == [at for at in attends if (at + 1) % every == 0]:
            return {"every": every}
        if still == [at for at in attends if (count - 1 - at) % every == 0]:
            return {"every": every, "back": True}
    return {}


def rows(raw: Path) -> Iterator[tuple[str, Row]]:
    """(model_type, row) of every class that was asked; of those only loaded what loading says."""
    for line in raw.read_text().splitlines():
        data = json.loads(line)
        answers = data.get("answers", {})
        if any("refused" not in answer for answer in answers.values()):
            yield data["class"], row_of(Class(data))
        elif "full" in data:
            told = answers.get("saved", data).get("refused", "")
            yield data["class"], _loaded_row(data["full"]) | {"why": told.partition(":")[2].strip()}


def _loaded_row(full: Mapping[str, Any]) -> Row:
    """The row of a class whose model was not run: the defaults that its config has."""
    row: Row = {
        "run": False,
        **_shape(Class({"class": "", "full": full, "file": {}, "answers": {}})),
    }
    rope = full.get("rope_parameters")
    row["rope"] = {key: _sorted(value) for key, value in sorted((rope or {}).items())}
    row["part"] = {"inside": True, "scaled": "read"}
    if isinstance(full.get("head_dim"), int):
        row["head_dim"] = full["head_dim"]
    if "qk_rope_head_dim" in full:
        row["latent"] = {key: full.get(key) for key in ("qk_nope_head_dim", "qk_rope_head_dim")}
    if isinstance(full.get("layer_types"), list):
        row["layers"] = fitted(full["layer_types"])
    if isinstance(full.get("sliding_window"), int):
        row["window"] = {"key": "sliding_window", "default": full["sliding_window"]}
    return row


# Of these no row says what they were: ESM had a table for its first layer, DeepSeek-V4 one rope for
# all layers before 5.9, Gemma 4 took a part beside its object for its own, Compass took a head's
# size that it did not save, Jamba never turned, and Step-3.5 is published with lists.
LEFT_OUT = (
    "cohere_compass_text",
    "deepseek_v4",
    "esm",
    "gemma4_text",
    "gemma4_unified_text",
    "jamba",
    "step3p5",
)


def before(row: Row, changes: Mapping[str, Any]) -> Row:
    """{release: what of the row was otherwise before it} of a class; ``class_row`` undoes it."""
    found: Row = {}
    for release, change in changes.items():
        old = {**row, "kinds": change["kinds"]} if "kinds" in change else change.get("row")
        if old is None:
            continue
        old = json.loads(json.dumps(old))
        if old.get("original") == "lost":  # so that nothing tells which layers it was for
            old["scaling"] = row.get("scaling", "read")
        kept = ("sizes", "context")
        changed = {k: value for k, value in old.items() if row.get(k) != value and k not in kept}
        gone = [key for key in row if key not in old and key not in kept]
        if gone:
            changed["without"] = gone
        if changed:
            found[release] = {"last": change["last"], **changed}
    return found


def table(raw: Path, composites: Mapping[str, Any], releases: Mapping[str, Any]) -> dict[str, Any]:
    """The whole table, as it is shipped."""
    found = dict(sorted(rows(raw)))
    version = oldest(raw)
    for line in map(json.loads, raw.open()):
        made_by = line.get("full", {}).get("transformers_version")
        if made_by and made_by != version and line["class"] in found:
            found[line["class"]]["since"] = made_by
    for name, changes in releases.items():
        known = name in found and name not in LEFT_OUT
        earlier = before(json.loads(json.dumps(found[name])), changes) if known else {}
        if earlier:
            found[name]["before"] = earlier
    inside = {name: row for name, row in composites.items() if row["class"] in found}
    return {"transformers": version, "classes": found, "composites": inside}


def oldest(raw: Path) -> str:
    """The release that most classes were run with; classes that came later name theirs."""
    lines = map(json.loads, raw.read_text(encoding="utf-8").splitlines())
    versions = {line["full"]["transformers_version"] for line in lines if "full" in line}
    found: str = min(versions, key=lambda version: [int(part) for part in version.split(".")])
    return found


def written(table: Mapping[str, Any]) -> str:
    """The table as JSON, one class to a line."""
    parts = [f'"transformers": {json.dumps(table["transformers"])}']
    for key in ("classes", "composites"):
        lines = [f"{json.dumps(name)}: {json.dumps(row)}" for name, row in table[key].items()]
        parts.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{" + ",\n".join(parts) + "}\n"


if __name__ == "__main__":
    whole = table(Path(sys.argv[1]), *(json.loads(Path(one).read_text()) for one in sys.argv[2:4]))
    TABLE.write_text(written(whole), encoding="utf-8")
