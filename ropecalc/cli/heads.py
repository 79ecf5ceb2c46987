"""From the options of a head to what the library takes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ropecalc.cli.output import at_most_one
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_base

if TYPE_CHECKING:
    from ropecalc.spectrum import Spectrum

DEFAULT_HEAD_DIM = 128


def rotated(head_dim: int, rotary_dim: int | None, factor: float | None) -> int:
    """rotary_dim, from one of its two options; the whole head without either.

    A factor gives int(head_dim * factor), as model code rounds it.
    """
    at_most_one(**{"--rotary-dim": rotary_dim, "--partial-rotary-factor": factor})
    if factor is None:
        return head_dim if rotary_dim is None else rotary_dim
    implied = int(head_dim * factor)
    if implied < 2 or implied % 2:
        raise InvalidValueError(
            "partial_rotary_factor",
            f"partial_rotary_factor must leave an even number of at least 2 of the {head_dim} "
            f"dimensions, got {factor:g}, which leaves {implied}",
        )
    return implied


def spectra(
    bases: Iterable[float],
    head_dim: int | None,
    rotary_dim: int | None = None,
    factor: float | None = None,
    *,
    ignore_unrotated: bool = False,
) -> list[Spectrum]:
    """The spectrum of each base for one head."""
    from ropecalc import scaling

    head_dim = DEFAULT_HEAD_DIM if head_dim is None else head_dim
    rotary_dim = rotated(head_dim, rotary_dim, factor)
    return [
        scaling.default(
            base,
            head_dim,
            rotary_dim=rotary_dim,
            count_unrotated=not ignore_unrotated,
        )
        for base in bases
    ]


def name(spectrum: Spectrum) -> str:
    """What to call a spectrum while it is worked on."""
    return "spectrum" if spectrum.base is None else f"base {format_base(float(spectrum.base))}"


def head_inputs(lines: Sequence[Spectrum]) -> dict[str, object]:
    """The head and the bases of spectra, as they were understood."""
    first = lines[0]
    return {
        "head_dim": first.head_dim,
        "rotary_dim": first.rotary_dim,
        "count_unrotated": first.count_unrotated,
        "base": [float(spectrum.base) for spectrum in lines if spectrum.base is not None],
    }
