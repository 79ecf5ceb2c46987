"""llama.cpp at commit 0c1e57098: a GGUF that its converter makes of a config.json, run by its code.

``convert`` writes the metadata, ``ropecalc.models.gguf`` reads it as llama.cpp does; what flags and
the size of the context change is here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ropecalc.errors import UnsupportedError
from ropecalc.stacks.asked import Asked, Taken
from ropecalc.stacks.llama_cpp import classes
from ropecalc.stacks.llama_cpp.convert import Converted, Refused, convert

if TYPE_CHECKING:
    import numpy as np

    from ropecalc.results import Rope

CONVERTER = "conversion/base.py"
CONTEXT = "src/llama-context.cpp"
RAMP = "ggml/src/ggml.c ggml_rope_yarn_corr_dims"
SOFTMAX = "src/models/deepseek2.cpp"
WINDOWS = "src/llama-model.cpp get_rope_freq_base"
KEYS = {  # of a flag, by its key in a config.json: the key of the GGUF that it takes the place of
    "rope_type": "rope.scaling.type",
    "factor": "rope.scaling.factor",
    "rope_theta": "rope.freq_base",
    "original_max_position_embeddings": "rope.scaling.original_context_length",
    "max_position_embeddings": "context_length",
}
WHOLE = ("rope.scaling.original_context_length", "context_length")
FOR_ALL_LAYERS = ("rope.scaling.type", *WHOLE)
AS_READ = (
    "deepseek_v4",
    "gemma4_text",
)  # by converters of their own: as transformers has it
TURNS = {"beta_fast": 32.0, "beta_slow": 1.0}  # unless a flag says otherwise


def run(asked: Asked) -> Taken:
    """A GGUF that was converted from the file, run with the flags that it is started with."""
    taken = Taken(asked.rope, asked.context or asked.rope.context, asked.rope.context)
    try:
        if asked.model_type not in AS_READ:
            _read(asked, convert(asked), taken)
        elif asked.start.changed:
            taken.rule(f"what flags do to {asked.model_type} is not known here", CONVERTER)
    except Refused as refused:
        taken.refusal = refused.rule
        return taken
    if asked.is_beyond(taken.usable_length):
        text = f"llama-server caps every slot at the trained {taken.usable_length:,} tokens"
        taken.rule(text, "tools/server")
        taken.short = taken.rules[-1]
    return taken


def lifted_context(original: int | None, factor: float, was: float) -> int | None:
    """The trained context of YaRN by flags, tokens: L / (1 / s) in float32, cut to a whole number.

    It is set only where the factor is another than the file's, in float32 as it is compared
    (``llama_init_from_model``).
    """
    scale = _float32_inverse(factor)
    if original is None or scale == _float32_inverse(was):
        return None
    import numpy as np

    return int(np.float32(original) / scale)


def _float32_inverse(factor: float) -> np.float32:
    """rope_freq_scale."""
    import numpy as np

    return np.float32(1) / np.float32(factor)


def _read(asked: Asked, made: Converted, taken: Taken) -> None:
    """The rope of the GGUF in the place of the file's."""
    flags = asked.start.changed
    rope = _flagged(asked, made, taken) if flags else _of_kind(asked, made)
    taken.rope = replace(
        asked.rope,
        rope_type=rope.rope_type,
        base=rope.base,
        rotary_dim=rope.rotary_dim,
        parameters=rope.parameters,
    )
    lifted = _lifted(asked, made, taken) if flags else None
    taken.usable_length = lifted or rope.context
    taken.length = asked.context or taken.usable_length
    _softmax(taken)
    if not flags.keys() - {"max_position_embeddings"}:
        _rules(asked, taken)


def _of_kind(asked: Asked, made: Converted, changed: Mapping[str, Any] | None = None) -> Rope:
    """The rope of this kind of layer as llama.cpp reads it, with some keys of the GGUF changed."""
    from ropecalc.models.gguf import from_container

    prefix = f"{made.architecture}."
    changes = {prefix + key: value for key, value in (changed or {}).items()}
    container = replace(made.container, metadata={**made.container.metadata, **changes})
    read = from_container(container)
    own = [r for r in read.ropes if (r.window is None) == (asked.rope.window is None)]
    rope = (own or read.ropes)[0]
    if made.llama3 is None or rope.rope_type not in ("default", "linear"):
        return rope
    return _with_tensor(made, rope)


def _with_tensor(made: Converted, rope: Rope) -> Rope:
    """llama3's tensor divides whatever base and factor there are, by ratios of the file's base."""
    from ropecalc.scaling import from_rope

    trained = made.container.metadata.get(f"{made.architecture}.rope.freq_base", 10_000.0)
    if rope.rope_type == "default" and rope.base == trained:
        return replace(rope, rope_type="llama3", parameters=made.llama3 or {})
    plain = replace(rope, rope_type="default", base=trained, parameters={})
    scaled = replace(plain, rope_type="llama3", parameters=made.llama3 or {})
    over, under = from_rope(plain).angular_frequencies, from_rope(scaled).angular_frequencies
    factor = {} if rope.factor is None else {"factor": rope.factor}
    parameters = {"divisors": tuple((over / under).tolist()), **factor}
    return replace(rope, rope_type="divided", parameters=parameters)


def _flagged(asked: Asked, made: Converted, taken: Taken) -> Rope:
    """The same with flags; those of base and factor are not for layers with a window.

    Raises UnsupportedError where tensors and YaRN come together.
    """
    changed = _changed(asked)
    if _of_kind(asked, made).window is not None:
        if changed.keys() - set(FOR_ALL_LAYERS):
            taken.rule("the flags do not reach layers with a sliding window", WINDOWS)
        return _of_kind(asked, made, {k: v for k, v in changed.items() if k in FOR_ALL_LAYERS})
    found = _of_kind(asked, made, changed)
    stays = made.keys.get("rope.scaling.type", "linear")
    factor_alone = "rope.scaling.factor" in changed and "rope.scaling.type" not in changed
    if factor_alone and stays != "linear":
        taken.rule(f"the scaling type of the file stays, which is {stays}", CONTEXT)
    if found.rope_type != "yarn":
        return found
    if made.llama3 is not None:
        raise UnsupportedError("llama3's tensor and YaRN are combined, which is not evaluated")
    if made.keys.get("rope.scaling.yarn_log_multiplier"):
        factor = found.parameters["attention_factor"]
        text = f"mscale_all_dim of the file makes the attention factor of cos and sin {factor:.6g}"
        taken.rule(text, CONTEXT)
    turns = {key: value for key in TURNS if (value := asked.start.changed.get(key))}
    return replace(found, parameters={**found.parameters, **turns})


def _changed(asked: Asked) -> dict[str, Any]:
    """The keys of the GGUF that flags take the place of."""
    flags = asked.start.changed
    found = {ours: flags[theirs] for theirs, ours in KEYS.items() if theirs in flags}
    return {key: int(value) if key in WHOLE else value for key, value in found.items()}


def _lifted(asked: Asked, made: Converted, taken: Taken) -> int | None:
    """The trained context that YaRN by flags makes, of the whole model."""
    after = {**made.keys, **_changed(asked)}
    if after.get("rope.scaling.type") != "yarn":
        return None
    original = after.get("rope.scaling.original_context_length", after.get("context_length"))
    factors = (float(one.get("rope.scaling.factor") or 1.0) for one in (after, made.keys))
    lifted = lifted_context(original, *factors)
    if lifted:
        text = "YaRN by flags makes the trained context that of --yarn-orig-ctx times --rope-scale"
        taken.rule(text, CONTEXT)
    return lifted


def _softmax(taken: Taken) -> None:
    """Of latent attention it follows from freq_scale alone, so that linear scaling has it too."""
    rope = taken.rope
    if rope.latent and rope.rope_type == "linear":
        taken.softmax_factor = (1 + 0.1 * math.log(rope.factor or 1.0)) ** 2
        text = "latent attention scales its softmax by (1 + 0.1 ln s)^2 with linear scaling as well"
        taken.rule(text, SOFTMAX)
    elif rope.latent and rope.rope_type == "yarn" and rope.parameters["attention_factor"] != 1:
        text = "the softmax is scaled by the square of the attention factor as well"
        taken.rule(text, SOFTMAX)


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
