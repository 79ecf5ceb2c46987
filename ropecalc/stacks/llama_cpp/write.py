"""llama.cpp: flags of its programs.

Source: llama.cpp at commit 0c1e57098, ``common/arg.cpp``, ``src/llama-context.cpp`` and
``ggml/src/ggml-cpu/ops.cpp``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks.asked import asked_of
from ropecalc.stacks.llama_cpp import classes
from ropecalc.stacks.llama_cpp.convert import Refused, convert
from ropecalc.stacks.llama_cpp.run import lifted_context
from ropecalc.stacks.start import Start
from ropecalc.stacks.wanted import (
    TURNS,
    Wanted,
    attention_factor,
    deeds,
    fixed_base,
    near,
    yarn_default,
)
from ropecalc.stacks.words import Written, command, short

if TYPE_CHECKING:
    from ropecalc.results import Rope

IN_TENSORS = ("llama3", "longrope", "divided", "proportional")


def write(goal: Wanted) -> Written:
    """One command line."""
    rope, why = _rope(goal)
    words: list[str | float] = ["llama-server", "-m", file_name(goal), "-c", goal.context]
    words += _scaling_flags(goal, rope)
    # rope-freq-base takes the place of the file's own; 0 would mean that one
    words += ["--rope-freq-base", short(rope.base)]
    cap, notes = _cap(goal, rope)
    text = command(*words, *cap)
    return Written("shell", text, why, [*notes, *_beside(goal)])


def file_name(goal: Wanted) -> str:
    """What to call the model's GGUF."""
    name = goal.setting.model_name.rpartition("/")[2]
    if name in ("", ".", ".."):
        return "MODEL.gguf"
    return name if name.endswith(".gguf") else f"{name}.gguf"


def _rope(goal: Wanted) -> tuple[Rope, list[str]]:
    """The rope that flags can set, and what they cannot."""
    rope, method = goal.rope, goal.rope.rope_type
    why = [*baked(goal), *windowed(goal)]
    fixed = fixed_base(goal)
    if method == "dynamic" and fixed is not None:
        text = f"llama.cpp has no dynamic scaling: here is the base at {goal.context:,} tokens"
        return fixed, [*why, text]
    if fixed is not None:
        text = "llama.cpp has no such scaling: here is b s as a plain base, too large by s^(2/r)"
        return fixed, [*why, text]
    return rope, why if method != "yarn" else [*why, *_not_in_yarn(goal)]


def baked(goal: Wanted) -> list[str]:
    """Scalings that the conversion writes into the file's tensors: no flag sets or lifts them."""
    method = goal.rope.rope_type
    if method in IN_TENSORS and not goal.as_it_was:
        why = (
            f"no flag sets {method}, which the conversion writes into tensors of the file: convert "
            "the model again from a config.json that has it"
        )
        return [why]
    old = None if goal.was is None else goal.was.rope_type
    if old in IN_TENSORS and not goal.as_it_was:
        why = (
            f"no flag lifts the model's own {old}, which is in tensors of the file and multiplies "
            "with this: convert the model again from a config.json that has the setting"
        )
        return [why]
    return []


def windowed(goal: Wanted) -> list[str]:
    """rope_freq_base_train_swa: the flags do not touch layers with a sliding window."""
    if goal.model is None or goal.was is None or goal.as_it_was:
        return []
    shared = [
        rope
        for rope in goal.model.ropes
        if rope.window is not None and deeds(rope) == deeds(goal.was)
    ]
    if not shared:
        return []
    return ["the flags do not reach layers with a sliding window, which keep the file's rope"]


def _not_in_yarn(goal: Wanted) -> list[str]:
    """YaRN's ramp always ends at whole pairs, and its factor is always g(s, 1)."""
    why = []
    if goal.rope.parameters.get("truncate") is False:
        # ggml_rope_yarn_corr_dims: floor and ceil
        why.append("llama.cpp always rounds the ends of YaRN's ramp: it has no truncate false")
    if not near(attention_factor(goal), yarn_default(goal)):
        # llama-context.cpp overwrites yarn_attn_factor where yarn_ext_factor is not 0
        why.append(
            f"llama.cpp takes the attention factor {yarn_default(goal):.6g} and not "
            f"{attention_factor(goal):.6g}: --yarn-attn-factor has no effect with YaRN"
        )
    return why


def _scaling_flags(goal: Wanted, rope: Rope) -> list[str | float]:
    """rope-scale takes the place of the file's factor; unset, the file's scaling would stay."""
    if rope.rope_type == "yarn":
        given = rope.parameters
        flags = ["--rope-scaling", "yarn", "--rope-scale", short(goal.factor)]
        flags += ["--yarn-orig-ctx", str(given["original_context"])]
        for key, default in TURNS.items():
            flag = f"--yarn-{key.replace('_', '-')}"
            was = None if goal.was is None else goal.was.parameters.get(key)
            value = given.get(key) or default
            if value != default or was not in (None, default):
                flags += [flag, short(value)]
        return [*flags]
    if rope.rope_type == "linear":
        return ["--rope-scaling", "linear", "--rope-scale", short(goal.factor)]
    scaled = goal.was is not None and goal.was.rope_type in ("linear", "yarn")
    return ["--rope-scaling", "none"] if scaled else []


def _cap(goal: Wanted, rope: Rope) -> tuple[list[str], list[str]]:
    """The server caps a slot at the file's context, which YaRN with another factor than the file's
    lifts (``llama_init_from_model``), and linear scaling and a base do not.
    """
    own, factor = _trained(goal)
    lifted = lifted_context(rope.original_context, goal.factor, factor)
    if rope.rope_type == "yarn" and lifted is not None:
        note = f"the server ends at {lifted:,} tokens, L over 1 / s in float32"
        return [], [note] if lifted < goal.context else []
    if own is not None and own >= goal.context:
        return [], []
    architecture = _architecture(goal)
    if architecture is None:
        note = (
            "the server caps the context at the file's own: lift it with --override-kv "
            f"ARCH.context_length=int:{goal.context}, ARCH being general.architecture of the file"
        )
        return [], [note]
    return ["--override-kv", f"{architecture}.context_length=int:{goal.context}"], []


def _trained(goal: Wanted) -> tuple[int | None, float]:
    """(the context, the factor) of the GGUF that the model's file becomes."""
    model = goal.model
    if model is None or not model.form.startswith(("transformers", "gguf")):
        return goal.own_context, 1.0
    try:
        keys = convert(asked_of(Start(model), goal.was or model.rope)).keys
    except Refused:
        return goal.own_context, 1.0
    return keys.get("context_length"), float(keys.get("rope.scaling.factor") or 1.0)


def _architecture(goal: Wanted) -> str | None:
    if goal.model is None:
        return None
    if goal.model.form == "gguf":
        return goal.model.model_type
    return classes.ARCHITECTURES.get(goal.model.model_type or "")


def _beside(goal: Wanted) -> list[str]:
    if goal.rope.rope_type in IN_TENSORS and goal.as_it_was:
        return [f"the model's {goal.rope.rope_type} is in tensors of the file; no flag is needed"]
    return []
