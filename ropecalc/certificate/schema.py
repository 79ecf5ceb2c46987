"""A certificate from its file: every key, type and spelling is checked, nothing else is accepted.

``format`` says what there is. Reading shows no more than that a file says something: whether that
is true is for ``verify``.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ropecalc.certificate.files import read_text
from ropecalc.certificate.format import (
    EXACT,
    FLAGS,
    FORMAT,
    KINDS,
    MAX_BASE,
    MAX_CONTEXT,
    MAX_DECIMAL,
    MAX_DIM,
    MAX_LINKS,
    MAX_SAFE_CONTEXT,
    MAX_SAFE_DIM,
    MINIMUM_FACTOR,
    PARAMETERS,
    SAFE_BASE,
    STRETCH,
    VERSION,
    WIDTH,
    Certificate,
    Claim,
    Link,
    Scaling,
    Stretch,
    digest,
    may_have_stretch,
)
from ropecalc.errors import CertificateError

_DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_PROGRAM = re.compile(r"ropecalc [0-9A-Za-z.+-]{1,40}")
LONGEST = 4_000  # digits of an integer: Python converts as many, and no claim has them
CLAIM_KEYS = "rotary_dim unrotated_pairs weights margin context low high"


def read_certificate(source: str | os.PathLike[str]) -> Certificate:
    """The certificate in a file, or from standard input where ``source`` is ``"-"``."""
    if not isinstance(source, str | os.PathLike):
        kind = type(source).__name__
        raise CertificateError(f"a certificate is a file: pass its path, not an object ({kind})")
    name, text = read_text(source)
    return parse(text, name)


def parse(text: str, name: str = "the certificate") -> Certificate:
    """The certificate in a text; ``name`` is what to call it in messages.

    Raises CertificateError where the text is no certificate, or not as it was written.
    """
    try:
        document = json.loads(
            text,
            parse_float=_float,
            parse_int=_read_integer,
            parse_constant=_no_constant,
            object_pairs_hook=_object,
        )
        return _certificate(document)
    except json.JSONDecodeError as error:
        raise CertificateError(
            f"{name}: is not valid JSON at line {error.lineno}, column {error.colno}; "
            "it may be cut short: write it again"
        ) from None
    except RecursionError:
        text = "is nested too deeply for a certificate; pass a file that ropecalc wrote"
        raise CertificateError(f"{name}: {text}") from None
    except ValueError as error:
        raise CertificateError(f"{name}: {error}; pass a file that ropecalc wrote") from None


def _read_integer(text: str) -> int:
    if len(text) > LONGEST:
        raise ValueError(f"holds an integer of {len(text):,} digits")
    return int(text)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value) or repr(value) != text:
        raise ValueError(f"holds {_short(text)}, which is no float64 spelt as Python does")
    return value


def _no_constant(text: str) -> float:
    raise ValueError(f"holds {text}, which is no number")


def _object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(items)
    if len(document) != len(items):
        raise ValueError("has a key twice")
    return document


def _certificate(document: object) -> Certificate:
    top = _keys(document, "it", "format version program kind claim evidence digest")
    if top["format"] != FORMAT:
        raise ValueError("is not a ropecalc certificate")
    if _integer(top["version"], "version", 0, 10**6) != VERSION:
        raise ValueError(f"is of version {top['version']}, and only {VERSION} is known here")
    if top["kind"] not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}")
    if not isinstance(top["program"], str) or not _PROGRAM.fullmatch(top["program"]):
        raise ValueError("program must be a name and a version")
    claim = _claim(top["kind"], top["claim"])
    chain, violated, stretch = _evidence(claim, top["evidence"])
    if top["digest"] != digest(top):
        raise ValueError("was changed after it was written: its digest differs")
    return Certificate(claim, chain, violated, top["program"], stretch)


def _claim(kind: str, value: object) -> Claim:
    scaled = " rope_type base parameters" if kind == MINIMUM_FACTOR else ""
    claim = _keys(value, "claim", CLAIM_KEYS + scaled)
    safe = kind == SAFE_BASE
    rotary_dim = _integer(claim["rotary_dim"], "rotary_dim", 2, MAX_SAFE_DIM if safe else MAX_DIM)
    if rotary_dim % 2:
        raise ValueError("rotary_dim must be even")
    context = _integer(claim["context"], "context", 1, MAX_SAFE_CONTEXT if safe else MAX_CONTEXT)
    scaling = _scaling(claim, rotary_dim) if scaled else None
    if scaling and scaling.rope_type == "dynamic" and scaling.number("original_context") >= context:
        raise ValueError("original_context must be less than context for dynamic")
    return Claim(
        kind,
        rotary_dim,
        _integer(claim["unrotated_pairs"], "unrotated_pairs", 0, MAX_DIM),
        _weights(claim["weights"], rotary_dim // 2),
        _decimal(claim["margin"], "margin", 0, 1),
        context,
        *_interval(claim),
        scaling=scaling,
    )


def _scaling(claim: Mapping[str, Any], rotary_dim: int) -> Scaling:
    method = claim["rope_type"]
    if not isinstance(method, str) or method not in PARAMETERS:
        raise ValueError(f"rope_type must be one of {', '.join(PARAMETERS)}")
    if method in ("ntk_aware", "dynamic") and rotary_dim < 4:
        raise ValueError(f"rotary_dim must be at least 4 for {method}")
    base = _decimal(claim["base"], "base", 1, MAX_BASE)
    given = _keys(claim["parameters"], "parameters", PARAMETERS[method])
    scaling = Scaling(method, base, tuple(_parameter(name, given) for name in given))
    if base == 1 or not all(value for name, value in scaling.parameters if name not in FLAGS):
        raise ValueError("base must be above 1, and every parameter above 0")
    if method == "ntk_rcd" and scaling.number("critical_pair").denominator > 1:
        raise ValueError("critical_pair must be a whole number")
    if method == "llama3" and _is_reversed(scaling):
        raise ValueError("low_freq_factor must be at most high_freq_factor")
    return scaling


def _is_reversed(scaling: Scaling) -> bool:
    """Whether the ends of Llama 3's ramp are exchanged."""
    return scaling.number("low_freq_factor") > scaling.number("high_freq_factor")


def _parameter(name: str, given: Mapping[str, Any]) -> tuple[str, Decimal | bool]:
    if name not in FLAGS:
        return name, _decimal(given[name], name, 0, MAX_BASE)
    if not isinstance(given[name], bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004  one error for all
    return name, given[name]


def _interval(claim: Mapping[str, Any]) -> tuple[Decimal, Decimal]:
    low, high = (_decimal(claim[end], end, 1, MAX_BASE) for end in ("low", "high"))
    if not low < high:
        raise ValueError("low must be less than high")
    if EXACT.subtract(high, low) > EXACT.multiply(WIDTH, low):
        raise ValueError(f"low and high lie further apart than {WIDTH} of low")
    return low, high


def _weights(value: object, n_pairs: int) -> tuple[Decimal, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != n_pairs:
        raise ValueError(f"weights must be null or {n_pairs} decimals")
    weights = tuple(_decimal(weight, "a weight", 0, MAX_BASE) for weight in value)
    if not any(weights):
        raise ValueError("weights must not all be 0")
    return weights


def _evidence(claim: Claim, value: object) -> tuple[tuple[Link, ...], int | None, Stretch | None]:
    if claim.kind == SAFE_BASE:
        violated = _keys(value, "evidence", "violated")["violated"]
        return (), _integer(violated, "violated", 1, claim.context - 1), None
    may = may_have_stretch(claim)
    found = _keys(value, "evidence", "chain stretch" if may else "chain")
    links, stretch = found["chain"], _stretch(found["stretch"]) if may else None
    if not isinstance(links, list) or not 1 <= len(links) <= MAX_LINKS:
        raise ValueError(f"chain must be a list of 1 to {MAX_LINKS:,} links")
    least = 1 if stretch is None else 0
    chain = (_link(index, link, least, claim.context) for index, link in enumerate(links, 1))
    return tuple(chain), None, stretch


def _stretch(value: object) -> Stretch | None:
    if value is None:
        return None
    least, most = STRETCH
    if not isinstance(value, list) or len(value) != 2 or {*map(type, value)} != {float}:
        raise ValueError("stretch must be null or two float64")
    low, high = value
    if not least <= low < high <= most:
        raise ValueError(f"stretch must ascend, from {least:g} to {most:g}")
    return low, high


def _link(index: int, value: object, least: int, context: int) -> Link:
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[0], float):
        raise ValueError(f"link {index} must be a float64 and a distance")
    return value[0], _integer(value[1], f"the distance of link {index}", least, context - 1)


def _keys(value: object, what: str, names: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} must be a JSON object")  # noqa: TRY004  one error for all
    if set(value) != set(names.split()):
        raise ValueError(f"{what} must have the keys {', '.join(names.split())} and no others")
    return value


def _integer(value: object, what: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} must be an integer from {least} to {most}")
    return value


def _decimal(value: object, what: str, least: int, most: int | Decimal) -> Decimal:
    if not isinstance(value, str) or len(value) > MAX_DECIMAL or not _DECIMAL.fullmatch(value):
        raise ValueError(f'{what} must be a decimal in quotes, such as "1.5"')
    number = Decimal(value)
    if not least <= number <= most:
        raise ValueError(f"{what} must be from {least} to {most}")
    return number


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
