"""Making certificates: the one module here that knows the solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from math import inf, nextafter

from ropecalc import __version__
from ropecalc.base.factor import family_of as scaled_family
from ropecalc.base.family import Family, family_of
from ropecalc.base.precise import Precise, float_at_most
from ropecalc.base.safe import computed_safe_base, shipped_safe_base
from ropecalc.base.solve import first_opening, infimum
from ropecalc.base.starts import known_start
from ropecalc.base.sweep import Jump, Sweep
from ropecalc.certificate.format import (
    FLAGS,
    MAX_SAFE_CONTEXT,
    MAX_SAFE_DIM,
    MINIMUM_BASE,
    MINIMUM_FACTOR,
    PARAMETERS,
    SAFE_BASE,
    WIDTH,
    Certificate,
    Claim,
    Scaling,
)
from ropecalc.certificate.verify import verify
from ropecalc.errors import InvalidValueError, UndecidedError
from ropecalc.exact import context_with
from ropecalc.isolated import isolated
from ropecalc.progress import Progress
from ropecalc.results import Rope, VerificationStatus
from ropecalc.results.configs import check_rope
from ropecalc.scaling.by_pair import critical_pair_of
from ropecalc.scaling.domains import checked_weights
from ropecalc.similarity import MAX_SEARCH, checked_context

DIGITS = 40
DEFAULTS = {
    "beta_fast": 32,  # these three of scaling.yarn
    "beta_slow": 1,
    "truncate": True,
    "low_freq_factor": 1,  # these two of scaling.llama3
    "high_freq_factor": 4,
}
PROGRAM = f"ropecalc {__version__}"


@isolated
def certify(
    head_dim: int,
    context: int,
    *,
    rotary_dim: int | None = None,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    kind: str = MINIMUM_BASE,
    progress: Progress | None = None,
) -> Certificate:
    """A certificate of the minimum base: a file that ``ropecalc.verify`` checks without the solver.

    It was checked so before it is returned, with Arb where python-flint is installed.

    The claim is an interval (low, high], at most 1e-12 wide in relative terms, that contains the
    minimum base; ``high`` is the float64 that ``ropecalc.min_base`` gives. Parameters as there,
    and ``kind``, "minimum-base" or "safe-base": the latter claims the same of the safe base.

    Raises
    ------
    InvalidValueError
        A parameter outside its domain; or there is no such base above 1 to certify.
    UndecidedError
        The base is undecided, or the certificate could not be verified.

    >>> proof = certify(32, 64)
    >>> from ropecalc.certificate.schema import parse
    >>> proof.claim.context, len(proof.chain) > 5, parse(proof.to_json()) == proof
    (64, True, True)
    """
    family = family_of(head_dim, rotary_dim, weights, count_unrotated, margin)
    context = checked_context(context, MAX_SEARCH)
    if kind not in (MINIMUM_BASE, SAFE_BASE):
        raise InvalidValueError("kind", f"kind must be minimum-base or safe-base, got {kind!r}")
    make = _minimum if kind == MINIMUM_BASE else _safe
    return _verified(make(family, context, progress), progress)


@isolated
def certify_factor(
    rope: Rope,
    context: int,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    margin: float = 0.0,
    progress: Progress | None = None,
) -> Certificate:
    """A certificate of the minimum factor of a scaling, as ``certify`` makes one of a base.

    ``rope`` has any ``rope_type`` of ``ropecalc.min_factor``; parameters and errors as there and in
    ``certify``.

    >>> from ropecalc import Rope
    >>> yarn = Rope("all", "yarn", 1e4, 32, 32, {"original_context": 64})
    >>> proof = certify_factor(yarn, 512)
    >>> proof.claim.kind, proof.claim.scaling.rope_type, len(proof.chain) > 2
    ('minimum-factor', 'yarn', True)
    """
    context = checked_context(context, MAX_SEARCH)
    check_rope(rope)
    if rope.rope_type not in PARAMETERS:
        known = ", ".join(PARAMETERS).replace("_", "-")
        raise InvalidValueError(
            "rope_type", f"a factor is certified for {known}, got {rope.rope_type}"
        )
    family = scaled_family(rope, context, checked_weights(weights), count_unrotated, margin)
    assert family.rope is not None
    rope = family.rope  # with its original context
    if rope.rope_type == "dynamic" and not family.growth:
        raise InvalidValueError(
            "context",
            f"up to {rope.original_context:,} tokens dynamic scaling changes nothing, so there is "
            "nothing to certify: use a longer context",
        )
    # what a table says is no evidence
    jump = known_start(family, context) if rope.rope_type == "linear" else None
    certificate = _minimum(family, context, progress, jump, _scaling(rope))
    return _verified(certificate, progress)


def _scaling(rope: Rope) -> Scaling:
    """The method with all its parameters, those that it has by default included."""
    given = {**DEFAULTS, **{k: v for k, v in rope.parameters.items() if v is not None}}
    if rope.rope_type == "ntk_rcd" and "critical_pair" not in given:
        given["critical_pair"] = critical_pair_of(
            rope.base, rope.rotary_dim, given["original_context"]
        )
    parameters = (
        (name, bool(given[name]) if name in FLAGS else Decimal(given[name]))
        for name in PARAMETERS[rope.rope_type].split()
    )
    return Scaling(rope.rope_type, Decimal(rope.base), tuple(parameters))


def _verified(certificate: Certificate, progress: Progress | None) -> Certificate:
    found = verify(certificate, progress=progress)
    if found.status is not VerificationStatus.PROVED:
        raise UndecidedError(f"a certificate was made and is no proof: {found.reason}")
    return certificate


def _minimum(
    family: Family,
    context: int,
    progress: Progress | None,
    jump: Jump | None = None,
    scaling: Scaling | None = None,
) -> Certificate:
    """A minimum base, or the minimum factor of a scaling."""
    sweep, precise = Sweep(family, context, jump=jump), Precise(family, DIGITS)
    opening = first_opening(sweep, precise, progress)
    if opening is None or opening.zero is None:
        raise InvalidValueError("context", _why_none(family, opening is None, scaling))
    found = infimum(family, context, precise, opening, None)
    high, before = found.enclosure[1], opening.zero.before
    chain = [(link.x_end, link.witness) for link in sweep.links]
    if _is_wide(_low(family, chain[-1][0]), high):
        # The sweep ended where float64 cannot tell a shallow g from zero. Its zero is known to
        # many digits, and up to there the critical distance goes on breaking the bound.
        chain.append((nextafter(float_at_most(before), 0.0), opening.zero.distance))
    kind = MINIMUM_BASE if scaling is None else MINIMUM_FACTOR
    low = _low(family, chain[-1][0])
    claim = replace(_claim(kind, family, context, low, high), scaling=scaling)
    jumped = any(distance == 0 for _, distance in chain)
    stretch = jump.stretch if jump is not None and jumped else None
    return Certificate(claim, tuple(chain), None, PROGRAM, stretch)


def _is_wide(low: float, high: float) -> bool:
    """Whether a claim of (low, high] comes near to the width that a certificate may have."""
    return high - low > float(WIDTH) / 2 * high


def _safe(family: Family, context: int, progress: Progress | None) -> Certificate:
    if family.rotary_dim > MAX_SAFE_DIM or context > MAX_SAFE_CONTEXT:
        raise InvalidValueError(
            "context",
            f"a safe base is certified up to {MAX_SAFE_CONTEXT:,} tokens and rotary_dim "
            f"{MAX_SAFE_DIM:,}, got {context:,} and {family.rotary_dim}",
        )
    found = shipped_safe_base(family, context, verify=True)
    if found is None:
        found = computed_safe_base(family, context, progress=progress)
    if found.base is None:
        raise InvalidValueError(
            "context", "no base up to 1e300 could be shown to be safe: use a shorter context"
        )
    if found.distance is None:
        raise InvalidValueError("context", _why_none(family, broken=False))
    claim = _claim(SAFE_BASE, family, context, _two_steps_below(found.base), found.base)
    return Certificate(claim, (), found.distance, PROGRAM)


def _why_none(family: Family, broken: bool, scaling: Scaling | None = None) -> str:
    if scaling is not None:
        which, cure = ("no factor", "shorter") if broken else ("a factor of 1", "longer")
        return f"{which} meets the bound, so there is nothing to certify: use a {cure} context"
    if broken and not family.always_holds:
        return "no base up to 1e300 meets the bound: use a shorter context, or a smaller margin"
    return "the bound holds from base 1 on, so there is nothing to certify: use a longer context"


def _low(family: Family, x_end: float) -> float:
    """A float64 certainly below the base at x_end."""
    mp = context_with(DIGITS)
    return _two_steps_below(float(family.member(mp.mpf(x_end), mp)))


def _two_steps_below(base: float) -> float:
    """Two float64 steps: one for the rounding, one to be certainly below."""
    return max(1.0, nextafter(nextafter(base, -inf), -inf))


def _claim(kind: str, family: Family, context: int, low: float, high: float) -> Claim:
    weights = family.weights
    return Claim(
        kind,
        family.rotary_dim,
        family.unrotated_pairs,
        None if weights is None else tuple(map(Decimal, weights)),
        Decimal(family.margin),
        context,
        Decimal(low),
        Decimal(high),
    )
