"""A rotary setting that is to be written down, and how a stack writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ropecalc.notebook import Shown

if TYPE_CHECKING:
    from ropecalc.results.configs import ModelConfig, Original, Rope


@dataclass(frozen=True, slots=True)
class Setting:
    """One rope for one context, and the model that it is for."""

    rope: Rope
    """What to set: method, base, parameters; its ``context`` is the one to reach."""
    context: int
    """The context to reach, tokens."""
    original_context: int | None
    """The context that a scaling of it starts from, tokens."""
    model: ModelConfig | None = None
    """The file that the setting is for, where there is one."""
    model_name: str = "MODEL"
    """What the stack's own command calls the model."""
    start: Original | None = None
    """The same with the reason for it, where nobody gave it."""

    @property
    def reach(self) -> int:
        """The longest context that the scaling carries, tokens: L s for YaRN."""
        original, factor = self.rope.original_context, self.rope.factor or 1.0
        if self.rope.rope_type != "yarn" or original is None:
            return self.context
        return round(original * factor)

    @property
    def shortfall(self) -> str | None:
        """That the scaling does not reach the context; None where it does.

        >>> from ropecalc.results import Rope
        >>> yarn = Rope("all", "yarn", 1e6, 128, 128, {"factor": 2.0, "original_context": 4096})
        >>> print(Setting(yarn, 16384, 4096).shortfall)  # doctest: +NORMALIZE_WHITESPACE
        YaRN with factor 2 from 4,096 reaches 8,192 tokens, short of 16,384: factor 4 reaches
        that
        >>> Setting(yarn, 8192, 4096).shortfall is None
        True
        """
        original, reach = self.rope.original_context, self.reach
        if reach >= self.context or original is None:
            return None
        return (
            f"YaRN with factor {self.rope.factor or 1.0:g} from {original:,} reaches {reach:,} "
            f"tokens, short of {self.context:,}: factor "
            f"{self.context / original:.12g} reaches that"
        )


@dataclass(frozen=True, slots=True)
class Emission(Shown):
    """A setting in the words of one stack; see ``ropecalc.emit``."""

    stack: str
    """One of ``ropecalc.stacks.registry.STACKS``."""
    version: str
    """The version of the stack whose rules were followed."""
    kind: str
    """What the text is: json, yaml, shell, python, or modelfile."""
    text: str
    """What to paste; empty where the stack has no words for the setting."""
    exact: bool
    """Whether the stack will compute exactly the setting; else ``notes`` say what it does."""
    verified: bool
    """Whether that was found by running the text; else the code of the stack is not modelled."""
    notes: tuple[str, ...] = ()
    """What to know beside it, a sentence each; a trap that the text avoids, with its source."""
