"""From what a model file says to the Spectrum that its stack computes with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ropecalc.errors import InvalidValueError
from ropecalc.isolated import isolated
from ropecalc.results import Rope
from ropecalc.results.configs import check_rope
from ropecalc.scaling.by_pair import cope, mrrope_pro, mrrope_uni, ntk_rcd
from ropecalc.scaling.by_parts import llama3, mscale, yarn
from ropecalc.scaling.interpolation import divided, linear, longrope
from ropecalc.scaling.ntk import dynamic, ntk_aware, ntk_fixed
from ropecalc.scaling.plain import default, proportional
from ropecalc.spectrum import Spectrum

METHODS: dict[str, Callable[..., Spectrum]] = {
    "default": default,
    "linear": linear,
    "dynamic": dynamic,
    "yarn": yarn,
    "llama3": llama3,
    "longrope": longrope,
    "proportional": proportional,
    "divided": divided,
    "ntk_aware": ntk_aware,
    "ntk_fixed": ntk_fixed,
    "ntk_rcd": ntk_rcd,
    "mrrope_uni": mrrope_uni,
    "mrrope_pro": mrrope_pro,
    "cope": cope,
}
LENGTH_DEPENDENT = ("dynamic", "longrope")


@isolated
def from_rope(
    rope: Rope,
    length: int | None = None,
    *,
    weights: Sequence[float] | None = None,
    count_unrotated: bool = True,
    label: str = "",
) -> Spectrum:
    """The Spectrum of one kind of layer of a model.

    Parameters
    ----------
    rope : from ``ropecalc.read_config``
    length : tokens
        How many are attended to, where the method depends on it (dynamic, longrope); the model's
        context unless given.
    weights, count_unrotated, label : as in Spectrum

    Raises
    ------
    InvalidValueError
        A parameter outside its domain, or a length that is needed and not known.
    """
    check_rope(rope)
    if rope.rope_type not in METHODS:
        raise InvalidValueError("rope_type", f"rope_type {rope.rope_type!r} is not known")
    given = dict(rope.parameters)
    if rope.rope_type in LENGTH_DEPENDENT:
        given["length"] = _length(rope, length)
    spectrum = METHODS[rope.rope_type](
        rope.base,
        rope.head_dim,
        rotary_dim=rope.rotary_dim,
        weights=weights,
        count_unrotated=count_unrotated,
        label=label,
        **given,
    )
    return replace(spectrum, softmax_factor=softmax_factor(rope), rope=rope)


def softmax_factor(rope: Rope) -> float:
    """What the scale of the softmax is multiplied by: with latent attention and YaRN
    mscale(s, ``mscale_all_dim``)^2, else 1.

    Source: transformers 5.23, ``yarn_apply_mscale`` of DeepSeek-V3.
    """
    weight = rope.parameters.get("mscale_all_dim")
    if not (rope.latent and rope.rope_type == "yarn" and weight):
        return 1.0
    return mscale(rope.parameters["factor"], weight) ** 2


def _length(rope: Rope, length: int | None) -> int:
    found = rope.context if length is None else length
    if found is None:
        raise InvalidValueError(
            "context", f"context is needed for {rope.rope_type} scaling, which depends on it"
        )
    return found
