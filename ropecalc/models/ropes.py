"""One ``rope_parameters`` or ``rope_scaling`` object: its method, and that method's parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ropecalc.models import classes
from ropecalc.models.document import Section

OTHER_NAMES = {  # what files call a method -> the name of the function in ropecalc.scaling
    "mrope": "default",  # several axes of positions, which are one for text
    "ntk": "ntk_fixed",  # vLLM
    "deepseek_yarn": "yarn",
    "su": "longrope",
}
Parameters = dict[str, Any]


@dataclass(frozen=True)
class Reading:
    """One rope object, in the file around it."""

    config: Section
    rope: Section
    context: int | None
    nested: bool = False
    assumptions: list[str] = field(default_factory=list)

    def required(self, key: str) -> float:
        """A number that the method does not do without."""
        value = self.rope.number(key)
        if value is None:
            self.rope.fail(f"has no {self.rope.prefix}{key}", "add it, as the method needs it")
        return value

    def optional(self, **keys: str) -> Parameters:
        """Numbers by the names of our parameters; those that are absent or 0 are left out."""
        present = {ours: key for ours, key in keys.items() if self.rope.get(key) not in (None, 0)}
        return {ours: self.rope.number(key) for ours, key in present.items()}

    def original_context(self) -> int:
        """The trained length; the context where the file has none, as transformers takes it."""
        key = "original_max_position_embeddings"
        found = self.config.length(key) or classes.ORIGINAL_CONTEXT.get(
            self.config.model_type or ""
        )
        found = found or self.rope.length(key)
        if found is not None:
            return found
        context = self.config.integer("max_position_embeddings") or self.context
        if context is None:
            self.rope.fail(f"has neither {self.rope.prefix}{key} nor max_position_embeddings", ADD)
        self.assumptions.append(
            f"{self.rope.prefix}{key} is absent: max_position_embeddings, {context:,}, as "
            "transformers takes it"
        )
        return context

    def factor_or_ratio(self, original: int) -> float:
        """The factor; where the file has none, the context over the trained one."""
        factor = self.rope.number("factor")
        if factor is not None:
            return factor
        if self.context is None:
            self.rope.fail(f"has no {self.rope.prefix}factor", ADD)
        return self.context / original


ADD = "add it, as the method needs it"


def rope_type(rope: Section | None, model_type: str | None) -> str:
    """The method of a rope object, by the name that its function has in ``ropecalc.scaling``."""
    if rope is None:
        return "default"
    written = rope.text("rope_type") or rope.text("type")
    if written is None:
        if rope.get("factor") is not None:
            rope.fail(f"{rope.prefix}factor has no rope_type beside it", "add the rope_type")
        return "default"
    if written in classes.LONGROPE_BY_OTHER_NAMES.get(model_type or "", ()):
        return "longrope"
    if written == "dynamic" and rope.get("alpha") is not None and reads_alpha(model_type):
        return "ntk_aware"
    return OTHER_NAMES.get(written, written)


def reads_alpha(model_type: str | None) -> bool:
    """Whether the code of a class takes alpha for the factor: HunYuan's; others pass it over."""
    return classes.class_row(model_type) is None or str(model_type).startswith("hunyuan")


def parameters(method: str, reading: Reading) -> Parameters:
    """What the function of a method takes beside base and dims."""
    if method not in READERS:
        prefix = reading.rope.prefix
        known = ", ".join(READERS)
        reading.rope.refuse(
            f"{prefix}rope_type is {method!r}, which ropecalc does not know", f"it knows {known}"
        )
    return READERS[method](reading)


def _none(_: Reading) -> Parameters:
    return {}


def _factor(reading: Reading) -> Parameters:
    return {"factor": reading.required("factor")}


def _alpha(reading: Reading) -> Parameters:
    """HunYuan: alpha takes the factor's place, whatever the length."""
    return {"factor": reading.required("alpha")}


def _dynamic(reading: Reading) -> Parameters:
    """max_position_embeddings is what transformers takes for the trained length."""
    if reading.context is None:
        reading.rope.fail("has no max_position_embeddings", ADD)
    return {"factor": reading.required("factor"), "original_context": reading.context}


def _yarn(reading: Reading) -> Parameters:
    original = reading.original_context()
    return {
        "factor": reading.factor_or_ratio(original),
        "original_context": original,
        **reading.optional(
            beta_fast="beta_fast",
            beta_slow="beta_slow",
            attention_factor="attention_factor",
            mscale="mscale",
            mscale_all_dim="mscale_all_dim",
        ),
        **_truncate(reading),
    }


def _truncate(reading: Reading) -> Parameters:
    """Of nested objects transformers 5.23 reads ``truncate`` from the outer one, which has none."""
    if reading.nested or "truncate" not in reading.rope.values:
        return {}
    if reading.rope.values["truncate"] is None:  # a null is no true
        return {"truncate": False}
    return {"truncate": reading.rope.truth("truncate", default=True)}


def _llama3(reading: Reading) -> Parameters:
    return {
        "factor": reading.required("factor"),
        "original_context": reading.original_context(),
        "low_freq_factor": reading.required("low_freq_factor"),
        "high_freq_factor": reading.required("high_freq_factor"),
    }


def _longrope(reading: Reading) -> Parameters:
    original = reading.original_context()
    own = reading.config.model_type in classes.MSCALES_NEEDED  # no other class reads them
    return {
        "short_factor": reading.rope.numbers("short_factor"),
        "long_factor": reading.rope.numbers("long_factor"),
        "original_context": original,
        "factor": reading.factor_or_ratio(original),
        **reading.optional(attention_factor="attention_factor"),
        **(reading.optional(**{key: key for key in classes.MSCALES}) if own else {}),
    }


READERS: dict[str, Callable[[Reading], Parameters]] = {
    "default": _none,
    "linear": _factor,
    "dynamic": _dynamic,
    "yarn": _yarn,
    "llama3": _llama3,
    "longrope": _longrope,
    "proportional": lambda reading: reading.optional(factor="factor"),
    "ntk_aware": _alpha,
    "ntk_fixed": _factor,
}
