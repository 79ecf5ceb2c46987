"""torchtune: arguments of its component builders. Source: version 0.6.1, ``models/``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ropecalc.errors import UnsupportedError
from ropecalc.models.megatron import LLAMA3, is_llama_3_1
from ropecalc.models.raw import text_keys
from ropecalc.stacks.asked import Taken
from ropecalc.stacks.keys import model_type
from ropecalc.stacks.start import Start
from ropecalc.stacks.wanted import Wanted, fixed_base
from ropecalc.stacks.words import Written, as_whole, yaml, yaml_of

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope
    from ropecalc.stacks.asked import Asked

LABEL, VERSION = "torchtune", "0.6.1"
MODELS = "torchtune.models"
# builders of the component, which have rope_base; those that are ready-made have none
COMPONENTS = {
    "llama": f"{MODELS}.llama3.llama3",
    "qwen2": f"{MODELS}.qwen2.qwen2",
    "mistral": f"{MODELS}.mistral.mistral",
    "gemma": f"{MODELS}.gemma.gemma",
    "gemma2": f"{MODELS}.gemma2.gemma2",
    "phi3": f"{MODELS}.phi3.phi3",
}
OWN_HEAD_DIM = frozenset(["gemma", "gemma2"])  # builders with an argument head_dim
SCALED, TIED = f"{MODELS}.llama3_1.llama3_1", f"{MODELS}.llama3_2.llama3_2"
TIED_FACTOR = 32.0  # Llama 3.2's, whose output is tied to its embedding
SIZES = (
    "add the model's sizes, as its ready-made builder has them: such builders fix rope_base, so "
    "the component itself is named here"
)
UNNAMED = "name the builder of the model's family: rope_base and max_seq_len are its arguments"


def write(goal: Wanted) -> Written:
    """``model`` of a recipe's YAML."""
    rope, family = goal.rope, "llama" if goal.model is None else model_type(goal)
    plain = rope if rope.rope_type in ("default", "llama3") else fixed_base(goal)
    if plain is None:
        note = f"torchtune has no {rope.rope_type} scaling: its builders have only llama3's"
        return Written("yaml", "", [note])
    if family and family not in COMPONENTS:
        note = f"torchtune has no builder for a model of type {family}"
        return Written("yaml", "", [note])
    why = []
    if plain is not rope:
        why.append(f"torchtune has no {rope.rope_type} scaling: here is the plain base nearest it")
    why += [*_heads(goal, family), *_scaled_elsewhere(plain, family), *_fixed(plain)]
    named, note = _component(goal, plain, family), SIZES if family else UNNAMED
    keys = {**named, "rope_base": as_whole(plain.base), "max_seq_len": goal.context}
    return Written("yaml", yaml({"model": keys}), why, [note])


def _component(goal: Wanted, rope: Rope, family: str) -> dict[str, object]:
    """The builder and its scale_factor; 1 leaves the frequencies as they are."""
    own = None if goal.was is None or goal.was.rope_type != "llama3" else goal.was.factor
    scaled = rope.rope_type == "llama3"
    scale = {"scale_factor": as_whole(goal.factor if scaled else 1.0)}
    if family == "llama" and own == TIED_FACTOR:
        return {"_component_": TIED, **scale}
    if scaled:
        return {"_component_": SCALED, **scale}
    return {"_component_": COMPONENTS[family]} if family else {}


def _heads(goal: Wanted, family: str) -> list[str]:
    """The builders turn whole heads, of embed_dim / num_heads dimensions but for Gemma."""
    rope = goal.rope
    if rope.rotary_dim != rope.head_dim:
        return ["torchtune rotates all of a head, where the model rotates a part"]
    keys = {} if goal.model is None else text_keys(goal.model.document)
    width, heads = keys.get("hidden_size"), keys.get("num_attention_heads")
    if family in OWN_HEAD_DIM or not (isinstance(width, int) and isinstance(heads, int) and heads):
        return []
    if width // heads == rope.head_dim:
        return []
    why = f"torchtune's heads are of {width} / {heads} dimensions, and the model's {rope.head_dim}"
    return [why]


def _scaled_elsewhere(rope: Rope, family: str) -> list[str]:
    if rope.rope_type != "llama3" or family in ("llama", ""):
        return []
    return [f"torchtune has llama3's scaling in Llama's builders alone, and not for {family}"]


def _fixed(rope: Rope) -> list[str]:
    """llama3_1/_component_builders.py: only the factor is an argument, as in Megatron-LM."""
    if rope.rope_type != "llama3" or is_llama_3_1(rope):
        return []
    return ["torchtune always has llama3's original length 8,192 and frequency factors 1 and 4"]


def override(model: ModelConfig, text: str) -> Start:
    """The model that a component builds with these arguments."""
    keys = yaml_of(text)["model"]
    return Start(model, keys["max_seq_len"], changed=keys)


def run(asked: Asked) -> Taken:
    """Plain, but for the builders of Llama 3.1 and 3.2, whose numbers are fixed."""
    keys = asked.start.changed
    name, factor = keys.get("_component_"), float(keys.get("scale_factor", 1))
    if name is None:
        raise UnsupportedError(UNNAMED)
    taken = Taken(replace(asked.rope, base=float(keys["rope_base"])), None, asked.context)
    taken.softmax_factor = 1.0
    width, heads = asked.text.get("hidden_size"), asked.text.get("num_attention_heads")
    size = width // heads if isinstance(width, int) and isinstance(heads, int) else None
    own = any(name == COMPONENTS[family] for family in OWN_HEAD_DIM)
    head = asked.rope.head_dim if own or size is None else size
    taken.rope = replace(taken.rope, head_dim=head, rotary_dim=head)
    scaled = name in (SCALED, TIED) and factor != 1
    taken.set("llama3" if scaled else "default", **({"factor": factor, **LLAMA3} if scaled else {}))
    return taken
