"""What published long-context scores say of the bound."""

from __future__ import annotations

from dataclasses import dataclass

from ropecalc.notebook import Shown

KEPT = 0.85
"""The part of a model's own score at 4,096 tokens that counts as kept, as NoLiMa (arXiv 2502.05167)
has it."""


@dataclass(frozen=True, slots=True)
class Score:
    """A RULER score at a length."""

    context: int
    """Tokens."""
    score: float
    """The mean of RULER's 13 tasks, percent."""


@dataclass(frozen=True, slots=True)
class PublishedSetting:
    """A rotary setting in use, with the RULER scores that somebody published of it."""

    model: str
    """The model or the setting, as the table that scores it has it."""
    table: str
    """The table or study that has the scores."""
    family: str
    """Settings of one pretrained model, which are no independent observations."""
    parameters: float
    """Size of the model, billions of parameters."""
    head_dim: int
    rotary_dim: int
    base: float
    rope_type: str
    factor: float | None
    trained_context: int | None
    """As the authors say; where they say nothing, the claimed context."""
    claimed_context: int | None
    """What its maker says that it takes, tokens."""
    scores: tuple[Score, ...]
    """In ascending order of their contexts."""
    setting_status: str
    """How the setting is known: read, recalled or assumed."""
    setting_source: str
    """Where base and scaling are said."""
    score_status: str
    """How the scores are known: read in the source, or in notes about it."""
    score_source: str
    """Where the scores are published."""
    reported_by: str
    """Who measured: the authors of the benchmark or study, or those of the model."""
    observation: str
    """What the source reports in the place of scores by length."""
    note: str
    """What to know beside it."""
    first_violation: int | None
    """Of the rotated part alone, tokens; None where there is none below 2^21. Computed."""
    whole_violation: int | None
    """The same with unrotated pairs counted. Computed."""
    length_at_85: int | None
    """Where the score falls below 85 % of that at 4,096 tokens, interpolated between the measured
    lengths on a logarithmic axis; None where it did not, or nothing is known."""
    length_at_70: int | None
    """The same for 70 %."""
    length_at_50: int | None
    """The same for 50 %."""

    @property
    def sourced(self) -> bool:
        """Whether both the setting and the scores were read in a source."""
        return self.setting_status == self.score_status == "read"

    @property
    def longest(self) -> int | None:
        """The longest context that was measured, tokens."""
        return self.scores[-1].context if self.scores else None

    @property
    def comparable(self) -> bool:
        """Whether the scores begin at 4,096 tokens, and distances are not remapped."""
        return bool(self.scores) and self.scores[0].context == 4096 and "DCA+" not in self.model

    @property
    def ratio(self) -> float | None:
        """``length_at_85`` over the first violation."""
        if self.length_at_85 is None or self.first_violation is None:
            return None
        return self.length_at_85 / self.first_violation


@dataclass(frozen=True, slots=True)
class Predictor:
    """How well a length that is known before tells ``length_at_85``, with no fitted constant."""

    name: str
    """The length, or what else is compared."""
    rms_octaves: float
    """Root mean square of log2(length / prediction), both cut at the longest measured context."""
    within_factor_2: float
    """The part of the settings for which it is off by a factor of at most 2."""


@dataclass(frozen=True, slots=True)
class Ratios:
    """``length_at_85`` over the first violation, of the settings that lost 15 %."""

    group: str
    """Which of the settings."""
    settings: int
    """How many."""
    lower_quartile: float
    """A quarter of the ratios lie below it."""
    median: float
    """Half of them lie below it."""
    upper_quartile: float
    """Three quarters lie below it."""


@dataclass(frozen=True, slots=True)
class Rank:
    """Spearman's correlation with ``length_at_85``."""

    name: str
    """What is ranked."""
    correlation: float
    """Spearman's rho."""
    low: float
    """End of the 95 % interval of a bootstrap over families."""
    high: float
    """Its other end."""


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Settings by whether the bound holds at a context, and whether 85 % was kept there."""

    context: int
    holds_kept: int
    """The bound holds, and 85 % was kept."""
    holds_lost: int
    """The bound holds, and it was lost all the same."""
    breaks_kept: int
    """The bound is broken, and 85 % was kept all the same."""
    breaks_lost: int
    """The bound is broken, and it was lost."""
    p_value: float
    """Fisher's exact test, two-sided; it takes settings as independent, which families are not."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The statistics of some of the settings."""

    name: str
    """Which settings they are."""
    settings: int
    """How many."""
    families: int
    """Of how many families."""
    lost: int
    """How many fell below 85 % within what was measured; for the others that length is a bound."""
    limit: int
    """The longest context measured, at which lengths are cut, tokens."""
    predictors: tuple[Predictor, ...]
    """How well lengths that are known before tell where 15 % is lost, the first violation first."""
    ratios: tuple[Ratios, ...]
    """Length over first violation: all, and by size."""
    ranks: tuple[Rank, ...]
    """Rank correlations."""
    tables: tuple[TwoByTwo, ...]
    """Bound and score at some contexts."""


@dataclass(frozen=True, slots=True, repr=False)
class Evidence(Shown):
    """Published settings held against the bound; see ``ropecalc.evidence.summary``."""

    settings: tuple[PublishedSetting, ...]
    """All of them, also those without scores by length."""
    samples: tuple[Sample, ...]
    """The headline first: settings whose every number was read in a source."""
    held_and_lost: tuple[str, ...]
    """Lost 15 % at less than half their first violation: the bound is not sufficient."""
    broke_and_kept: tuple[str, ...]
    """Kept 85 % to more than twice their first violation: it is not necessary."""
    caveats: tuple[str, ...]
    """What the numbers do not say, a sentence each."""


@dataclass(frozen=True, slots=True, repr=False)
class Expectation(Shown):
    """What became of settings with such a first violation; see ``ropecalc.evidence.around``."""

    label: str
    head_dim: int
    rotary_dim: int
    base: float | None
    rope_type: str
    is_free: bool
    """Whether the bound holds at any context, whatever the base."""
    first_violation: int | None
    """Of the rotated part alone, tokens; None where there is none below ``limit``."""
    limit: int
    """Distances below it were evaluated, tokens."""
    window: int | None
    """How many tokens the layer looks back, where that is limited: no greater distance occurs."""
    context: int | None
    """The context that was asked about, tokens."""
    settings: int
    """How many settings the range is of."""
    families: int
    """Of how many families."""
    least_violation: int | None
    """The first violations of those settings lie from here, tokens."""
    greatest_violation: int | None
    """To here."""
    lost: int
    """How many of them lost 15 % of their score within what was measured."""
    low: int | None
    """The least length at which one of them lost 15 %; None where none did."""
    high: int | None
    """The greatest one, or the longest context measured of one that did not; see ``open``."""
    open: bool
    """Whether one of them still had 85 % at the longest context measured of it."""
    kept: int | None
    """How many of them still had 85 % there; None without a context."""
    kept_of: int | None
    """For how many of them that is known."""
    nearest: tuple[PublishedSetting, ...]
    """The setting with the nearest first violation of each family, the nearest families."""
    own: tuple[PublishedSetting, ...]
    """The published settings of the model itself, base or tuned, whatever their base and scaling;
    empty where the table has none."""
