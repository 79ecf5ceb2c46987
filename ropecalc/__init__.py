"""ropecalc: the base of rotary position embeddings, and the context that it supports.

Public names load on first use (PEP 562), so that ``import ropecalc`` costs next to nothing.

>>> import ropecalc
>>> ropecalc.min_base(head_dim=128, context=4096).critical_distance
4012
>>> ropecalc.check_model("Qwen3-8B", 32_768).first_violation  # a name, a path, or a ModelConfig
27115

A model by its name or path: ``check_model``, ``inspect``, ``plan_model``, ``compare`` and, with
``emit`` after it, ``make_setting``. 'ropecalc explain python' names the function of each command.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.late import homes as _homes
from ropecalc.late import late as _late
from ropecalc.notebook import RENDERERS as _RENDERERS

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ropecalc import evidence as evidence
    from ropecalc import lint as lint
    from ropecalc import scaling as scaling
    from ropecalc.attention import temperature as temperature
    from ropecalc.base.asymptotic import continuum_estimate as continuum_estimate
    from ropecalc.base.asymptotic import refined_estimate as refined_estimate
    from ropecalc.base.build import build_staircase as build_staircase
    from ropecalc.base.factor import min_factor as min_factor
    from ropecalc.base.minimum import min_base as min_base
    from ropecalc.base.windows import windows as windows
    from ropecalc.bound import max_context as max_context
    from ropecalc.certificate.format import Certificate as Certificate
    from ropecalc.certificate.schema import read_certificate as read_certificate
    from ropecalc.certificate.verify import verify as verify
    from ropecalc.certificate.write import certify as certify
    from ropecalc.certificate.write import certify_factor as certify_factor
    from ropecalc.checking import check as check
    from ropecalc.comparison import compare as compare
    from ropecalc.comparison import compare_models as compare_models
    from ropecalc.errors import CertificateError as CertificateError
    from ropecalc.errors import ConfigError as ConfigError
    from ropecalc.errors import InvalidValueError as InvalidValueError
    from ropecalc.errors import NoRotationError as NoRotationError
    from ropecalc.errors import RopecalcError as RopecalcError
    from ropecalc.errors import TableError as TableError
    from ropecalc.errors import TableWarning as TableWarning
    from ropecalc.errors import UndecidedError as UndecidedError
    from ropecalc.errors import UnsupportedError as UnsupportedError
    from ropecalc.extension.criteria import critical_base as critical_base
    from ropecalc.extension.criteria import critical_dimension as critical_dimension
    from ropecalc.extension.planning import plan as plan
    from ropecalc.extension.planning import plan_model as plan_model
    from ropecalc.inspection import check_model as check_model
    from ropecalc.inspection import inspect as inspect
    from ropecalc.models.checkpoint import checkpoint_weights as checkpoint_weights
    from ropecalc.models.known import KnownModel as KnownModel
    from ropecalc.models.known import find_model as find_model
    from ropecalc.models.known import known_models as known_models
    from ropecalc.models.reading import read_config as read_config
    from ropecalc.models.setting import make_setting as make_setting
    from ropecalc.precision.effects import check_in_dtype as check_in_dtype
    from ropecalc.precision.effects import curve_in_dtype as curve_in_dtype
    from ropecalc.precision.minimum import min_base_in_dtype as min_base_in_dtype
    from ropecalc.results import Candidate as Candidate
    from ropecalc.results import Check as Check
    from ropecalc.results import CheckpointWeights as CheckpointWeights
    from ropecalc.results import Comparison as Comparison
    from ropecalc.results import Curve as Curve
    from ropecalc.results import Emission as Emission
    from ropecalc.results import Envelope as Envelope
    from ropecalc.results import Estimate as Estimate
    from ropecalc.results import Evidence as Evidence
    from ropecalc.results import Expectation as Expectation
    from ropecalc.results import FactorStatus as FactorStatus
    from ropecalc.results import Finding as Finding
    from ropecalc.results import Inspection as Inspection
    from ropecalc.results import LayerInspection as LayerInspection
    from ropecalc.results import LengthFactor as LengthFactor
    from ropecalc.results import MaxContext as MaxContext
    from ropecalc.results import MinimumBase as MinimumBase
    from ropecalc.results import MinimumFactor as MinimumFactor
    from ropecalc.results import ModelConfig as ModelConfig
    from ropecalc.results import Outlook as Outlook
    from ropecalc.results import PairFrequencies as PairFrequencies
    from ropecalc.results import Plan as Plan
    from ropecalc.results import Precision as Precision
    from ropecalc.results import PrecisionBase as PrecisionBase
    from ropecalc.results import PrecisionStatus as PrecisionStatus
    from ropecalc.results import PublishedSetting as PublishedSetting
    from ropecalc.results import Rope as Rope
    from ropecalc.results import RotatedPart as RotatedPart
    from ropecalc.results import SafeStatus as SafeStatus
    from ropecalc.results import Setting as Setting
    from ropecalc.results import Severity as Severity
    from ropecalc.results import SoftContext as SoftContext
    from ropecalc.results import Staircase as Staircase
    from ropecalc.results import Status as Status
    from ropecalc.results import Step as Step
    from ropecalc.results import Temperature as Temperature
    from ropecalc.results import Verification as Verification
    from ropecalc.results import VerificationStatus as VerificationStatus
    from ropecalc.results import Window as Window
    from ropecalc.results import Windows as Windows
    from ropecalc.results import WindowStatus as WindowStatus
    from ropecalc.similarity import curve as curve
    from ropecalc.similarity import envelope as envelope
    from ropecalc.similarity import frequencies as frequencies
    from ropecalc.similarity import similarity_at as similarity_at
    from ropecalc.similarity import upper_bound_at as upper_bound_at
    from ropecalc.soft import soft_contexts as soft_contexts
    from ropecalc.spectrum import Spectrum as Spectrum
    from ropecalc.stacks.exllamav2 import alpha_of_base as alpha_of_base
    from ropecalc.stacks.exllamav2 import base_of_alpha as base_of_alpha
    from ropecalc.stacks.transformers.patch import patch_config as patch_config
    from ropecalc.stacks.writing import emit as emit
    from ropecalc.weights import read_weights as read_weights

__all__ = [*sorted(_homes(__name__)), "__version__"]


def __getattr__(name: str) -> object:
    return _late(__name__, name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _html(result: object) -> str | None:
    from ropecalc.render.notebook import html

    return html(result)


def _svg(result: object) -> str | None:
    from ropecalc.render.notebook import svg

    return svg(result)


_RENDERERS.update(html=_html, svg=_svg)
