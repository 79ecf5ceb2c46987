"""The arithmetics of the verifier by name."""

from __future__ import annotations

from importlib.util import find_spec

from ropecalc.certificate.arithmetic import Arithmetic
from ropecalc.errors import InvalidValueError
from ropecalc.likeness import none_of

BACKENDS = ("auto", "mpmath", "arb")


def arithmetic_of(backend: str, bits: int) -> Arithmetic:
    """The arithmetic of a backend; "auto" is Arb where python-flint is installed, else mpmath.

    Raises InvalidValueError for an unknown backend, or for "arb" without python-flint.
    """
    if backend not in BACKENDS:
        raise none_of("backend", backend, BACKENDS)
    has_arb = find_spec("flint") is not None
    if backend == "arb" and not has_arb:
        raise InvalidValueError(
            "backend",
            "backend arb needs python-flint: pip install 'ropecalc[arb]', or take mpmath",
        )
    if backend == "mpmath" or not has_arb:
        from ropecalc.certificate.intervals import Intervals

        return Intervals(bits)
    from ropecalc.certificate.balls import Balls

    return Balls(bits)
