"""A setting checked: does the bound hold, where does it break, which bases near it are better.

Above ``bound``, which evaluates, and ``base``, which knows the bases around.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.bound import METHOD, Scan, checked_margin, scan_with_part
from ropecalc.errors import UndecidedError
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import Check, RotatedPart, Status
from ropecalc.scaling import Base, as_spectrum
from ropecalc.similarity import checked_context, error_bound
from ropecalc.spectrum import Spectrum

if TYPE_CHECKING:
    from ropecalc.base.family import Family
    from ropecalc.base.room import Room
    from ropecalc.results import Outlook

ROOM_LIMIT = 0.01  # how far a base is moved either way, to see whether the bound holds there
QUICK_ROOM, QUICK_DIM = 2**17, 512  # tokens, dimensions: that takes no longer up to here
SWEPT_CONTEXT = 2**15  # tokens; up to here a sweep for the minimum base takes about a second
SHORT_SWEEP = 0.8  # of a head rotated, or less: bases under 10 meet the bound, found at once
LONGEST_SWEPT = 2**20  # tokens, even so
QUICK_FACTOR = 2**17  # tokens: the sweep over factors has far fewer links than that over bases


@isolated
def check(
    spectrum: Spectrum | Base,
    context: int,
    *,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    next_base: bool | None = None,
    min_window: float | None = None,
    room: bool | None = None,
    progress: Progress | None = None,
) -> Check:
    """Whether S(m) >= margin * S(0) at every distance 0 <= m < context, and how it fails.

    Parameters
    ----------
    spectrum : Spectrum, or a base > 1 (then ``head_dim`` is 128 and ``rotary_dim`` is
        ``head_dim`` unless given)
    context : int, 1 to 17,179,869,184, tokens
    weights, count_unrotated : as in Spectrum, for a base
    margin : float, 0 .. 1
    next_base : where the bound is broken, search for the nearest base above, and of a scaling from
        ``from_rope`` for the smallest factor, however long that takes: seconds to hours. None
        looks up what the shipped tables have, and sweeps for the factor up to 2^17 tokens and 512
        rotated dimensions
    min_window : 1e-9 .. 1; search for the nearest base above in a window at least so wide,
        relative to its start
    room : look how far the base may be moved, up to 1 % either way, where the bound holds; None
        does up to 2^17 tokens and 512 rotated dimensions, where it takes a fraction of a second
    progress : called with (distances done, distances in all), then as the searches go on

    Raises
    ------
    InvalidValueError

    >>> found = check(1e6, 32_768)
    >>> found.first_violation, found.violations, found.worst_distance
    (27115, 4, 28259)
    >>> found = check(629_979, 32_768)
    >>> found.holds, round(found.room_below, 7), round(found.room_above, 7)
    (True, 1.2e-06, 0.0015946)
    """
    spectrum = as_spectrum(
        spectrum, head_dim, rotary_dim, weights=weights, count_unrotated=count_unrotated
    )
    context = checked_context(context)
    if min_window is not None:
        from ropecalc.base.wide import checked_width

        min_window = checked_width(min_window)
    margin = checked_margin(margin)
    found, part = scan_with_part(spectrum, context, margin=margin, progress=progress)
    holds = found.first_violation is None
    total = spectrum.total
    nothing = holds and spectrum.is_free(margin)
    looks = holds and not nothing and _looks(room, spectrum, context)
    around = _room(spectrum, context, margin) if looks else None
    searched = next_base is True or (next_base is None and min_window is not None)
    above, roomy, undecided, factor = None, None, None, None
    if next_base is not False and not holds:
        if searched:
            above, roomy, undecided = _next_bases(spectrum, context, margin, min_window, progress)
        else:
            above, roomy = _known_bases(spectrum, context, margin)
        factor = minimum_factor(spectrum, context, margin, searched, progress)
    return Check(
        head_dim=spectrum.head_dim,
        rotary_dim=spectrum.rotary_dim,
        count_unrotated=spectrum.count_unrotated,
        base=None if spectrum.base is None else float(spectrum.base),
        context=context,
        margin=margin,
        status=_status(holds=holds, nothing=nothing),
        first_violation=found.first_violation,
        violations=found.violations,
        worst_distance=found.worst_distance,
        worst_similarity=found.worst_similarity,
        slack=(found.worst_similarity - margin * total) / total,
        next_base=above,
        error_bound=error_bound(spectrum),
        label=spectrum.label,
        method=METHOD,
        rope_type=spectrum.rope_type,
        min_window=min_window,
        room_below=around.below if around else None,
        room_above=around.above if around else None,
        room_limit=ROOM_LIMIT if around else None,
        weighted=spectrum.weights is not None,
        undecided=undecided,
        minimum_factor=factor,
        recommended_base=roomy,
        unsearched=next_base is None
        and not (holds or searched or above or roomy or factor)
        and _is_searchable(spectrum),
        soft=found.soft,
        rotated_part=_rotated_part(part, spectrum, context, free=nothing) if part else None,
        outlook=None if nothing or margin else _outlook(part or found, spectrum, context),
    )


def _status(*, holds: bool, nothing: bool) -> Status:
    if nothing:
        return Status.FREE
    return Status.HOLDS if holds else Status.BROKEN


def minimum_factor(
    spectrum: Spectrum,
    context: int,
    margin: float = 0.0,
    search: bool = False,
    progress: Progress | None = None,
) -> float | None:
    """The smallest factor of the spectrum's own scaling that meets the bound.

    None where none does, where its method has no factor to look for, and without ``search`` beyond
    2^17 tokens and 512 rotated dimensions.
    """
    from ropecalc.base.factor import min_factor
    from ropecalc.base.scaled import FAMILIES

    rope = spectrum.rope
    if rope is None or rope.rope_type not in FAMILIES:
        return None
    if not (search or _is_quick(spectrum, context, QUICK_FACTOR)):
        return None
    try:
        return min_factor(
            rope,
            context,
            weights=spectrum.weights,
            count_unrotated=spectrum.count_unrotated,
            margin=margin,
            window=False,
            recommended=False,
            progress=progress,
        ).minimum_factor
    except UndecidedError:
        return None


def _rotated_part(found: Scan, spectrum: Spectrum, context: int, *, free: bool) -> RotatedPart:
    """What the same evaluation says of the rotated part alone."""
    rotated = spectrum.total - spectrum.unrotated_pairs
    return RotatedPart(
        first_violation=found.first_violation,
        violations=found.violations,
        worst_distance=found.worst_distance,
        slack=found.worst_similarity / rotated if rotated else 0.0,
        soft=found.soft,
        base=_rotated_part_base(spectrum, context) if free else None,
    )


def _outlook(found: Scan, spectrum: Spectrum, context: int) -> Outlook | None:
    """What became of published settings like it; those have no weights and no window."""
    rope = spectrum.rope
    windowed = rope is not None and rope.window is not None and rope.window <= context
    if spectrum.weights is not None or windowed:
        return None
    from ropecalc.outcomes import outlook

    return outlook(found.first_violation, context)


def _rotated_part_base(spectrum: Spectrum, context: int) -> float | None:
    """The recommended base of the rotated part alone, where a table has it."""
    if not spectrum.is_plain or spectrum.weights is not None:
        return None
    from ropecalc.base.family import Family
    from ropecalc.base.recommended import known_base

    return known_base(Family(spectrum.rotary_dim, spectrum.rotary_dim), context)


def is_quick_to_find(family: Family, context: int) -> bool:
    """Whether a table has the minimum base, or the sweep for it takes about a second at most."""
    from ropecalc.base.lookup import reaches

    if family.always_holds:
        return True
    short = family.weights is None and family.rotary_dim <= SHORT_SWEEP * (
        family.rotary_dim + 2 * family.unrotated_pairs
    )
    if context <= (LONGEST_SWEPT if short else SWEPT_CONTEXT) and family.rotary_dim <= QUICK_DIM:
        return True
    return reaches("minimum", family, context)


def _is_searchable(spectrum: Spectrum) -> bool:
    """Whether there is a family of bases or factors to search."""
    from ropecalc.base.scaled import FAMILIES

    return spectrum.is_plain or (spectrum.rope is not None and spectrum.rope_type in FAMILIES)


def _known_bases(
    spectrum: Spectrum, context: int, margin: float
) -> tuple[float | None, float | None]:
    """The smallest float64 base above the spectrum's own that meets the bound; one with room.

    Each where a shipped table has it.
    """
    if not spectrum.is_plain:
        return None, None
    from ropecalc.base.minimum import known_bases

    return known_bases(spectrum, context, margin)


def _next_bases(
    spectrum: Spectrum,
    context: int,
    margin: float,
    min_window: float | None,
    progress: Progress | None,
) -> tuple[float | None, float | None, str | None]:
    """The same by a search, where no table has them; and why not, where one is undecided."""
    if not spectrum.is_plain:
        return None, None, None
    from ropecalc.base.minimum import next_base, next_recommended_base

    above = None
    try:
        above = next_base(spectrum, context, margin, min_window, progress)
        return above, next_recommended_base(spectrum, context, margin, above, progress), None
    except UndecidedError as error:
        return above, None, f"next base: {error}"


def _looks(room: bool | None, spectrum: Spectrum, context: int) -> bool:
    """Whether to look for the room around a base."""
    quick = _is_quick(spectrum, context, QUICK_ROOM)
    return spectrum.is_plain and (quick if room is None else room)


def _is_quick(spectrum: Spectrum, context: int, most: int) -> bool:
    return context <= most and spectrum.rotary_dim <= QUICK_DIM


def _room(spectrum: Spectrum, context: int, margin: float) -> Room:
    from ropecalc.base.minimum import room

    return room(spectrum, context, margin, ROOM_LIMIT)
