"""Rules about the numbers themselves: parameters outside their domain, and the bound."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from ropecalc.errors import InvalidValueError
from ropecalc.lint.subject import Said, Subject
from ropecalc.lint.words import tokens
from ropecalc.results import Rope

FARTHEST = 2**20  # distances looked at: a tenth of a second
SAID_ELSEWHERE = {"short_factor", "long_factor", "high_freq_factor"}  # list-length, llama3-reversed
UNKNOWN = {"context", "length"}  # what the file does not say


def outside_domain(subject: Subject) -> Iterator[Said]:
    """Parameters that ropecalc, unlike some stacks, does not compute with."""
    from ropecalc.scaling import from_rope

    for rope in subject.model.ropes:
        try:
            from_rope(rope, rope.context)
        except InvalidValueError as error:
            if error.parameter not in SAID_ELSEWHERE | UNKNOWN:
                yield Said(
                    f"The {rope.rope_type} scaling is outside its domain: {error}",
                    "Correct it.",
                    rope.layer_type,
                )


def base_below_bound(subject: Subject) -> Iterator[Said]:
    """A similarity that is negative at a distance that occurs."""
    for rope in subject.model.ropes:
        first = _first_violation(rope)
        if first is not None:
            scaled = "" if rope.rope_type == "default" else f", with its {rope.rope_type} scaling,"
            reach = "context" if rope.context == rope.reach else "window"
            yield Said(
                f"The similarity{scaled} is negative first at distance {tokens(first)}, within "
                f"the {reach} of {tokens(rope.reach or 0)} tokens",
                _cure(subject, rope),
                rope.layer_type,
            )


def _cure(subject: Subject, rope: Rope) -> str:
    """What finds a setting of the same method that meets the bound, else a base."""
    from ropecalc.models.commands import factor_command

    line = factor_command(subject.model, rope, rope.reach or 0)
    if line is not None:
        return f"{line} finds a factor that meets the bound."
    words = ["ropecalc", "min-base", "--dim", str(rope.head_dim)]
    words += ["--rotary-dim", str(rope.rotary_dim)] if rope.rotary_dim != rope.head_dim else []
    return f"{shlex.join([*words, '--ctx', str(rope.reach)])} finds bases that meet the bound."


def _first_violation(rope: Rope) -> int | None:
    """Of the distances below the reach, or the first 2^20 of them."""
    from ropecalc.bound import scan
    from ropecalc.scaling import from_rope

    if rope.reach is None:
        return None
    try:
        spectrum = from_rope(rope, rope.context)
    except InvalidValueError:  # outside-domain says it
        return None
    return scan(spectrum, 0, min(rope.reach, FARTHEST), first_only=True).first_violation
