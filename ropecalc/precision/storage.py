"""Storage types, and elementary functions rounded to float32 once.

All values are held in float32, which has every bfloat16 and every float16 among its numbers.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ropecalc.errors import ConfigError
from ropecalc.likeness import none_of

Dtype = Literal["float32", "bfloat16", "float16"]
DTYPES: tuple[Dtype, ...] = get_args(Dtype)
Single = NDArray[np.float32]
INSTALL = "bfloat16 needs ml_dtypes: pip install 'ropecalc[precision]'"


def check_dtype(dtype: Dtype) -> Dtype:
    """The type itself.

    Raises InvalidValueError for another word, and ConfigError where ml_dtypes is missing.
    """
    if dtype not in DTYPES:
        raise none_of("dtype", dtype, DTYPES)
    if dtype == "bfloat16":
        _bfloat16()
    return dtype


def _bfloat16() -> Any:
    try:
        import ml_dtypes
    except ImportError:
        raise ConfigError(INSTALL) from None
    return ml_dtypes.bfloat16


def stored(values: Single, dtype: Dtype) -> Single:
    """float32 values rounded to the nearest of a type, ties to even; infinite beyond its range.

    >>> stored(np.array([1.004, 70_000], np.float32), "float16").tolist()
    [1.00390625, inf]
    """
    if dtype == "float32":
        return values
    kind: Any = np.float16 if dtype == "float16" else _bfloat16()
    with np.errstate(over="ignore"):
        return np.asarray(values.astype(kind).astype(np.float32))


def single(value: float) -> np.float32:
    """A number rounded to float32; infinite beyond 3.4e38."""
    with np.errstate(over="ignore"):
        return np.float32(value)


def cosines(phases: Single) -> Single:
    """cos of float32 angles, rounded to float32; by way of float64, whose error is 2^-29 of that.

    An infinite angle gives NaN.
    """
    with np.errstate(invalid="ignore"):
        return np.asarray(np.cos(phases, dtype=np.float64).astype(np.float32))


def sines(phases: Single) -> Single:
    """sin of float32 angles, as ``cosines``."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sin(phases, dtype=np.float64).astype(np.float32))


def powers(base: Single, exponents: Single) -> Single:
    """base ** exponents of float32 numbers, rounded to float32 by way of float64."""
    with np.errstate(over="ignore"):
        return np.asarray(np.power(base, exponents, dtype=np.float64).astype(np.float32))
