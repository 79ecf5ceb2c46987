"""What each command prints: the keys in their order, and the types that they come from.

A key's type and words are those of the field or property of the same name in the first of the
record's classes that has it; ``own`` has what the record computes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ropecalc import results
from ropecalc.lint.rule import Rule
from ropecalc.models.known import KnownModel
from ropecalc.precision.recipes import RECIPES
from ropecalc.precision.storage import DTYPES
from ropecalc.render import records
from ropecalc.render.points import CurvePoints
from ropecalc.render.records import SHAPES, keys_of
from ropecalc.stacks.transformers.patch import Patch
from tests.tools.schema_types import (
    BOOLEAN,
    INTEGER,
    NUMBER,
    STRING,
    Schema,
    array,
    either,
    nullable,
    one_of,
    part,
)

OTHERS = (CurvePoints, KnownModel, Patch, Rule)
OWNERS: dict[str, type] = {one.__name__: one for one in OTHERS}
OWNERS |= {name: getattr(results, name) for name in SHAPES if name not in OWNERS}
ROOTS = {  # what callers hand over beside a result
    "layer": results.LayerComparison,
    "group": results.FrequencyGroup,
    "config": results.ModelConfig,
    "model": results.ModelConfig,
}


@dataclass(frozen=True)
class Key:
    """A key that no field of that name describes, or not all of it."""

    schema: Schema | None = None
    text: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Record:
    """An object: its keys, the classes that they come from, and what those do not have."""

    keys: str
    sources: tuple[type, ...] = ()
    own: Mapping[str, Key] = field(default_factory=dict)
    paths: Mapping[str, records.Key] = field(default_factory=dict)
    """Where a key's value comes from, by the shapes of the package."""


def of(shape: str, own: Mapping[str, Key] | None = None) -> Record:
    """A record of one of the package's shapes."""
    keys = " ".join(key.name for key in keys_of(shape))
    return Record(keys, (OWNERS[shape],), own or {}, {key.name: key for key in keys_of(shape)})


@dataclass(frozen=True)
class Output:
    """What a command prints: (inputs, result) by form, most often one."""

    title: str
    forms: tuple[tuple[Record, Record], ...]


PARAMETERS = Key(text="Parameters of the scaling beside base and dims, by name.")
FREQUENCIES = Key(array(NUMBER), "Angular frequency theta_i of each rotated pair.")
MESSAGE = Key(STRING)
KNOWN_AS = Key(
    nullable(array(STRING)), "The known models that it is, or whose numbers the file has, if any."
)
TRAINED_SOURCE = Key(nullable(STRING), "Where the trained context is said.")
RECIPE = Key(
    {"anyOf": [part("recipe"), {"type": "null"}]},
    "The scaling that the model's maker publishes for longer contexts; null without one.",
)
ENDS = {"start": Key(nullable(NUMBER)), "end": Key(nullable(NUMBER))}
LIST_OF_BASES = Key(array(NUMBER), "The bases; none for a model whose frequencies no base makes.")
WEIGHTS = Key(nullable(array(NUMBER)), "The weights of the pairs; null where all are 1.")
GIVEN = Key(array(part("model")), "The models that were given: what each file says as a whole.")
HEADS = {
    "models": GIVEN,
    "head_dim": Key(either(INTEGER), "Size d of one attention head; a list where they differ."),
    "rotary_dim": Key(
        either(INTEGER), "How many dimensions are rotated; a list where they differ."
    ),
    "count_unrotated": Key(either(BOOLEAN)),
    "base": LIST_OF_BASES,
    "rope_type": Key(array(STRING), "The scaling method of each head; default for none."),
    "weights": WEIGHTS,
    "context": Key(INTEGER),
    "margin": Key(NUMBER),
    "limit": Key(INTEGER),
}
ASKED = {
    "head_dim": Key(INTEGER),
    "rotary_dim": Key(INTEGER),
    "context": Key(INTEGER),
    "count_unrotated": Key(BOOLEAN),
    "margin": Key(NUMBER),
    "layer": Key(nullable(STRING)),
    "weights": WEIGHTS,
    "min_window": Key(nullable(NUMBER)),
}
HEAD_KEYS = "models head_dim rotary_dim count_unrotated base rope_type weights"
ROPE_KEYS = "layer_type rope_type base factor original_context parameters head_dim rotary_dim "
ROPE_KEYS += "layers window"

PATCH = of(
    "Patch",
    {
        "path": Key(text="The file that was to be changed."),
        "diff": Key(text="A unified diff of the file; empty where nothing changes."),
    },
)
SEEN = {
    "rotated_part": Key(
        part("rotated_part"), "The bound asked of the rotated part alone, where it is not all."
    ),
    "outlook": Key(
        part("outlook"),
        "What became of published settings with such a first violation, or without one of those "
        "that meet the bound at the context.",
    ),
    "soft": Key(
        nullable(array(part("soft_context"))),
        "Where the bound is broken, the longest contexts with a few violating distances.",
    ),
}
PARTS = {
    "finding": of("Finding"),
    "rule": of(
        "StackRule", {"text": Key(text="What the stack does, a sentence without its full stop.")}
    ),
    "window": of("Window"),
    "model": of(
        "ModelConfig",
        {
            "form": Key(text="transformers-4, transformers-5, params, gguf or megatron."),
            "known_as": KNOWN_AS,
            "trained_source": TRAINED_SOURCE,
            "recipe": RECIPE,
        },
    ),
    "recipe": of("Recipe"),
    "layer": Record(
        "layer_type layers head_dim rotary_dim base rope_type factor original_context window",
        (results.Rope,),
    ),
    "enclosure": Record(
        "low high",
        own={
            "low": Key(nullable(NUMBER), "It breaks the bound."),
            "high": Key(nullable(NUMBER), "It meets the bound."),
        },
    ),
    "estimate": Record(
        "value low high",
        own={
            "value": Key(nullable(NUMBER), "The estimate, never a substitute for the minimum."),
            "low": Key(nullable(NUMBER), "Low end of the estimate's spread; no bound."),
            "high": Key(nullable(NUMBER), "High end of the estimate's spread; no bound."),
        },
    ),
    "failed_interval": Record(
        "start end",
        own={
            "start": Key(nullable(NUMBER), "Low end in x = ln(base)."),
            "end": Key(nullable(NUMBER), "High end in x = ln(base)."),
        },
    ),
    "length_factor": of(
        "LengthFactor",
        {
            "name": Key(text="What the factor is called."),
            "used_by": Key(text="The models or the paper that use it."),
        },
    ),
    "candidate": of(
        "Candidate",
        {
            **SEEN,
            "method": Key(text="The way to the longer context; original for the head as it is."),
            "angular_frequencies": FREQUENCIES,
            "parameters": PARAMETERS,
            "blur_16": Key(text="The same as blur_1 at a distance of 16 tokens."),
        },
    ),
    "published_setting": of("PublishedSetting", {"parameters": Key(NUMBER)}),
    "score": of("Score"),
    "soft_context": of("SoftContext"),
    "rotated_part": Record(
        "first_violation violations worst_distance slack soft base",
        own={
            "first_violation": Key(nullable(INTEGER)),
            "violations": Key(nullable(INTEGER)),
            "worst_distance": Key(nullable(INTEGER)),
            "slack": Key(nullable(NUMBER), "Its smallest similarity over its S(0)."),
            "soft": SEEN["soft"],
            "base": Key(nullable(NUMBER), "A base with which it would meet the bound, if known."),
        },
    ),
    "outlook": Record(
        "settings families low high open kept kept_of",
        own={
            "settings": Key(nullable(INTEGER), "How many."),
            "families": Key(nullable(INTEGER), "Of how many families."),
            "low": Key(nullable(INTEGER), "The least length at which one lost 15 %."),
            "high": Key(nullable(INTEGER), "The greatest, or the longest measured; see open."),
            "open": Key(nullable(BOOLEAN), "Whether one had not lost it where it was measured."),
            "kept": Key(nullable(INTEGER), "How many had 85 % at the context."),
            "kept_of": Key(nullable(INTEGER), "For how many that is known."),
        },
    ),
    "criterion": of("Criterion"),
    "predictor": of("Predictor"),
    "ratios": of("Ratios"),
    "rank": of("Rank"),
    "two_by_two": of("TwoByTwo"),
    "sample": of("Sample"),
    "precision": of("Precision"),
    "precision_base": of("PrecisionBase"),
    "patch": PATCH,
}

RECORDS = {  # classes whose values become records of their own, and what those are called
    "Candidate": "candidate",
    "Criterion": "criterion",
    "Finding": "finding",
    "LengthFactor": "length_factor",
    "Precision": "precision",
    "Predictor": "predictor",
    "PublishedSetting": "published_setting",
    "Rank": "rank",
    "Ratios": "ratios",
    "Sample": "sample",
    "Score": "score",
    "SoftContext": "soft_context",
    "TwoByTwo": "two_by_two",
    "PrecisionBase": "precision_base",
    "Recipe": "recipe",
    "StackRule": "rule",
    "Window": "window",
}
OR_NOTHING = {"type": "null"}
PRECISION = Key(
    {"anyOf": [part("precision"), OR_NOTHING]},
    "The bound in the arithmetic that was asked for; null where none was.",
)
IN_DTYPE = {
    "dtype": Key(
        nullable(one_of(*DTYPES)), "Storage type of the arithmetic that was asked for, if any."
    ),
    "recipe": Key(nullable(one_of(*RECIPES)), "Whose arithmetic was asked for, if any."),
}
MIN_BASE = of(
    "MinimumBase",
    {
        "precision": Key(
            {"anyOf": [part("precision_base"), OR_NOTHING]},
            "The base in the arithmetic that was asked for; null where none was.",
        ),
        "enclosure": Key(part("enclosure"), "(low, high], one float64 wide, has the infimum."),
        "window_status": Key(text="How the window that minimum_base opens ends."),
        "window_end": Key(
            text="Every base from minimum_base to it meets the bound; null where it has no end."
        ),
        "integer_base": Key(text="First integer base that meets the bound, as round_base does."),
        "round_digits": Key(text="Significant digits of round_base; null where not asked for."),
        "refined_estimate": Key(
            part("estimate"), "The estimate with the finite sum's fluctuation."
        ),
        "safe_status": Key(text="How the safe base is known."),
        "message": MESSAGE,
    },
)
MIN_BASE_INPUTS = Record(
    "head_dim rotary_dim context count_unrotated margin weights round_digits digits min_window "
    "dtype recipe",
    own={
        **ASKED,
        **IN_DTYPE,
        "head_dim": Key(
            array(INTEGER), "The head dimensions; a result for each with each context."
        ),
        "rotary_dim": Key(array(INTEGER), "How many dimensions of each head are rotated."),
        "context": Key(array(INTEGER), "The contexts."),
        "round_digits": Key(nullable(INTEGER)),
        "digits": Key(nullable(INTEGER)),
    },
)
CURVE = of(
    "CurvePoints",
    {
        "distances": Key(array(INTEGER), "Distances; of bins the first in each."),
        "values": Key(nullable(array(NUMBER)), "The values there; null for bins."),
        "last_distances": Key(nullable(array(INTEGER)), "Of bins the last distance in each."),
        "least": Key(nullable(array(NUMBER)), "Of bins the least value in each."),
        "greatest": Key(nullable(array(NUMBER)), "Of bins the greatest value in each."),
        "kind": Key(text="The similarity, or RoFormer's upper bound of its decay."),
    },
)
MAX_CTX = of("MaxContext", {"message": MESSAGE})
CHECK = of("Check", {"message": MESSAGE, "precision": PRECISION, **SEEN})
INSPECT = of(
    "LayerInspection",
    {
        **SEEN,
        "context": Key(
            nullable(INTEGER),
            "The bound is examined below it: the context, or the window if shorter.",
        ),
        "parameters": PARAMETERS,
        "angular_frequencies": FREQUENCIES,
        "shortest_wavelength": Key(text="2 pi / theta_i of the fastest pair."),
        "longest_wavelength": Key(
            nullable(NUMBER), "2 pi / theta_i of the slowest pair; null where it is infinite."
        ),
        "first_violation": Key(nullable(INTEGER)),
        "room_below": Key(
            nullable(NUMBER),
            "How far the base may be lowered with the bound holding, relative to it, up to 0.01; "
            "null where that is not known.",
        ),
        "room_above": Key(nullable(NUMBER), "How far it may be raised."),
        "findings": Key(array(part("finding"))),
        "finding_codes": Key(array(STRING)),
    },
)
LINT = Record(
    "source form model_type errors warnings notes finding_codes findings",
    (results.ModelConfig,),
    {
        "form": PARTS["model"].own["form"],
        "errors": Key(INTEGER, "Number of findings that are errors."),
        "warnings": Key(INTEGER, "Number of findings that are warnings."),
        "notes": Key(INTEGER, "Number of findings that are notes."),
        "finding_codes": Key(array(STRING)),
        "findings": Key(array(part("finding"))),
    },
)
COMPARE = of(
    "StackRun",
    {
        "group": Key(
            nullable(STRING), "A letter for the stacks of the same frequencies; A has the first."
        ),
        "base": Key(nullable(NUMBER), "The base b; null where the stack refuses the config."),
        "factor": Key(nullable(NUMBER)),
        "first_violation": Key(
            nullable(INTEGER), "The smallest distance below context that breaks the bound."
        ),
        "largest_difference": Key(nullable(NUMBER)),
        "differing_pairs": Key(
            nullable(INTEGER), "Number of pairs whose frequency is not that of group A."
        ),
        "angular_frequencies": Key(nullable(array(NUMBER)), FREQUENCIES.text),
    },
)
MODELS = of(
    "KnownModel",
    {
        "layers": Key(array(part("layer")), "Each kind of layer."),
        "trained_source": TRAINED_SOURCE,
        "recipe": RECIPE,
    },
)
PLAN = of(
    "Plan",
    {
        "model": Key(nullable(STRING), "The model's file or name; null for a head without one."),
        "candidates": Key(array(part("candidate")), "The ways to the longer context."),
        "with_training_reason": Key(text="Why that one, in words."),
        "without_training_reason": Key(text="Why that one, in words."),
    },
)
EMIT = of("Emission", {"stack": Key(text="The stack whose words these are.")})
SETTING = of(
    "Setting",
    {
        "model": PLAN.own["model"],
        "parameters": PARAMETERS,
        "original_context_reason": Key(
            nullable(STRING), "Why that original context, with its source; null where it was given."
        ),
    },
)
FREQS = of(
    "PairFrequencies",
    {
        "weights": Key(array(NUMBER), "The weight of each pair in the similarity; 1 unless given."),
        "angular_frequencies": FREQUENCIES,
        "wavelengths": Key(
            array(nullable(NUMBER)), "2 pi / theta_i of each pair; null where theta_i is 0."
        ),
    },
)
STAIRCASE = of(
    "Staircase",
    {
        "kind": Key(text="Whether the bases are minimum or safe ones."),
        "end": Key(text="The last context.", unit="tokens"),
        "contexts": Key(array(INTEGER), "The last context of each step."),
    },
)
WINDOWS = of(
    "Windows",
    {
        "hidden": Key(INTEGER, "Windows narrower than asked for, not listed."),
        "skipped": Key(text="Windows so narrow that no float64 lies in them, not listed."),
        "message": MESSAGE,
    },
)
CHECKPOINT_WEIGHTS = of(
    "CheckpointWeights",
    {
        "layer": Key(INTEGER, "The layer, from 0."),
    },
)
VERIFY = of(
    "Verification",
    {
        "kind": Key(
            text="minimum-base, safe-base or minimum-factor: what lies between low and high."
        ),
        "base": Key(nullable(STRING)),
        "parameters": PARAMETERS,
        "low": Key(text="Low end of the claim, in full."),
        "high": Key(text="High end of the claim, in full."),
        "links": Key(text="Links of the certificate's chain."),
        "links_proved": Key(text="How many of them are proved."),
        "least_depth": Key(nullable(NUMBER)),
        "distances": Key(
            text="Number of distances at which the high end was shown to meet the bound.",
            unit="none",
        ),
        "failed_interval": Key(part("failed_interval"), "The interval of the failed link."),
        "message": MESSAGE,
    },
)
TEMPERATURE = of(
    "Temperature",
    {
        "trained_logit_gap": Key(text="The gap at the trained context."),
        "unscaled_mass": Key(text="The attention mass without any factor."),
        "factors": Key(array(part("length_factor")), "Length-dependent factors in use."),
    },
)
COMMANDS = {
    "min-base": Output("Minimum bases, one a head and context", ((MIN_BASE_INPUTS, MIN_BASE),)),
    "min-factor": Output(
        "Minimum scaling factors, one a method and context",
        (
            (
                Record(
                    "models context rope_type layer count_unrotated margin weights round_digits "
                    "digits",
                    own={
                        **ASKED,
                        "models": GIVEN,
                        "context": Key(array(INTEGER), "The contexts."),
                        "rope_type": Key(array(STRING), "The scaling methods."),
                        "round_digits": Key(nullable(INTEGER)),
                        "digits": Key(nullable(INTEGER)),
                    },
                ),
                of(
                    "MinimumFactor",
                    {
                        "enclosure": Key(
                            part("enclosure"), "(low, high], one float64 wide, has the infimum."
                        ),
                        "message": MESSAGE,
                    },
                ),
            ),
        ),
    ),
    "curve": Output(
        "Curves, one a head",
        (
            (
                Record(
                    f"{HEAD_KEYS} context kind normalised dtype recipe",
                    (CurvePoints,),
                    {**HEADS, **IN_DTYPE, "kind": CURVE.own["kind"]},
                ),
                CURVE,
            ),
        ),
    ),
    "max-ctx": Output(
        "Longest contexts, one a head",
        ((Record(f"{HEAD_KEYS} margin limit", own=HEADS), MAX_CTX),),
    ),
    "check": Output(
        "Whether the bound holds",
        (
            (
                Record(
                    f"{HEAD_KEYS} context margin min_window layer dtype recipe",
                    own={
                        **HEADS,
                        **IN_DTYPE,
                        "min_window": ASKED["min_window"],
                        "layer": Key(nullable(STRING)),
                    },
                ),
                CHECK,
            ),
        ),
    ),
    "inspect": Output(
        "Kinds of layers, one a kind and length",
        (
            (
                Record(
                    "models context layer count_unrotated weights dtype recipe",
                    (results.Inspection,),
                    {
                        **ASKED,
                        **IN_DTYPE,
                        "models": GIVEN,
                        "context": Key(nullable(INTEGER)),
                    },
                ),
                INSPECT,
            ),
        ),
    ),
    "lint": Output(
        "Findings, a record a file; with --rules the rules",
        (
            (
                Record(
                    "models strict select ignore error",
                    own={
                        "models": Key(array(STRING)),
                        "strict": Key(BOOLEAN),
                        "select": Key(array(STRING), "The rules that alone were looked for."),
                        "ignore": Key(array(STRING)),
                        "error": Key(array(STRING), "The rules that count as errors."),
                    },
                ),
                LINT,
            ),
            (
                Record(
                    "rules", own={"rules": Key(BOOLEAN, "The rules themselves were asked for.")}
                ),
                of("Rule"),
            ),
        ),
    ),
    "compare": Output(
        "One config in several stacks, a record a kind of layer and stack",
        (
            (
                Record(
                    "models context stacks layer override count_unrotated weights agree",
                    (results.Comparison,),
                    {
                        **ASKED,
                        "models": GIVEN,
                        "context": Key(nullable(INTEGER)),
                        "override": Key({"type": ["object", "null"]}),
                    },
                ),
                COMPARE,
            ),
        ),
    ),
    "models": Output(
        "Known models, one a record",
        ((Record("search", own={"search": Key(nullable(STRING))}), MODELS),),
    ),
    "plan": Output(
        "A plan for a longer context",
        (
            (
                Record(
                    "models base head_dim rotary_dim count_unrotated weights original_context "
                    "trained_context "
                    "context methods",
                    (results.Plan,),
                    {
                        **ASKED,
                        "models": GIVEN,
                        "base": Key(nullable(NUMBER), "The base that was given."),
                        "methods": Key(
                            nullable(array(STRING)), "The methods asked for; null for all."
                        ),
                    },
                ),
                PLAN,
            ),
        ),
    ),
    "emit": Output(
        "A setting in the words of stacks, one a record; with --in-place what changed in the file",
        ((SETTING, EMIT), (SETTING, PATCH)),
    ),
    "temperature": Output(
        "The logit gap of one token among many",
        (
            (
                Record("context trained_context attention_mass", (results.Temperature,)),
                TEMPERATURE,
            ),
        ),
    ),
    "criteria": Output(
        "The bound beside other criteria, a record a head",
        (
            (
                Record(
                    f"{HEAD_KEYS} context trained_context layer depth",
                    own={
                        **HEADS,
                        "context": Key(nullable(INTEGER)),
                        "trained_context": Key(nullable(INTEGER), "What was given for it."),
                        "layer": Key(nullable(STRING)),
                        "depth": Key(INTEGER, "The layers that were given, 32 without."),
                    },
                ),
                of("Criteria", {"base": Key(NUMBER)}),
            ),
        ),
    ),
    "evidence": Output(
        "What published scores say of the bound; with a MODEL or a base, of such first violations",
        (
            (Record(""), of("Evidence")),
            (
                Record(
                    f"{HEAD_KEYS} context layer",
                    own={
                        **HEADS,
                        "context": Key(nullable(INTEGER)),
                        "layer": Key(nullable(STRING)),
                    },
                ),
                of("Expectation"),
            ),
        ),
    ),
    "freqs": Output(
        "Angular frequencies of a head",
        (
            (
                Record(f"{HEAD_KEYS} context", own={**HEADS, "context": Key(nullable(INTEGER))}),
                FREQS,
            ),
        ),
    ),
    "staircase": Output(
        "The base of every context",
        (
            (
                Record(
                    "rotary_dim context kind save",
                    (results.Staircase,),
                    {
                        **ASKED,
                        "kind": STAIRCASE.own["kind"],
                        "save": Key(nullable(STRING)),
                    },
                ),
                STAIRCASE,
            ),
        ),
    ),
    "windows": Output(
        "All bases that meet the bound",
        (
            (
                Record(
                    "head_dim context rotary_dim count_unrotated margin weights at_most min_window",
                    (results.Windows,),
                    {**ASKED, "min_window": Key(NUMBER)},
                ),
                WINDOWS,
            ),
        ),
    ),
    "weights": Output(
        "Weights of the pairs from a checkpoint",
        (
            (
                Record(
                    "checkpoint layer head head_dim rotary_dim layout of",
                    (results.CheckpointWeights,),
                    {
                        **ASKED,
                        "checkpoint": Key(STRING, "The file or folder that was given."),
                        "layer": Key(INTEGER, "The layer, from 0."),
                        "head_dim": Key(nullable(INTEGER)),
                        "rotary_dim": Key(nullable(INTEGER)),
                        "layout": Key(nullable(STRING), "The layout that was given."),
                    },
                ),
                CHECKPOINT_WEIGHTS,
            ),
        ),
    ),
    "verify": Output(
        "The check of a certificate",
        (
            (
                Record("file backend", own={"file": Key(STRING), "backend": Key(STRING)}),
                VERIFY,
            ),
        ),
    ),
    "explain": Output(
        "Explanations, one a topic",
        (
            (
                Record(
                    "topic",
                    own={"topic": Key(nullable(STRING), "What was asked about; null for all.")},
                ),
                of("Explanation"),
            ),
        ),
    ),
}
