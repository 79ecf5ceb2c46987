"""The option --weights."""

from __future__ import annotations

from typing import Annotated, Any

from ropecalc.cli import options


def _read(path: str) -> tuple[float, ...]:
    from ropecalc.weights import read_weights

    return read_weights(path)


Weights = Annotated[
    Any,
    options.option(
        "--weights",
        "Weights of the pairs: JSON, CSV, .npy; else 1.",
        "FILE",
        options.reader(_read),
    ),
]
