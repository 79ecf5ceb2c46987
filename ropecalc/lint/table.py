"""All rules, in the order in which a file is examined."""

from __future__ import annotations

from types import ModuleType

from ropecalc.lint import apart, bounds, classes, keys, lengths, missing, types
from ropecalc.lint.rule import Rule
from ropecalc.results.findings import Severity
from ropecalc.stacks import llama_cpp, sglang, transformers, vllm
from ropecalc.stacks.trainers import megatron_lm

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
DIGITS = 7  # of a commit


def _named(room: ModuleType) -> str:
    """A stack with the version that its room was written for."""
    version = str(room.VERSION)
    return f"{room.LABEL} {version.removesuffix('.0') if '.' in version else version[:DIGITS]}"


TF, VLLM, SGLANG = _named(transformers), _named(vllm), _named(sglang)
LLAMA_CPP, MEGATRON = _named(llama_cpp), _named(megatron_lm)

RULES = (
    Rule(
        "text-number",
        ERROR,
        "a text where a number belongs",
        "ropecalc, which reads such a file in lint alone; stacks compare and multiply it",
        types.text_number,
    ),
    Rule(
        "outside-domain",
        ERROR,
        "a scaling parameter outside the domain of its method",
        f"{TF} warns and computes with it; ropecalc refuses it",
        bounds.outside_domain,
    ),
    Rule(
        "list-length",
        ERROR,
        "longrope: a list that has not one value a rotated pair",
        f"{TF} and all others, once the list is used",
        types.list_length,
    ),
    Rule(
        "su-name",
        ERROR,
        'longrope under its first name, "su"',
        TF,
        keys.su_name,
    ),
    Rule(
        "type-overlooked",
        ERROR,
        "the method under type alone, in a class that tells kinds of layers apart",
        TF,
        keys.type_overlooked,
    ),
    Rule(
        "head-dim-null",
        ERROR,
        "head_dim null, in a class that does not fill it in",
        TF,
        types.null_head_dim,
    ),
    Rule(
        "refused-by-class",
        ERROR,
        "Phi-3, PhiMoE: a scaling that the class refuses",
        f"{TF}; {VLLM} and {SGLANG}, which load the file by the same class",
        types.refused_by_class,
    ),
    Rule(
        "class-stops",
        ERROR,
        "what stops the model's class, by its row in the table of classes",
        TF,
        classes.class_stops,
    ),
    Rule(
        "key-not-read",
        ERROR,
        "a key about the rope that the model's class does not read",
        TF,
        classes.key_not_read,
    ),
    Rule(
        "integer-factor",
        ERROR,
        "linear: an integer factor",
        f"{VLLM}, {SGLANG}",
        types.integer_factor,
    ),
    Rule(
        "nested-not-read",
        ERROR,
        "rope objects by kind of layer, in a class that has one kind",
        TF,
        keys.nested_not_read,
    ),
    Rule(
        "flat-not-read",
        ERROR,
        "one rope object, in a class that has one a kind of layer",
        TF,
        keys.flat_not_read,
    ),
    Rule(
        "both-objects",
        ERROR,
        "rope_scaling and rope_parameters that differ",
        TF,
        keys.both_objects,
    ),
    Rule(
        "base-twice",
        ERROR,
        "rope_theta in the rope object and, different, outside",
        "transformers 5.23 against 4.57",
        keys.base_twice,
    ),
    Rule(
        "two-types",
        ERROR,
        "type and rope_type that differ",
        f"transformers 5.23 against 4.57; {VLLM} stops",
        keys.two_types,
    ),
    Rule(
        "original-length-twice",
        ERROR,
        "original_max_position_embeddings in the rope object and, different, outside",
        TF,
        keys.original_length_twice,
    ),
    Rule(
        "missing-factor",
        ERROR,
        "yarn: no factor",
        f"{TF} stops or, where it is null, warns; {VLLM} and {SGLANG} stop, {LLAMA_CPP} scales "
        "nothing",
        missing.missing_factor,
    ),
    Rule(
        "beta-zero",
        ERROR,
        "yarn: beta_fast or beta_slow 0 or null",
        f"{VLLM} and {SGLANG} stop; {TF} takes the default",
        lengths.beta_zero,
    ),
    Rule(
        "attn-factor",
        ERROR,
        "yarn: attn_factor for attention_factor",
        f"{TF} and {VLLM} leave it out, {SGLANG} multiplies by it",
        keys.attn_factor,
    ),
    Rule(
        "one-mscale",
        ERROR,
        "yarn: mscale without mscale_all_dim, or the reverse",
        f"{TF}; {VLLM} but for latent attention",
        apart.one_mscale,
    ),
    Rule(
        "nested-truncate",
        ERROR,
        "yarn: truncate false inside an object by kind of layer",
        TF,
        apart.nested_truncate,
    ),
    Rule(
        "longrope-attention",
        ERROR,
        "longrope: a factor or attention_factor apart from the ratio of contexts",
        VLLM,
        apart.longrope_attention,
    ),
    Rule(
        "yarn-too-small",
        ERROR,
        "yarn: factor times trained length below the context",
        f"{VLLM}; {TF} warns",
        lengths.yarn_too_small,
    ),
    Rule(
        "dynamic-original-length",
        ERROR,
        "dynamic: original_max_position_embeddings, which is not read",
        TF,
        lengths.dynamic_original,
    ),
    Rule(
        "proportional-factor",
        ERROR,
        "proportional: a factor",
        f"{VLLM}, {SGLANG} against {TF}",
        apart.proportional_factor,
    ),
    Rule(
        "missing-theta",
        WARNING,
        "no rope_theta where it is looked for",
        f"{TF} and {VLLM}, when the object overrides a loaded config",
        missing.missing_base,
    ),
    Rule(
        "new-form-only",
        WARNING,
        "rope_parameters alone, which older readers pass over",
        "transformers 4.57 and what is pinned below 5, such as Megatron-Bridge 0.3",
        missing.new_form_only,
    ),
    Rule(
        "missing-original-length",
        WARNING,
        "yarn, longrope, llama3: no original_max_position_embeddings",
        f"{TF}, {SGLANG}",
        missing.missing_original_length,
    ),
    Rule(
        "misspelt-key",
        WARNING,
        "a key outside the rope object that is nearly one that is read",
        "every stack",
        keys.misspelt_key,
    ),
    Rule(
        "unknown-key",
        WARNING,
        "a key in the rope object that no method has",
        f"{TF} warns and leaves it out",
        keys.unknown_key,
    ),
    Rule(
        "key-of-another-method",
        WARNING,
        "a key in the rope object that its method does not read",
        f"{TF} warns and leaves it out",
        keys.key_of_another_method,
    ),
    Rule(
        "yarn-for-longrope",
        WARNING,
        'longrope under the name "yarn"',
        "readers other than the Phi-3 class of transformers",
        keys.yarn_for_longrope,
    ),
    Rule(
        "yarn-ratio",
        WARNING,
        "yarn: factor above max_position_embeddings over the trained length",
        f"{TF} warns; {VLLM} and {SGLANG} refuse longer contexts",
        lengths.yarn_ratio,
    ),
    Rule(
        "context-not-raised",
        WARNING,
        "yarn: max_position_embeddings still the trained length",
        f"{VLLM} and {SGLANG} refuse longer contexts",
        lengths.context_not_raised,
    ),
    Rule(
        "linear-twice",
        WARNING,
        "linear: a context that is multiplied by the factor again",
        f"{VLLM}, {SGLANG}",
        lengths.linear_twice,
    ),
    Rule(
        "factor-below-one",
        WARNING,
        "linear: a factor below 1",
        f"{TF} warns and computes it",
        lengths.factor_below_one,
    ),
    Rule(
        "beta-order",
        WARNING,
        "yarn: beta_fast below beta_slow",
        f"{TF} warns and computes it",
        lengths.beta_order,
    ),
    Rule(
        "llama3-length",
        WARNING,
        "llama3: trained length not below the context",
        f"{TF} warns and computes it",
        lengths.llama3_length,
    ),
    Rule(
        "llama3-reversed",
        WARNING,
        "llama3: high_freq_factor below low_freq_factor",
        f"{TF} warns and computes it",
        lengths.llama3_reversed,
    ),
    Rule(
        "attention-factor",
        WARNING,
        "yarn: attention_factor apart from what follows from the factor",
        f"{SGLANG}, {LLAMA_CPP}",
        apart.ignored_attention_factor,
    ),
    Rule(
        "dynamic-apart",
        WARNING,
        "dynamic: stacks do not compute it alike",
        f"{TF}, {VLLM}, {SGLANG}, {LLAMA_CPP}",
        apart.dynamic_apart,
    ),
    Rule(
        "dual-chunk",
        WARNING,
        "dual_chunk_attention_config, which folds distances",
        f"{TF} against {VLLM}",
        apart.dual_chunk,
    ),
    Rule(
        "rounded-ramp",
        WARNING,
        "yarn: truncate false",
        f"{LLAMA_CPP}, mlx-lm 0.32; {VLLM} with latent attention",
        apart.rounded_ramp,
    ),
    Rule(
        "class-changed",
        NOTE,
        "a class that earlier releases of transformers 5 read otherwise",
        "transformers 5.0 to 5.22, run",
        classes.class_changed,
    ),
    Rule(
        "implied-theta",
        NOTE,
        "no rope_theta, where all take 10,000",
        f"{TF}, when a rope_scaling without it is set on the loaded config",
        missing.implied_base,
    ),
    Rule(
        "legacy-type",
        NOTE,
        "the method under type alone",
        f"{VLLM}, --hf-overrides",
        keys.legacy_type,
    ),
    Rule(
        "integer-attention-factor",
        NOTE,
        "yarn: an integer attention_factor",
        f"{TF} warns and uses it",
        types.integer_attention_factor,
    ),
    Rule(
        "longrope-factor",
        NOTE,
        "longrope: no factor",
        f"{TF} warns and takes the ratio of contexts",
        missing.longrope_without_factor,
    ),
    Rule(
        "longrope-switch",
        NOTE,
        "longrope: two lists",
        f"{TF} against {VLLM}",
        apart.longrope_switch,
    ),
    Rule(
        "llama3-step",
        NOTE,
        "llama3: low_freq_factor equal to high_freq_factor",
        f"{TF} warns and computes it",
        lengths.llama3_step,
    ),
    Rule(
        "megatron-llama3",
        NOTE,
        "llama3: other constants than Megatron-LM's",
        MEGATRON,
        apart.megatron_constants,
    ),
    Rule(
        "megatron-factor",
        NOTE,
        "llama3: a factor other than 8",
        f"{MEGATRON}, before pull request 6306",
        apart.megatron_factor,
    ),
    Rule(
        "megatron-base",
        NOTE,
        "a base that is no integer",
        f"{MEGATRON}, Megatron-DeepSpeed 4efb479",
        apart.megatron_base,
    ),
    Rule(
        "litgpt-ramp",
        NOTE,
        "yarn: the ramp the other way round",
        "LitGPT 0.5.13",
        apart.litgpt_ramp,
    ),
    Rule(
        "gguf-unread",
        NOTE,
        "GGUF: yarn_attn_factor or yarn_ext_factor",
        LLAMA_CPP,
        apart.gguf_unread,
    ),
    Rule(
        "window-beyond-context",
        NOTE,
        "a sliding window longer than the context",
        "every stack",
        lengths.window_beyond_context,
    ),
    Rule(
        "base-below-bound",
        NOTE,
        "a similarity that is negative within the context",
        "every stack: it follows from the base",
        bounds.below_bound,
    ),
)
