"""The stacks, each by one name: its label, its version, and the parts of its room.

A room is a folder with a module a part (``stacks/vllm/write.py``), or one module with all parts
(``stacks/trainers/litgpt.py``). It has ``LABEL`` and ``VERSION``, and of these functions:

=====================================  ===========================================================
``write(goal) -> Emission``            a setting in the words of the stack
``run(asked) -> Taken``                what the stack computes for one kind of layer
``start(model, keys, context)``        the model as the stack has it with keys of its config
  ``-> Start``                         overridden on its command line
``override(model, text) -> Start``     the same, from the text that ``write`` printed
=====================================  ===========================================================

A part is loaded when it is used. A new stack is its room, its tests, and a line in ``ROOMS``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any

from ropecalc.errors import InvalidValueError
from ropecalc.likeness import likest

ROOMS = {
    "transformers": "transformers",
    "transformers4": "transformers4",
    "vllm": "vllm",
    "sglang": "sglang",
    "llama.cpp": "llama_cpp",
    "mlx": "mlx",
    "koboldcpp": "koboldcpp",
    "exllamav2": "exllamav2",
    "exllamav3": "exllamav3",
    "ollama": "ollama",
    "lmdeploy": "lmdeploy",
    "tensorrt-llm": "tensorrt_llm",
    "axolotl": "trainers.axolotl",
    "llama-factory": "trainers.llama_factory",
    "torchtune": "trainers.torchtune",
    "torchtitan": "trainers.torchtitan",
    "megatron-lm": "trainers.megatron_lm",
    "megatron-bridge": "trainers.megatron_bridge",
    "litgpt": "trainers.litgpt",
    "maxtext": "trainers.maxtext",
    "ms-swift": "trainers.ms_swift",
    "verl": "trainers.verl",
    "unsloth": "trainers.unsloth",
}
STACKS = tuple(ROOMS)
# Those that compare runs a config.json in, in the order in which it shows them.
COMPARED = ("transformers", "vllm", "sglang", "llama.cpp")


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack of ``STACKS``."""

    name: str

    @property
    def label(self) -> str:
        """Its name as its makers write it."""
        return str(self._room.LABEL)

    @property
    def version(self) -> str:
        """The version that its rules are those of: a release, or the start of a commit's hash."""
        return str(self._room.VERSION)

    @property
    def runs(self) -> bool:
        """Whether what it computes is known, and what it makes of a text that it is given."""
        return all(self.part(name) is not None for name in ("run", "override"))

    @property
    def reads_itself(self) -> bool:
        """Whether it runs files that the classes of transformers refuse."""
        return bool(getattr(self._room, "READS_ITSELF", False))

    def part(self, name: str) -> Callable[..., Any] | None:
        """A function of its room, or None: "write", "run", "start" or "override"."""
        room = self._room
        if hasattr(room, "__path__"):
            found = _submodule(f"{room.__name__}.{name}") or _submodule(f"{room.__name__}.override")
            return getattr(found, name, None)
        return getattr(room, name, None)

    def required(self, name: str) -> Callable[..., Any]:
        """The same, where the stack is known to have it."""
        found = self.part(name)
        if found is None:
            raise InvalidValueError("stack", f"{self.label}: ropecalc does not {name} for it")
        return found

    @property
    def _room(self) -> ModuleType:
        return import_module(f"ropecalc.stacks.{ROOMS[self.name]}")


def stack_named(name: str) -> Stack:
    """The stack of a name, in whatever case, or InvalidValueError with the nearest.

    >>> stack_named("vLLM").name
    'vllm'
    """
    found = name.strip().lower()
    if found in ROOMS:
        return Stack(found)
    like = likest(found, STACKS)
    cure = f"did you mean {like[0]}?" if like else f"it knows {', '.join(STACKS)}"
    raise InvalidValueError("stack", f"stack {name!r} is not known; {cure}")


def _submodule(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None
