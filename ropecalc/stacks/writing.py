"""Writing a rotary setting down in the words of a stack, and running what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.errors import check_type
from ropecalc.isolated import isolated
from ropecalc.results import Emission, Setting
from ropecalc.stacks.registry import stack_named

if TYPE_CHECKING:
    from ropecalc.stacks.words import Written


@isolated
def emit(setting: Setting, stack: str) -> Emission:
    """The setting as a stack takes it: what to paste, whether it is exact, what to know beside it.

    ``exact`` means that the stack computes the setting's own frequencies and attention factor (and
    softmax factor), to the rounding of its arithmetic, and serves the context, while every other
    kind of layer keeps what the file has. It is found by reading the text back and running the
    stack with it (``verified``); a stack whose code is not modelled is not run, and its writer says
    so. Where it is not exact, ``text`` is the nearest that the stack can do, or empty, and
    ``notes`` say why, the reason first. No stack computes a YaRN whose factor does not reach the
    context: every text then has the length that it does reach.

    Parameters
    ----------
    setting : from ``ropecalc.make_setting``: the rope to set, the context to reach, and the model
        that it is for, if there is one
    stack : one of ``registry.STACKS``

    Raises
    ------
    InvalidValueError
        The stack is not known, or a parameter is outside the domain of its scaling method.

    >>> from ropecalc.results import Rope, Setting
    >>> plain = Setting(Rope("all", "default", 5e6, 128, 128), 131072, 32768)
    >>> emit(plain, "megatron-lm").text.split()[:4]
    ['--position-embedding-type', 'rope', '--rotary-base', '5000000']
    >>> emit(plain, "vllm").exact, emit(plain, "vllm").verified
    (True, True)
    """
    from ropecalc.stacks.exactness import outcome
    from ropecalc.stacks.wanted import wanted

    check_type("setting", setting, Setting, "ropecalc.make_setting(MODEL, ...) makes one")
    known = stack_named(stack)
    goal = wanted(setting)
    written: Written = known.required("write")(goal)
    found = outcome(known, goal, written)
    short = [] if setting.shortfall is None else [setting.shortfall]
    # a stack's own reason stays the first: the shortfall is that of all
    notes = (
        [*found.why, *short, *written.notes]
        if short and found.exact
        else [*found.why, *written.notes, *short]
    )
    return Emission(
        stack=known.name,
        version=known.version,
        kind=written.kind,
        text=written.text if found.starts else "",
        exact=found.exact and not short,
        verified=found.verified,
        notes=tuple(dict.fromkeys(notes)),
    )
