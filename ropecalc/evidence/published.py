"""The published settings: what ``data/evidence.tsv`` says, and the first violations computed here.

The file has a row a setting: what was published, where, and whether that was read in the source,
recalled or assumed. Nothing in it comes from this program: first violations are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from ropecalc.evidence.statistics import length_at
from ropecalc.results.configs import Rope
from ropecalc.results.evidences import KEPT, PublishedSetting, Score
from ropecalc.shipped import shipped_rows

LIMIT = 2**21
"""First violations are looked for below it."""
LENGTHS = {f"score_{k}k": k * 1024 for k in (4, 8, 16, 32, 64, 128)}
LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
Row = Mapping[str, str]


@cache
def published() -> tuple[PublishedSetting, ...]:
    """All published settings, in the order of the file."""
    return tuple(map(setting_of, rows()))


def rows() -> list[dict[str, str]]:
    """The rows of the file as they are."""
    return shipped_rows("evidence.tsv")


def published_of(names: Iterable[str]) -> tuple[PublishedSetting, ...]:
    """The settings of models by their names, with or without a tuning: "-Instruct", "(base)"."""
    from ropecalc.models.known import stem

    stems = set(map(stem, names)) - {""}
    return tuple(
        one
        for row, one in zip(rows(), published(), strict=True)
        if stems & {stem(row["model"].partition(" (")[0]), stem(row["known"])}
    )


def setting_of(row: Row) -> PublishedSetting:
    """One row with what is computed from it."""
    rope = rope_of(row)
    scores = tuple(Score(n, float(row[key])) for key, n in LENGTHS.items() if row[key])
    at_85, at_70, at_50 = (_length(scores, part) for part in (KEPT, 0.7, 0.5))
    return PublishedSetting(
        model=row["model"],
        table=row["table"],
        family=row["family"],
        parameters=float(row["parameters"]),
        head_dim=rope.head_dim,
        rotary_dim=rope.rotary_dim,
        base=rope.base,
        rope_type=rope.rope_type,
        factor=float(row["factor"]) if row["factor"] else None,
        trained_context=_tokens(row["trained_context"]),
        claimed_context=_tokens(row["claimed_context"]),
        scores=scores,
        setting_status=row["setting_status"],
        setting_source=row["setting_source"],
        score_status=row["score_status"],
        score_source=row["score_source"],
        reported_by=row["reported_by"],
        observation=row["observation"],
        note=row["note"],
        first_violation=_violation(rope, count_unrotated=False),
        whole_violation=_violation(rope, count_unrotated=True),
        length_at_85=at_85,
        length_at_70=at_70,
        length_at_50=at_50,
    )


def rope_of(row: Row) -> Rope:
    """The rotary embedding of a row: its own numbers, or with factors by pair a known model's."""
    method = row["rope_type"]
    if method == "longrope":
        from ropecalc.models.known import find_model

        return find_model(row["known"]).rope
    parameters: dict[str, float | int] = {}
    if method != "default":
        parameters["factor"] = float(row["factor"])
    if row["original_context"]:
        parameters["original_context"] = int(row["original_context"])
    parameters |= LLAMA3 if method == "llama3" else {}
    dims = int(row["head_dim"]), int(row["rotary_dim"])
    return Rope("all", method, float(row["base"]), *dims, parameters=parameters)


def _tokens(text: str) -> int | None:
    return int(text) if text else None


def _length(scores: tuple[Score, ...], part: float) -> int | None:
    if not scores or scores[0].context != LENGTHS["score_4k"]:
        return None
    found = length_at(scores, part)
    return None if found is None else round(found)


_found: dict[tuple[object, ...], int | None] = {}


def _violation(rope: Rope, *, count_unrotated: bool) -> int | None:
    """The first violation; many settings share one spectrum."""
    if rope.head_dim == rope.rotary_dim:
        count_unrotated = False
    key = (
        *(rope.rope_type, rope.base, rope.head_dim, rope.rotary_dim, repr(rope.parameters)),
        count_unrotated,
    )
    if key not in _found:
        from ropecalc.bound import max_context
        from ropecalc.scaling import from_rope

        spectrum = from_rope(rope, rope.context, count_unrotated=count_unrotated)
        nothing = spectrum.is_free()
        _found[key] = None if nothing else max_context(spectrum, limit=LIMIT).first_violation
    return _found[key]
