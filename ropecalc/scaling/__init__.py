"""Scaling methods: each a function from a base, dimensions and parameters to a Spectrum.

====================  ======================================  ==================================
function              what it does to theta_i = b^(-2i/r)     named so by
====================  ======================================  ==================================
default               nothing                                 transformers
linear                divides by s: position interpolation    transformers
ntk_aware             raises b to b s^(r/(r-2))               its author
ntk_fixed             the same with every pair moved          vLLM's "ntk", Su
ntk_mixed             from fixed to interpolation, by pair    Su
dynamic               ntk_aware that grows with the length    transformers
ntk_by_parts          high ones kept, low ones divided        the YaRN paper
yarn_paper            the same and an attention factor        the YaRN paper
yarn                  the same with a ramp over the pairs     transformers, llama.cpp
llama3                the same with a ramp over wavelengths   transformers
longrope              divides each by its own factor          transformers
divided               the same, one list and nothing more     llama.cpp's rope_freqs.weight
proportional          keeps the first pairs, turns no others  transformers, p-RoPE
mrrope_uni            divides each by a power of the factor   its authors, 2026
mrrope_pro            the same, progressive                   its authors, 2026
ntk_rcd               ntk_aware from a critical pair          LongRoPE2, 2025
yarn_rcd              yarn up to a critical pair              LongRoPE2, 2025
cope                  fades out the slowest pairs             its authors, 2026
rope_ratio            multiplies b = 10,000 by a ratio        ChatGLM and GLM-4
explicit              a list of angular frequencies           --
====================  ======================================  ==================================

All of them take, by keyword, ``rotary_dim`` (``head_dim`` unless given), ``weights``,
``count_unrotated`` and ``label`` as Spectrum has them, and raise InvalidValueError for a value
outside its domain. ``from_rope`` makes the Spectrum of what a model file says.

Names load on first use (PEP 562): most calls need one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.late import homes, late

if TYPE_CHECKING:
    from ropecalc.scaling.by_pair import cope as cope
    from ropecalc.scaling.by_pair import mrrope_pro as mrrope_pro
    from ropecalc.scaling.by_pair import mrrope_uni as mrrope_uni
    from ropecalc.scaling.by_pair import ntk_rcd as ntk_rcd
    from ropecalc.scaling.by_pair import yarn_rcd as yarn_rcd
    from ropecalc.scaling.by_parts import correction_range as correction_range
    from ropecalc.scaling.by_parts import llama3 as llama3
    from ropecalc.scaling.by_parts import mscale as mscale
    from ropecalc.scaling.by_parts import ntk_by_parts as ntk_by_parts
    from ropecalc.scaling.by_parts import yarn as yarn
    from ropecalc.scaling.by_parts import yarn_attention_factor as yarn_attention_factor
    from ropecalc.scaling.by_parts import yarn_paper as yarn_paper
    from ropecalc.scaling.domains import MAX_BASE as MAX_BASE
    from ropecalc.scaling.domains import MIN_BASE as MIN_BASE
    from ropecalc.scaling.domains import Base as Base
    from ropecalc.scaling.domains import Common as Common
    from ropecalc.scaling.domains import exact_base as exact_base
    from ropecalc.scaling.interpolation import divided as divided
    from ropecalc.scaling.interpolation import linear as linear
    from ropecalc.scaling.interpolation import longrope as longrope
    from ropecalc.scaling.interpolation import (
        longrope_attention_factor as longrope_attention_factor,
    )
    from ropecalc.scaling.methods import LENGTH_DEPENDENT as LENGTH_DEPENDENT
    from ropecalc.scaling.methods import from_rope as from_rope
    from ropecalc.scaling.ntk import dynamic as dynamic
    from ropecalc.scaling.ntk import dynamic_base as dynamic_base
    from ropecalc.scaling.ntk import ntk_aware as ntk_aware
    from ropecalc.scaling.ntk import ntk_aware_base as ntk_aware_base
    from ropecalc.scaling.ntk import ntk_fixed as ntk_fixed
    from ropecalc.scaling.ntk import ntk_mixed as ntk_mixed
    from ropecalc.scaling.plain import as_spectrum as as_spectrum
    from ropecalc.scaling.plain import default as default
    from ropecalc.scaling.plain import explicit as explicit
    from ropecalc.scaling.plain import proportional as proportional
    from ropecalc.scaling.plain import rope_ratio as rope_ratio


def __getattr__(name: str) -> object:
    return late(__name__, name)


def __dir__() -> list[str]:
    return sorted(homes(__name__))
