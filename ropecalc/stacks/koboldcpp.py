"""KoboldCpp: ``--ropeconfig``, and the base that it takes by itself without it.

Read: ``gpttype_adapter.cpp`` at commit 0027a47817. Its code below that is llama.cpp's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.stacks.llama_cpp import run as llama_cpp
from ropecalc.stacks.llama_cpp.write import baked, file_name, windowed
from ropecalc.stacks.start import Start
from ropecalc.stacks.wanted import nearest
from ropecalc.stacks.words import Written, command, short

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.stacks.asked import Asked, Taken
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "KoboldCpp", "0027a47817"
READS_ITSELF = True
AUTOMATIC = (10_000.0, 500_000.0)  # bases of files that it scales by itself
LEAST = 2048  # tokens, up to which it does not
TURN = 6.28318  # its 2 pi


def automatic_base(base: float, trained: int, context: int) -> float:
    """b^(ln(n / 2 pi) / ln(L / 2 pi)): the base without --ropeconfig, for n tokens over L.

    Only for a file of base 10,000 or 500,000 without a scaling; any other keeps its own. Solar's
    lengths count eight times.

    >>> round(automatic_base(10_000.0, 4096, 8192))
    26784
    """
    if context <= max(trained, LEAST) or base not in AUTOMATIC:
        return base
    return math.pow(base, math.log10(context / TURN) / math.log10(trained / TURN))


def write(goal: Wanted) -> Written:
    """One command line."""
    rope, why = nearest(goal, LABEL)
    why += [*baked(goal), *windowed(goal)]
    words = ["koboldcpp", "--model", file_name(goal)]
    words += ["--contextsize", str(goal.context)]
    if goal.as_it_was and not _scaled_by_itself(goal):
        note = "without --ropeconfig it keeps the model's own rope"
        return Written("shell", command(*words), why, [note])
    if rope.rope_type not in ("default", "linear"):
        why.append(
            f"--ropeconfig takes only a scale and a base, and no {rope.rope_type}: convert the "
            "model again from a config.json that has it"
        )
        return Written("shell", "", why)
    scale = 1 / (rope.factor or 1.0)
    words += ["--ropeconfig", short(scale) if scale != 1 else "1.0", short(rope.base)]
    return Written("shell", command(*words), why, _automatic(goal))


def _scaled_by_itself(goal: Wanted) -> bool:
    own = goal.own_context or goal.context
    return automatic_base(goal.rope.base, own, goal.context) != goal.rope.base


def _automatic(goal: Wanted) -> list[str]:
    """What the command does without --ropeconfig."""
    was, own = goal.was, goal.own_context
    if was is None or own is None or was.rope_type != "default":
        return []
    base = automatic_base(was.base, own, goal.context)
    if base == was.base:
        return []
    return [f"without --ropeconfig KoboldCpp takes the base {base:,.0f} at this context"]


def override(model: ModelConfig, text: str) -> Start:
    """The model as KoboldCpp has it when a command of ``write`` has started it."""
    words = text.split()
    context = int(words[words.index("--contextsize") + 1])
    changed: dict[str, float] = {}
    if "--ropeconfig" in words:
        scale, base = words[words.index("--ropeconfig") + 1 :][:2]
        changed |= {"factor": 1 / float(scale), "rope_theta": float(base)}
    return Start(model, context, changed=changed)


def run(asked: Asked) -> Taken:
    """As llama.cpp, but for the cap of a slot, which is of its server."""
    taken = llama_cpp.run(asked)
    taken.rules = [rule for rule in taken.rules if rule is not taken.short]
    taken.usable_length, taken.short = asked.context or taken.usable_length, None
    return taken
