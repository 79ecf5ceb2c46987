"""MLX (mlx-lm 0.32.2): keys of a model's config.json, and what its classes make of them.

Read: ``mlx_lm/models/rope_utils.py`` and the class of each family. Of version 5's
``rope_parameters`` only Qwen 3 and Ministral 3 know, so that the keys are those of version 4.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.errors import UnsupportedError
from ropecalc.models.classes import MSCALES, MSCALES_NEEDED
from ropecalc.results import StackRule
from ropecalc.scaling import mscale
from ropecalc.stacks import patched
from ropecalc.stacks.asked import Asked, Taken
from ropecalc.stacks.keys import expressible, four, nested_in_text, remarks
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "MLX", "0.32.2"
override = patched.override
ROPES = "mlx_lm/models/rope_utils.py"
MODELS = "mlx_lm/models, the class of each"
# Classes that hand rope_scaling to initialize_rope, and those that leave it alone.
SCALED = frozenset(
    "afmoe apertus bitnet deepseek_v3 deepseek_v32 dots1 exaone exaone4 "
    "exaone_moe falcon_h1 gemma3_text gpt_oss granite granitemoe granitemoehybrid internlm2 "
    "internlm3 kimi_k2 llama llama4_text mimo minicpm ministral3 mistral mistral4 olmo2 olmo3 "
    "olmoe phimoe qwen2 qwen3 qwen3_next seed_oss step3p5".split()
)
PLAIN = frozenset(
    "cohere cohere2 ernie4_5 ernie4_5_moe gemma gemma2 glm glm4 glm4_moe gpt_neox helium lfm2 "
    "mixtral olmo phi qwen2_moe qwen3_moe smollm3 stablelm starcoder2".split()
)
PLAIN_ALONE = frozenset(["llama4_text"])  # as a file of its own; within Llama 4 it is scaled
WHOLE = frozenset(["glm"])  # turns whole heads, whatever partial_rotary_factor says
METHODS = ("default", "mrope", "linear", "dynamic", "llama3", "yarn", "longrope", "proportional")
OTHERS = ("deepseek_yarn", "telechat3-yarn")
HOW = "put the keys into the config.json of the model's folder: mlx-lm has no option for them"


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    text = pretty(nested_in_text(goal, four(goal)))
    notes = [note for note in remarks(goal, expressible(goal)) if "transformers warns" not in note]
    return Written("json", text, (), [*notes, HOW])


def run(asked: Asked) -> Taken:
    """What the class of a model hands to ``initialize_rope``, and what that computes."""
    kind = asked.model_type
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    if kind not in SCALED | PLAIN:
        raise UnsupportedError(f"what mlx-lm makes of {kind} is not known here")
    if kind in WHOLE and asked.rope.rotary_dim != asked.rope.head_dim:
        taken.rope = replace(asked.rope, rotary_dim=asked.rope.head_dim)
        taken.rule(f"its class for {kind} turns whole heads", MODELS)
    if kind in PLAIN or (kind in PLAIN_ALONE and asked.text is asked.model.document):
        if asked.rope.rope_type != "default":
            taken.rule(
                f"its class for {kind} does not read rope_scaling: the rope is plain", MODELS
            )
        taken.set("default")
        return taken
    if asked.written is not None and asked.written not in METHODS + OTHERS:
        text = f"it does not know the type {asked.written}: ValueError"
        taken.refusal = StackRule(text, f"{ROPES} initialize_rope")
        return taken
    {"yarn": _yarn, "longrope": _longrope}.get(asked.rope.rope_type, _as_it_is)(asked, taken)
    if asked.rope.latent and asked.rope.rope_type != "default":
        weight = asked.number("mscale_all_dim") or 0.0
        taken.softmax_factor = mscale(asked.rope.factor or 1.0, weight) ** 2
    return taken


def _as_it_is(_: Asked, __: Taken) -> None:
    """As transformers has it."""


def _yarn(asked: Asked, taken: Taken) -> None:
    """mscale is 1 and mscale_all_dim 0 unless given; the ends of the ramp are always rounded."""
    factor = asked.rope.factor or 1.0
    over, under = asked.number("mscale"), asked.number("mscale_all_dim") or 0.0
    ratio = mscale(factor, 1.0 if over is None else over) / mscale(factor, under)
    taken.set(attention_factor=ratio, truncate=True, mscale=None, mscale_all_dim=None)
    for key in ("truncate", "attention_factor"):
        if asked.values.get(key) is not None:
            taken.rule(f"YaRN does not read {key}", f"{ROPES} YarnRoPE")


def _longrope(asked: Asked, taken: Taken) -> None:
    """One list, whatever the length, and an attention factor from the two lengths alone."""
    from ropecalc.scaling import longrope_attention_factor

    original, context = asked.rope.original_context or 0, asked.rope.context or 0
    long = asked.rope.parameters["long_factor"]
    value = longrope_attention_factor(context / original, original) if original else 1.0
    if asked.model_type in MSCALES_NEEDED:
        value = asked.number(MSCALES[1]) or value
    taken.set(short_factor=long, attention_factor=value, **dict.fromkeys(("factor", *MSCALES)))
    taken.rule("longrope has long_factor for prompts of any length", f"{ROPES} SuScaledRoPE")
