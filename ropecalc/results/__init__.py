"""What the public functions return: frozen values that the commands, JSON, tables and tests read.

Each class says what was asked (head_dim, rotary_dim, context, ...), what the answer is, how it was
found (``method``) and, as a sentence, how it went (``status``). Lengths are in tokens, bases have
no unit, similarities are S(m) as it is (not divided by S(0)) unless the name says otherwise.
``None`` means that there is no such thing, and ``status`` says why.

Nothing here imports anything heavy, and a name loads its own module on first use (PEP 562): what
reads results need not load what computes them, nor the results of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.late import late

if TYPE_CHECKING:
    from ropecalc.results.bases import Estimate as Estimate
    from ropecalc.results.bases import MinimumBase as MinimumBase
    from ropecalc.results.comparisons import Comparison as Comparison
    from ropecalc.results.comparisons import FrequencyGroup as FrequencyGroup
    from ropecalc.results.comparisons import LayerComparison as LayerComparison
    from ropecalc.results.comparisons import StackRule as StackRule
    from ropecalc.results.comparisons import StackRun as StackRun
    from ropecalc.results.configs import Known as Known
    from ropecalc.results.configs import ModelConfig as ModelConfig
    from ropecalc.results.configs import Original as Original
    from ropecalc.results.configs import Recipe as Recipe
    from ropecalc.results.configs import Rope as Rope
    from ropecalc.results.configs import Trained as Trained
    from ropecalc.results.criteria import Criteria as Criteria
    from ropecalc.results.criteria import Criterion as Criterion
    from ropecalc.results.curves import Curve as Curve
    from ropecalc.results.curves import Envelope as Envelope
    from ropecalc.results.curves import PairFrequencies as PairFrequencies
    from ropecalc.results.evidences import Evidence as Evidence
    from ropecalc.results.evidences import Expectation as Expectation
    from ropecalc.results.evidences import Predictor as Predictor
    from ropecalc.results.evidences import PublishedSetting as PublishedSetting
    from ropecalc.results.evidences import Rank as Rank
    from ropecalc.results.evidences import Ratios as Ratios
    from ropecalc.results.evidences import Sample as Sample
    from ropecalc.results.evidences import Score as Score
    from ropecalc.results.evidences import TwoByTwo as TwoByTwo
    from ropecalc.results.explanations import Explanation as Explanation
    from ropecalc.results.factors import FactorStatus as FactorStatus
    from ropecalc.results.factors import MinimumFactor as MinimumFactor
    from ropecalc.results.findings import Finding as Finding
    from ropecalc.results.findings import Severity as Severity
    from ropecalc.results.inspections import Inspection as Inspection
    from ropecalc.results.inspections import LayerInspection as LayerInspection
    from ropecalc.results.outlooks import Outlook as Outlook
    from ropecalc.results.plans import Candidate as Candidate
    from ropecalc.results.plans import Plan as Plan
    from ropecalc.results.precisions import Precision as Precision
    from ropecalc.results.precisions import PrecisionBase as PrecisionBase
    from ropecalc.results.precisions import PrecisionStatus as PrecisionStatus
    from ropecalc.results.proofs import Verification as Verification
    from ropecalc.results.proofs import VerificationStatus as VerificationStatus
    from ropecalc.results.settings import Emission as Emission
    from ropecalc.results.settings import Setting as Setting
    from ropecalc.results.staircases import Staircase as Staircase
    from ropecalc.results.status import SafeStatus as SafeStatus
    from ropecalc.results.status import Status as Status
    from ropecalc.results.status import WindowStatus as WindowStatus
    from ropecalc.results.steps import Kind as Kind
    from ropecalc.results.steps import Step as Step
    from ropecalc.results.temperatures import LengthFactor as LengthFactor
    from ropecalc.results.temperatures import Temperature as Temperature
    from ropecalc.results.verdicts import Check as Check
    from ropecalc.results.verdicts import MaxContext as MaxContext
    from ropecalc.results.verdicts import RotatedPart as RotatedPart
    from ropecalc.results.verdicts import SoftContext as SoftContext
    from ropecalc.results.weights import CheckpointWeights as CheckpointWeights
    from ropecalc.results.windows import Window as Window
    from ropecalc.results.windows import Windows as Windows


def __getattr__(name: str) -> object:
    return late(__name__, name)
