"""verl (0.9.1): it has no option for a rope object, and reads the model's config.json.

Ran: ``verl/utils/model.py`` (``update_model_config``) sets keys of override_config one by one; of
an object it looks for attributes on what is there: AttributeError, 'NoneType' object has no
attribute 'rope_type', or 'dict' object has no attribute 'factor'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.stacks import patched
from ropecalc.stacks.keys import expressible, five_in_file, nested_in_text, remarks
from ropecalc.stacks.transformers import run as transformers
from ropecalc.stacks.transformers.write import not_in_five
from ropecalc.stacks.words import Written, pretty

if TYPE_CHECKING:
    from ropecalc.stacks.wanted import Wanted

LABEL, VERSION = "verl", "0.9.1"
run, override = transformers.run, patched.override
HOW = (
    "put the keys into the config.json in actor_rollout_ref.model.path, which the trainer and its "
    "rollout both load: override_config takes no object (AttributeError)"
)


def write(goal: Wanted) -> Written:
    """The keys that change, as JSON."""
    text = pretty(nested_in_text(goal, five_in_file(goal)))
    return Written("json", text, not_in_five(goal), [*remarks(goal, expressible(goal)), HOW])
