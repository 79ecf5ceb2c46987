"""Does a certificate prove its claim?"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ropecalc.certificate.arithmetic import Arithmetic
from ropecalc.certificate.backends import arithmetic_of
from ropecalc.certificate.chain import check_link, check_stretch
from ropecalc.certificate.everywhere import shortfall, sign_of
from ropecalc.certificate.format import SAFE_BASE, Certificate, Claim
from ropecalc.certificate.head import Head
from ropecalc.certificate.schema import parse, read_certificate
from ropecalc.certificate.spectra import UncertainError
from ropecalc.isolated import isolated
from ropecalc.results import Verification, VerificationStatus

if TYPE_CHECKING:
    from ropecalc.progress import Progress

BITS = 120  # 2^30 tokens use up 30, and leave 90: twenty-seven decimals


@isolated
def verify(
    certificate: Certificate | str | os.PathLike[str],
    *,
    backend: str = "auto",
    progress: Progress | None = None,
) -> Verification:
    """Check a certificate, or the one in a file, with numbers that carry their own error.

    No numerical code is shared with what made it: intervals of mpmath, or balls of Arb, rounded
    outwards throughout, and integers, which round where they say so. A claim of kind "minimum-base"
    is proved if every link of its chain is (its distance breaks the bound on its whole interval of
    bases), if the chain reaches from base 1 to ``low``, and if ``high`` meets the bound at every
    distance of the context. So is one of kind "minimum-factor", over factors from 1. One of kind
    "safe-base" is proved if ``low`` breaks the bound and if intervals of bases, each of which keeps
    the bound at every distance, lead from ``high`` to where slow pairs alone keep it. What is not
    proved need not be false; ``reason`` says where it fails.

    Parameters
    ----------
    certificate : a Certificate, a path, or "-" for standard input
    backend : "arb" (python-flint), "mpmath", or "auto": Arb where it is installed
    progress : called with (work done, work in all)

    Raises
    ------
    CertificateError
        The file is no certificate, or was changed after it was written.
    InvalidValueError
        An unknown backend, or one that is not installed.

    >>> import ropecalc
    >>> proof = ropecalc.certify(32, 64)
    >>> ropecalc.verify(proof, backend="mpmath").status.value
    'The claim is proved.'
    >>> ropecalc.verify("no-such-proof.json")
    Traceback (most recent call last):
    ropecalc.errors.CertificateError: no-such-proof.json: no such file; check the path
    """
    arithmetic = arithmetic_of(backend, BITS)
    if isinstance(certificate, Certificate):
        certificate = parse(certificate.to_json())  # as strict as with a file
    else:
        certificate = read_certificate(certificate)
    start = time.perf_counter()
    run = _Run(certificate, arithmetic, progress)
    with arithmetic.working():
        run.check()
    return run.result(time.perf_counter() - start)


@dataclass
class _Run:
    """One verification: what has been shown so far."""

    certificate: Certificate
    arithmetic: Arithmetic
    progress: Progress | None
    found: dict[str, Any] = field(default_factory=dict)
    depths: list[float] = field(default_factory=list)
    evaluations: int = 0

    @property
    def claim(self) -> Claim:
        """What is to be shown."""
        return self.certificate.claim

    def check(self) -> None:
        """Stop at the first thing that is not shown."""
        try:
            head = Head(self.claim, self.arithmetic)
        except UncertainError as error:
            self.found |= {"status": VerificationStatus.UNCERTAIN, "reason": str(error)}
            return
        if self.claim.kind == SAFE_BASE:
            proved = self._low_breaks(head) and self._holds_beyond(head)
        else:
            proved = (
                self._chain_is_proved(head) and self._reaches_low(head) and self._high_holds(head)
            )
        if proved:
            self.found["status"] = VerificationStatus.PROVED

    def _chain_is_proved(self, head: Head) -> bool:
        start = 0.0
        for index, (end, distance) in enumerate(self.certificate.chain, 1):
            reason = self._link_fault(head, distance, start, end)
            if reason:
                self.found |= {
                    "status": VerificationStatus.LINK_FAILS,
                    "reason": reason,
                    "failed_link": index,
                    "failed_interval": (start, end),
                    "failed_distance": distance,
                }
                return False
            start = end
            self._tick(index, 0)
        return True

    def _link_fault(self, head: Head, distance: int, start: float, end: float) -> str:
        if not start < end:
            return "it does not end beyond the link before it"
        stretch = self.certificate.stretch
        if stretch is None or distance:
            check = check_link(head, distance, start, end)
        else:
            check = check_stretch(head, self.claim.context, stretch, start, end)
        self.evaluations += check.expansions
        if not check.reason:
            self.depths.append(check.depth)
        return check.reason

    def _reaches_low(self, head: Head) -> bool:
        """Whether the last x_end is certainly above that of low, which so breaks the bound, too."""
        end = self.certificate.chain[-1][0]
        missing = head.place(self.claim.low) - self.arithmetic.number(end)
        if self.arithmetic.is_negative(missing):
            return True
        self.found["status"] = VerificationStatus.CHAIN_TOO_SHORT
        self.found["reason"] = f"it ends at x = {end!r}, below the low end of the claim"
        return False

    def _high_holds(self, head: Head) -> bool:
        total = len(self.certificate.chain)
        fault = shortfall(self.claim, head, self.claim.high, lambda done: self._tick(total, done))
        if fault is None:
            self.found["distances"] = self.claim.context
            return True
        self.found |= {
            "status": VerificationStatus.HIGH_END_FAILS,
            "reason": f"at the high end {fault.reason}",
            "failed_distance": fault.distance,
        }
        return False

    def _low_breaks(self, head: Head) -> bool:
        violated = self.certificate.violated or 0
        sign, value = sign_of(self.claim, head, self.claim.low, violated)
        if sign < 0:
            self.depths.append(-value)
            return True
        self.found |= {
            "status": VerificationStatus.LOW_END_FAILS,
            "reason": f"at the low end S({violated}) is not shown to be below it",
            "failed_distance": violated,
        }
        return False

    def _holds_beyond(self, head: Head) -> bool:
        from ropecalc.certificate.beyond import shortfall_beyond  # with NumPy, for this kind alone

        fault = shortfall_beyond(
            self.claim, head, self.claim.high, lambda done: self._tick(0, done)
        )
        if fault is None:
            self.found["distances"] = self.claim.context
            return True
        self.found |= {
            "status": VerificationStatus.BEYOND_FAILS,
            "reason": fault.reason,
            "failed_distance": fault.distance,
        }
        return False

    def _tick(self, links: int, distances: int) -> None:
        """A link takes about as long as a thousand distances."""
        if self.progress is not None:
            in_all = 1_000 * len(self.certificate.chain) + self.claim.context
            self.progress(1_000 * links + distances, in_all)

    def result(self, seconds: float) -> Verification:
        """All that was found, as a value."""
        claim, scaling = self.claim, self.claim.scaling
        return Verification(
            kind=claim.kind,
            rope_type="default" if scaling is None else scaling.rope_type,
            base=None if scaling is None else scaling.base,
            parameters={} if scaling is None else dict(scaling.parameters),
            rotary_dim=claim.rotary_dim,
            unrotated_pairs=claim.unrotated_pairs,
            weighted=claim.weights is not None,
            margin=float(claim.margin),
            context=claim.context,
            low=claim.low,
            high=claim.high,
            links=len(self.certificate.chain),
            links_proved=min(len(self.depths), len(self.certificate.chain)),
            evaluations=self.evaluations,
            least_depth=min(self.depths, default=math.nan),
            backend=self.arithmetic.name,
            bits=self.arithmetic.bits,
            seconds=seconds,
            program=self.certificate.program,
            **self.found,
        )
