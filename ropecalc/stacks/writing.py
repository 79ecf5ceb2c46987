"""Writing a rotary setting down in the words of a stack.

One module a stack, or a small family of them, each a function from ``Wanted`` to an Emission; it is
loaded when its stack is asked for. Beside the code that honours a rule of a stack stands where the
rule was read: a file at the version in ``VERSIONS``, or a pull request.
"""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from ropecalc.results import Emission, Setting

MODULES = {
    "transformers5": "transformers.write",
    "transformers4": "transformers.write",
    "vllm": "vllm.write",
    "sglang": "sglang.write",
    "llama.cpp": "llama_cpp.write",
    "axolotl": "trainers.axolotl",
    "llama-factory": "trainers.llama_factory",
    "torchtune": "trainers.torchtune",
    "torchtitan": "trainers.torchtitan",
    "megatron-lm": "trainers.megatron_lm",
    "megatron-bridge": "trainers.megatron_bridge",
    "litgpt": "trainers.litgpt",
    "maxtext": "trainers.maxtext",
}
STACKS = tuple(MODULES)


def emit(setting: Setting, stack: str) -> Emission:
    """The setting as a stack takes it: what to paste, whether it is exact, what to know beside it.

    ``exact`` means that the stack computes the setting's own frequencies and attention factor (and
    softmax factor), to the rounding of its arithmetic, for every length up to the context. Where
    it does not, ``text`` is the nearest that the stack can do, or empty, and ``notes`` say which,
    the reason first. No stack computes a YaRN whose factor does not reach the context: every text
    then has the length that it does reach.

    Parameters
    ----------
    setting : the rope to set, the context to reach, and the model that it is for, if there is one
    stack : one of ``STACKS``

    Raises
    ------
    InvalidValueError
        The stack is not known, or a parameter is outside the domain of its scaling method.

    >>> from ropecalc.results import Rope, Setting
    >>> plain = Setting(Rope("all", "default", 5e6, 128, 128), 131072, 32768)
    >>> emit(plain, "megatron-lm").text.split()[:4]
    ['--position-embedding-type', 'rope', '--rotary-base', '5000000']
    """
    from ropecalc.stacks.wanted import wanted

    known = stack_named(stack)
    module = import_module(f"ropecalc.stacks.{MODULES[known]}")
    written: Emission = module.write(wanted(setting), known)
    short = setting.shortfall
    if short is None:
        return written
    # a stack's own reason stays the first: this one is that of all
    notes = (short, *written.notes) if written.exact else (*written.notes, short)
    return replace(written, exact=False, notes=notes)


def stack_named(name: str) -> str:
    """The stack of a name, in whatever case, or InvalidValueError with the nearest.

    >>> stack_named("vLLM")
    'vllm'
    """
    found = name.strip().lower()
    if found in MODULES:
        return found
    from difflib import get_close_matches

    like = get_close_matches(found, STACKS, 1)
    cure = f"did you mean {like[0]}?" if like else f"it knows {', '.join(STACKS)}"
    raise InvalidValueError("stack", f"stack {name!r} is not known; {cure}")
