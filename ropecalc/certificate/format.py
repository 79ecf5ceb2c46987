"""What a certificate says, as a value and as JSON.

A certificate is one JSON object with exactly these keys:

    {
      "format": "ropecalc-certificate",
      "version": 1,
      "program": "ropecalc 0.1.0",           what wrote it; not part of the proof
      "kind": "minimum-base",
      "claim": {
        "rotary_dim": 128,                   r: there are n = r/2 rotated pairs, e_i = 2i/r
        "unrotated_pairs": 0,                u: unrotated pairs that count
        "weights": null,                     or n decimals w_i >= 0, not all 0; null is 1 each
        "margin": "0",                       tau, 0 .. 1
        "context": 4096,                     L, 1 .. 2^30
        "low": "26952.33...",                ends of an interval of bases, 1 <= low < high,
        "high": "26952.33..."                high - low <= 1e-12 low
      },
      "evidence": {"chain": [[0.5124953875307012, 2], ...]},
      "digest": "sha256:..."                 of all the rest, see ``digest``
    }

With  S(m) = u + sum_i w_i cos(m b^(-e_i))  and the bound at L,  S(m) >= tau S(0) at every integer
0 <= m < L,  the claim of kind "minimum-base" is

    low < inf { b >= 1 : b meets the bound } <= high,   and the base ``high`` meets it.

Its evidence is a chain of links [x_end, m]: for every x = ln b from the x_end of the link before (0
for the first) up to x_end, both included, S(m) < tau S(0), with 1 <= m < L; x_end ascends, and the
last is ln(low) or more. That ``high`` meets the bound needs no evidence but evaluation.

The claim of kind "safe-base", for r up to 1,024 and L up to 2^20, is

    low <= sup { b : b breaks the bound } < high,   and every base from ``high`` on meets it,

and its evidence is {"violated": m}, a distance that breaks the bound at ``low``.

The claim of kind "minimum-factor" is about the factors of a scaling method, whose frequencies
``spectra`` has from their definition. It has these keys beside those above:

        "rope_type": "yarn",                 one of ``PARAMETERS``
        "base": "1000000",                   1 < base <= 1e300
        "parameters": {"original_context": "32768", "beta_fast": "32", "beta_slow": "1",
                       "truncate": true}     those of the method, ``PARAMETERS``

    low < inf { s >= 1 : s meets the bound } <= high,   and the factor ``high`` meets it.

Its evidence is a chain over x = ln s, as for bases; dynamic scaling, whose length is the context,
has another x (``spectra``). That of linear has a stretch [x_low, x_high] beside it, or null:
S(1) < tau S(0) from x_low to x_high, which may be below 0. S(m) at a factor s is S(1) at m / s, so
that a factor with a multiple of 1/s in that stretch of positions breaks the bound. A link with a
distance of 0 says so of its interval (see ``chain.check_stretch``).

Decimals are strings, exact, without exponent, sign or needless zeros; x_end is the float64 that its
text is the shortest spelling of. Any other key, type or spelling is refused. The digest only makes
a change visible that would leave the proof a proof: nothing is believed because of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from ropecalc.certificate.files import write_whole

FORMAT, VERSION = "ropecalc-certificate", 1
MINIMUM_BASE, SAFE_BASE, MINIMUM_FACTOR = KINDS = "minimum-base", "safe-base", "minimum-factor"
PARAMETERS = {  # of a scaling method; the one that is no number is true or false
    "linear": "",
    "yarn": "original_context beta_fast beta_slow truncate",
    "llama3": "original_context low_freq_factor high_freq_factor",
    "ntk_aware": "",
    "dynamic": "original_context",
    "ntk_rcd": "critical_pair",
    "mrrope_uni": "original_context beta_fast beta_slow",
    "mrrope_pro": "original_context beta_fast beta_slow",
}
FLAGS = {"truncate"}
STRETCH = -21.0, 700.0  # of the x in one: positions from exp(-700) to 2^30
MAX_DIM, MAX_CONTEXT, MAX_LINKS = 65_536, 2**30, 1_000_000
MAX_SAFE_DIM, MAX_SAFE_CONTEXT = 1_024, 2**20  # as far as the errors in ``turns`` are bounded
MAX_DECIMAL = 1_100  # characters: the exact value of the smallest float64 has 1,076
MAX_BASE = Decimal(10) ** 300
WIDTH = Decimal("1e-12")  # of the claim's interval, relative to its low end
EXACT = Context(prec=10_000)


Link = tuple[float, int]
Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Scaling:
    """The method that a claim on a factor is about."""

    rope_type: str
    base: Decimal
    parameters: tuple[tuple[str, Decimal | bool], ...]
    """By name, in the order of ``PARAMETERS``."""

    def number(self, name: str) -> Fraction:
        """The value of a parameter that is a number."""
        return Fraction(dict(self.parameters)[name])

    def flag(self, name: str) -> bool:
        """The value of one that is true or false."""
        return bool(dict(self.parameters)[name])


@dataclass(frozen=True, slots=True)
class Claim:
    """What a certificate claims; see the module."""

    kind: str
    rotary_dim: int
    unrotated_pairs: int
    weights: tuple[Decimal, ...] | None
    margin: Decimal
    context: int
    low: Decimal
    high: Decimal
    scaling: Scaling | None = field(default=None, kw_only=True)
    """What a claim on a factor is about."""

    @property
    def n_pairs(self) -> int:
        """Number of rotated pairs, n."""
        return self.rotary_dim // 2


@dataclass(frozen=True, slots=True)
class Certificate:
    """A claim and its evidence; ``to_json`` and ``schema.parse`` are each other's inverse."""

    claim: Claim
    chain: tuple[Link, ...]
    """(x_end, distance) of each link; empty for a safe base."""
    violated: int | None
    """A distance that breaks the bound at the low end of a safe base, None for a minimum."""
    program: str
    stretch: Stretch | None = None
    """Of a linear scaling: the x between which distance 1 breaks the bound, where links need it."""

    def to_json(self) -> str:
        """The certificate as the text of its file."""
        document = _document(self)
        document["digest"] = digest(document)
        lines = [f'"{key}": {_lines(value)}' for key, value in document.items()]
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the file, whole or not at all; raises CertificateError where that fails."""
        write_whole(path, self.to_json())


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document without its digest: keys sorted, no blanks, ASCII."""
    rest = {key: value for key, value in document.items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()


def decimal_text(value: Decimal) -> str:
    """A decimal as a certificate spells it.

    >>> decimal_text(Decimal("1.50")), decimal_text(Decimal("1e3"))
    ('1.5', '1000')
    """
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _document(certificate: Certificate) -> dict[str, Any]:
    claim = certificate.claim
    weights = claim.weights
    return {
        "format": FORMAT,
        "version": VERSION,
        "program": certificate.program,
        "kind": claim.kind,
        "claim": {
            "rotary_dim": claim.rotary_dim,
            "unrotated_pairs": claim.unrotated_pairs,
            "weights": None if weights is None else [decimal_text(w) for w in weights],
            "margin": decimal_text(claim.margin),
            "context": claim.context,
            "low": decimal_text(claim.low),
            "high": decimal_text(claim.high),
            **_scaling(claim.scaling),
        },
        "evidence": _evidence(certificate),
    }


def _scaling(scaling: Scaling | None) -> dict[str, Any]:
    if scaling is None:
        return {}
    parameters = {
        name: value if isinstance(value, bool) else decimal_text(value)
        for name, value in scaling.parameters
    }
    base = decimal_text(scaling.base)
    return {"rope_type": scaling.rope_type, "base": base, "parameters": parameters}


def _evidence(certificate: Certificate) -> dict[str, Any]:
    if certificate.claim.kind == SAFE_BASE:
        return {"violated": certificate.violated}
    chain = {"chain": [list(link) for link in certificate.chain]}
    if not may_have_stretch(certificate.claim):
        return chain
    stretch = certificate.stretch
    return {**chain, "stretch": None if stretch is None else list(stretch)}


def may_have_stretch(claim: Claim) -> bool:
    """Whether the evidence of a claim has a stretch, or null for it."""
    return claim.scaling is not None and claim.scaling.rope_type == "linear"


def _lines(value: object) -> str:
    """JSON with a line for each link, so that a person can find one."""
    if isinstance(value, dict) and "chain" in value:
        links = ",\n".join(json.dumps(link) for link in value["chain"])
        rest = "".join(f', "{k}": {json.dumps(v)}' for k, v in value.items() if k != "chain")
        return f'{{"chain": [\n{links}\n]{rest}}}'
    return json.dumps(value)
