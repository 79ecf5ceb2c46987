"""llama.cpp at commit 0c1e57098: a GGUF that its converter makes of a config.json, run by its code.

``convert`` writes the metadata, ``ropecalc.models.gguf`` reads it as llama.cpp does; what flags and
the size of the context change stands here.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.stacks.asked import Asked, Taken
from ropecalc.stacks.llama_cpp import classes
from ropecalc.stacks.llama_cpp.convert import Converted, Refused, convert

if TYPE_CHECKING:
    from ropecalc.results import Rope

CONVERTER = "conversion/base.py"
CONTEXT = "src/llama-context.cpp"
RAMP = "ggml/src/ggml.c ggml_rope_yarn_corr_dims"
SOFTMAX = "src/models/deepseek2.cpp"
SCALED = ("linear", "yarn")  # the methods whose factor is a number of the file
AS_READ = (
    "deepseek_v4",
    "gemma4_text",
)  # by converters of their own: as transformers has it
TURNS = {"beta_fast": 32.0, "beta_slow": 1.0}  # unless a flag says otherwise


def run(asked: Asked) -> Taken:
    """A GGUF that was converted from the file, run with no flags of RoPE."""
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    if asked.model_type not in AS_READ:
        try:
            _read(asked, convert(asked), taken)
        except Refused as refused:
            taken.refusal = refused.rule
            return taken
    if asked.is_beyond(taken.usable_length):
        text = f"llama-server caps every slot at the trained {taken.usable_length:,} tokens"
        taken.rule(text, "tools/server")
        taken.short = taken.rules[-1]
    return taken


def tells_from(rope: Rope, was: Rope | None) -> bool:
    """Whether the factor of a flag is another than the file's, in float32 as it is compared."""
    return _scale(rope) != _scale(was)


def lifted_context(rope: Rope) -> int | None:
    """The trained context of YaRN by flags, tokens: L / (1 / s) in float32, cut to a whole number.

    It is set only where ``tells_from`` holds (``llama_init_from_model``).
    """
    import numpy as np

    if rope.rope_type != "yarn" or not rope.original_context:
        return None
    return int(np.float32(rope.original_context) / np.float32(_scale(rope)))


def _scale(rope: Rope | None) -> float:
    """rope_freq_scale, 1 / s in float32; 1 where the factor is in tensors, or there is none."""
    import numpy as np

    if rope is None or rope.rope_type not in SCALED:
        return 1.0
    return float(np.float32(1) / np.float32(rope.factor or 1.0))


def _read(asked: Asked, made: Converted, taken: Taken) -> None:
    """The rope of the GGUF in the place of the file's."""
    from ropecalc.models.gguf import from_container

    read = from_container(made.container)
    taken.usable_length = read.context
    taken.length = asked.context or read.context
    own = [r for r in read.ropes if (r.window is None) == (asked.rope.window is None)]
    rope = (own or read.ropes)[0]
    if made.llama3 is not None and rope.rope_type == "default":
        rope = replace(rope, rope_type="llama3", parameters=made.llama3)
    taken.rope = replace(
        asked.rope,
        rope_type=rope.rope_type,
        base=rope.base,
        rotary_dim=rope.rotary_dim,
        parameters=rope.parameters,
    )
    if taken.rope.rope_type == "yarn":
        _flags(asked, taken)
    _softmax(taken)
    _rules(asked, taken)


def _softmax(taken: Taken) -> None:
    """Of latent attention it follows from freq_scale alone, so that linear scaling has it too."""
    rope = taken.rope
    if rope.latent and rope.rope_type == "linear":
        taken.softmax_factor = (1 + 0.1 * math.log(rope.factor or 1.0)) ** 2
        text = "latent attention scales its softmax by (1 + 0.1 ln s)^2 with linear scaling as well"
        taken.rule(text, SOFTMAX)


def _flags(asked: Asked, taken: Taken) -> None:
    """The turns at the ends of the ramp, and the trained context that YaRN by flags makes."""
    for key in TURNS:
        if key in asked.flags and asked.number(key):
            given: dict[str, Any] = {key: asked.number(key)}
            taken.set(**given)
    lifted = lifted_context(taken.rope)
    if "factor" in asked.flags and lifted:
        taken.usable_length = lifted
        text = "YaRN by flags makes the trained context that of --yarn-orig-ctx times --rope-scale"
        taken.rule(text, CONTEXT)


def _rules(asked: Asked, taken: Taken) -> None:
    """What comes out otherwise than the file reads."""
    method, kind = asked.rope.rope_type, asked.model_type
    if taken.rope.rope_type == method and method in BY_TYPE:
        BY_TYPE[method](asked, taken)
    elif taken.rope.rope_type != method:
        taken.rule(_another(asked, taken), CONVERTER)
    if taken.rope.rotary_dim != asked.rope.rotary_dim:
        text = f"partial_rotary_factor is not read for {kind}: the whole head turns"
        taken.rule(text, "conversion, the class of each model")
    if taken.rope.base != asked.rope.base:
        text = f"the base is {taken.rope.base:,.15g}, as the converter writes it or leaves it out"
        taken.rule(text, CONVERTER)


def _another(asked: Asked, taken: Taken) -> str:
    """Why the method is another than the file's."""
    method, kind = asked.rope.rope_type, asked.model_type
    if method == "yarn" and asked.values and asked.number("factor") is None:
        return "the factor is absent, and YaRN is left out"
    if method in ("dynamic", "ntk_fixed", "proportional"):
        name = "ntk" if method == "ntk_fixed" else f"{method} scaling"
        return f"{name} is not supported: none is written, and none computed"
    if kind in classes.UNSCALED:
        return f"the converter writes no scaling for {kind}"
    if method in ("llama3", "longrope"):
        return f"the converter of {kind} writes no tensors for {method}: its rope is plain"
    return f"{taken.rope.rope_type} is what the converter makes of the rope object"


def _yarn(asked: Asked, taken: Taken) -> None:
    if asked.values.get("truncate") is False:
        taken.rule("truncate is not read: the ends of the ramp are rounded to whole pairs", RAMP)
    for key, known in TURNS.items():
        given = asked.number(key)
        if given in (None, 0.0, known) or taken.rope.parameters.get(key, known) == given:
            continue
        flag = f"--yarn-{key.replace('_', '-')}"
        text = f"{key} {given:g} is not read from the GGUF: it is {known:g} without {flag}"
        taken.rule(text, "src/llama-hparams.h")
    for key in ("attention_factor", "attn_factor"):
        if asked.number(key) is not None:
            text = f"{key} is written to the GGUF and not used: it is computed from the factor"
            taken.rule(text, CONTEXT)
    over, under = (asked.number(key) for key in ("mscale", "mscale_all_dim"))
    read = asked.rope.latent or asked.model_type == "ministral3"
    if (over or under) and not (read and under):
        taken.rule("mscale and mscale_all_dim are not read for this architecture", CONTEXT)
    if asked.rope.latent and taken.rope.parameters["attention_factor"] != 1:
        text = "the softmax is scaled by the square of the attention factor as well"
        taken.rule(text, SOFTMAX)


def _longrope(asked: Asked, taken: Taken) -> None:
    """By the context that is allocated, all of it unless -c says otherwise."""
    original = taken.rope.original_context
    which = "long" if taken.length and original and taken.length > original else "short"
    size = f", {taken.length:,}" if taken.length else ""
    text = f"the size of the context (-c{size}) decides between the lists: {which}_factor here"
    taken.rule(text, "src/llama-model.cpp get_rope_factors")
    if asked.number("factor") is not None or asked.number("attention_factor") is not None:
        text = "the attention factor comes from the two lengths alone"
        taken.rule(text, "conversion/phi.py")


def _llama3(_: Asked, taken: Taken) -> None:
    text = "llama3 scaling is computed at conversion and stored as the tensor rope_freqs.weight"
    taken.rule(text, "conversion/llama.py")


BY_TYPE = {"yarn": _yarn, "longrope": _longrope, "llama3": _llama3}
