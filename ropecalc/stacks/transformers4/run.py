"""transformers 4.57.6: rope_theta and rope_scaling, by the functions that version 5 has grown from.

Ran, but for what is said to be read. Where they differ: rope_parameters is no key, the original
length is looked for in the object alone (longrope: outside of it alone), and classes that came with
version 5 are not there.
"""

from __future__ import annotations

from dataclasses import replace

from ropecalc.models import classes
from ropecalc.models.huggingface import parse_config
from ropecalc.models.raw import text_path
from ropecalc.quantities import listed
from ropecalc.results import StackRule
from ropecalc.stacks.asked import ORIGINAL, Asked, Taken, asked_of
from ropecalc.stacks.transformers.run import ROPES, built
from ropecalc.stacks.transformers4.classes import AFTER_4, FIELDS, UNSCALED

AUTO = "src/transformers/models/auto/configuration_auto.py"


def run(asked: Asked) -> Taken:
    """What it makes of a file without rope_parameters."""
    asked = _without_parameters(asked)
    taken = built(asked)
    if asked.model_type in AFTER_4:
        taken.refusal = StackRule(f"it has no class for {asked.model_type}: ValueError", AUTO)
    elif taken.rope.rope_type == "proportional":
        text = "it does not know the rope_type proportional: KeyError"
        taken.refusal = StackRule(text, f"{ROPES} ROPE_INIT_FUNCTIONS", True)
    elif asked.values and set(asked.values) != FIELDS.get(asked.model_type, set(asked.values)):
        fields = listed(sorted(FIELDS[asked.model_type]))
        text = f"its config takes a rope_scaling of {fields}, and nothing else: ValueError"
        taken.refusal = StackRule(text, "src/transformers/models, the configuration of each", True)
    elif asked.model_type in UNSCALED and taken.rope.rope_type != "default":
        taken.set("default")
        taken.rule(f"its code for {asked.model_type} reads no scaling", "src/transformers/models")
    elif taken.refusal is None:
        _original(asked, taken)
    if asked.rope.window is not None and classes.has_fixed_local_base(asked.model_type):
        base = asked.text.get("rope_theta") or classes.PLAIN_BASE
        taken.rope = replace(taken.rope, base=float(base))
        taken.rule("one base is that of all layers", "src/transformers/models")
    return taken


def _without_parameters(asked: Asked) -> Asked:
    """The same file without the object that it does not read."""
    if "rope_parameters" not in asked.text:
        return asked
    path = text_path(asked.model.document)
    text = {key: value for key, value in asked.text.items() if key != "rope_parameters"}
    document: dict[str, object] = text
    for key in reversed(path):
        document = {**asked.model.document, key: document}
    model = parse_config(document, asked.model.source)
    own = [rope for rope in model.ropes if rope.layer_type == asked.rope.layer_type]
    return asked_of(replace(asked.start, model=model), (own or model.ropes)[0])


def _original(asked: Asked, taken: Taken) -> None:
    """The original length, and what follows from it in longrope."""
    method, length = taken.rope.rope_type, asked.rope.context
    inside, beside = asked.number(ORIGINAL), asked.length(ORIGINAL)
    if method == "yarn":
        truncate = bool(asked.values.get("truncate", True))
        taken.set(original_context=int(inside or length or 0), truncate=truncate)
    if method != "longrope" or length is None:
        return
    original = beside or length
    if beside is None and inside is not None:
        taken.rule(f"longrope looks for {ORIGINAL} beside rope_scaling alone", ROPES)
    factor = asked.number("factor") if beside is None else length / original
    if factor is None:
        text = f"longrope without {ORIGINAL} beside it needs a factor: TypeError"
        taken.refusal = StackRule(text, ROPES, True)
        return
    taken.set(original_context=original, factor=factor)
