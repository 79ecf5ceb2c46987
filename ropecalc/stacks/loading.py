"""What a class of transformers refuses as it reads a file: for all stacks that load by that class.

Source: transformers 5.23.0, and the same in 5.19.0, which SGLang 0.5.23 has.
"""

from __future__ import annotations

from collections.abc import Mapping

from ropecalc.models import classes
from ropecalc.models.huggingface import is_flat
from ropecalc.models.loaded import undeclared
from ropecalc.models.raw import stops_beside_text
from ropecalc.results import ModelConfig, StackRule
from ropecalc.stacks.asked import ORIGINAL, Asked

PHI3 = "src/transformers/models/phi3/configuration_phi3.py"
PHIMOE = "src/transformers/models/phimoe/configuration_phimoe.py"
ROPES = "src/transformers/modeling_rope_utils.py"


def refusal_on_loading(asked: Asked) -> StackRule | None:
    """Why the file does not load at all; None where it does.

    What the command line merges into a config that is loaded already is not examined.
    """
    null = "head_dim" in asked.text and asked.text["head_dim"] is None
    if null and classes.class_or_any(asked.model_type).null_head == "load":
        text = f"head_dim is null, and {asked.model_type} declares an integer: TypeError"
        return StackRule(text, "src/transformers/models, the configuration of each")
    undeclared = null_on_loading(asked)
    if undeclared is not None or "rope_type" in asked.flags:
        return undeclared
    flat = not asked.text.get("rope_scaling") and is_flat(asked.values, asked.model_type)
    if flat and not asked.nested and _stops_flat(asked.model_type):
        text = f"{asked.model_type} takes rope_parameters by kind of layer alone: TypeError"
        return StackRule(text, "src/transformers/models, the configuration of each")
    both = asked.text.get("rope_scaling") and asked.text.get("rope_parameters")
    if both and classes.reads_by_kind_alone(asked.model_type) and not asked.nested:
        new = asked.text["rope_parameters"]
        if isinstance(new, Mapping) and "full_attention" not in new:
            text = (
                f"beside rope_scaling {asked.model_type} needs rope_parameters by kind of layer: "
            )
            return StackRule(
                f"{text}KeyError", "src/transformers/models, the configuration of each"
            )
    if asked.written in (None, "default"):
        return None
    return _phi3(asked) or _phimoe(asked) or _longrope(asked)


def null_on_loading(asked: Asked) -> StackRule | None:
    """A null, or a text, of the file or set over it, where the class declares a number.

    And a scaling that no class of a composite has the length for.
    """
    row, document = classes.class_or_any(asked.model_type), asked.model.document
    beside = stops_beside_text(document)
    if row.name and beside is not None and document.get("model_type") not in HANDED_ON:
        return StackRule(beside, ROPES)
    for keys in (asked.text, asked.start.changed):
        found = undeclared(row, keys)
        if found is not None:
            text = f"{found}, and {row.name} declares its type: TypeError"
            return StackRule(text, "src/transformers/models, the configuration of each")
    return None


# Before transformers 5.20 these gave their text part what lay beside it.
HANDED_ON = ("qwen2_vl", "qwen2_5_vl")


def without_class(model: ModelConfig) -> StackRule | None:
    """A class whose code lies in its own repository, in a file that no longer says where."""
    kind = model.model_type
    if model.known is not None or "auto_map" in model.document or not classes.is_elsewhere(kind):
        return None
    text = (
        f"it has no class for {kind}, and the file names no code of its own (auto_map): ValueError"
    )
    return StackRule(text, "src/transformers/models/auto/configuration_auto.py", True)


def _stops_flat(model_type: str) -> bool:
    row = classes.class_row(model_type)
    return row is not None and row.flat == "stops"


def _phi3(asked: Asked) -> StackRule | None:
    """One method, whose first name is replaced only after the length was looked for by it."""
    names = ("longrope", *classes.LONGROPE_BY_OTHER_NAMES.get(asked.model_type, ()))
    if asked.model_type not in classes.LONGROPE_ALONE:
        return None
    if asked.written not in names:
        text = f"{asked.model_type} takes no scaling but longrope: ValueError"
        return StackRule(text, f"{PHI3} validate_rope", code="longrope-alone")
    if asked.written == "su" and asked.values.get(ORIGINAL) is None:
        text = f"with the type su it looks for {ORIGINAL} within rope_scaling alone: KeyError"
        return StackRule(text, f"{PHI3} convert_rope_params_to_dict", code="unknown-type")
    return None


def _phimoe(asked: Asked) -> StackRule | None:
    missing = [key for key in classes.MSCALES if asked.number(key) is None]
    if asked.model_type not in classes.MSCALES_NEEDED or not missing:
        return None
    text = f"{asked.model_type} needs {' and '.join(missing)} with any scaling: TypeError"
    return StackRule(text, f"{PHIMOE} validate_rope", code="no-mscales")


def _longrope(asked: Asked) -> StackRule | None:
    """The check of the lists' lengths multiplies head_dim."""
    if asked.rope.rope_type == "longrope" and has_null_head_dim(asked):
        text = "longrope with a head_dim of null is refused: TypeError"
        return StackRule(text, f"{ROPES} _validate_longrope_rope_parameters")
    return None


def null_on_building(asked: Asked) -> StackRule | None:
    """A head_dim of null that the layers of a class compute with."""
    written = "head_dim" in asked.text and asked.text["head_dim"] is None
    if not written or classes.class_or_any(asked.model_type).null_head != "build":
        return None
    text = f"{asked.model_type} computes with head_dim, which is null: TypeError"
    return StackRule(text, "src/transformers/models, run")


def has_null_head_dim(asked: Asked) -> bool:
    """Whether the class keeps a head_dim of null, from the file or, where it has none, its own."""
    if asked.text.get("head_dim") is not None:
        return False
    null = classes.class_or_any(asked.model_type).null_head
    written = "head_dim" in asked.text and null in ("build", "scaled")
    return written or null == "own"
