"""ExLlamaV2 (0.3.2) with TabbyAPI: rope_alpha and rope_scale of its config.yml.

Read: ``exllamav2/rope.py`` and ``config.py``; TabbyAPI's ``common/config_models.py`` at commit
3674d7b9b5. alpha is a base by another name, b' = b alpha^(r/(r-2)), and scale divides positions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ropecalc.stacks.wanted import fixed_base
from ropecalc.stacks.words import Written, as_whole, yaml

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "ExLlamaV2", "0.3.2"
RAMP = (
    "ExLlamaV2 takes max_seq_len for the original length in YaRN's ramp, and no attention factor "
    "but g(s)"
)


def base_of_alpha(alpha: float, base: float, rotary_dim: int) -> float:
    """b alpha^(r/(r-2)): the base that rope_alpha, or alpha_value, stands for.

    >>> round(base_of_alpha(3.4321, 10_000.0, 128), 2)
    34999.42
    """
    return base * math.pow(alpha, rotary_dim / (rotary_dim - 2))


def alpha_of_base(wanted: float, base: float, rotary_dim: int) -> float:
    """(b' / b)^((r-2)/r): the alpha that makes one base of another.

    >>> round(alpha_of_base(34_999.42, 10_000.0, 128), 4)
    3.4321
    """
    return math.pow(wanted / base, (rotary_dim - 2) / rotary_dim)


def write(goal: Wanted) -> Written:
    """The keys under ``model``."""
    rope, why = goal.rope, []
    plain = fixed_base(goal)
    if plain is not None:
        why.append(f"ExLlamaV2 has no {rope.rope_type} scaling: here is the nearest plain base")
        rope = plain
    keys: dict[str, object] = {"max_seq_len": goal.context}
    if goal.as_it_was:
        note = "rope_alpha and rope_scale of 1 leave what the model's config.json has"
        text = yaml({"model": {**keys, "rope_scale": 1.0, "rope_alpha": 1.0}})
        return Written("yaml", text, [RAMP] if rope.rope_type == "yarn" else [], [note])
    if rope.rope_type not in ("default", "linear"):
        why.append(f"rope_alpha and rope_scale cannot say {rope.rope_type}: put it in config.json")
        why += [RAMP] if rope.rope_type == "yarn" else []
        return Written("yaml", "", why)
    was = goal.was
    own = 10_000.0 if was is None else was.base
    if was is not None and was.rope_type not in ("default", "linear"):
        why.append(f"the model's own {was.rope_type} stays, and alpha and scale come on top of it")
    if goal.others:
        why.append("alpha and scale are those of all layers: this model's others would get them")
    alpha = alpha_of_base(rope.base, own, rope.rotary_dim)
    keys |= {"rope_scale": as_whole(rope.factor or 1.0), "rope_alpha": as_whole(alpha)}
    note = f"rope_alpha {alpha:.6g} on the model's base {own:,.15g} is the base {rope.base:,.15g}"
    notes = [note]
    if was is None:
        notes.append("for a model whose base is 10,000: alpha counts from the model's own")
    return Written("yaml", yaml({"model": keys}), why, notes)
