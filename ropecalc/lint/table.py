"""All rules, in the order in which a file is examined: ``data/lint.tsv``.

A rule's function has its code for a name.
"""

from __future__ import annotations

from types import ModuleType

from ropecalc.lint import apart, bounds, classes, keys, lengths, missing, types
from ropecalc.lint.rule import Rule
from ropecalc.results.findings import Severity
from ropecalc.shipped import shipped_rows
from ropecalc.stacks import llama_cpp, sglang, transformers, vllm
from ropecalc.stacks.trainers import megatron_lm

DIGITS = 7  # of a commit


def _named(room: ModuleType) -> str:
    """A stack with the version that its room was written for."""
    version = str(room.VERSION)
    return f"{room.LABEL} {version.removesuffix('.0') if '.' in version else version[:DIGITS]}"


STACKS = {
    room.__name__.rpartition(".")[2]: _named(room)
    for room in (transformers, vllm, sglang, llama_cpp, megatron_lm)
}
FUNCTIONS = {
    name: value
    for room in (apart, bounds, classes, keys, lengths, missing, types)
    for name, value in vars(room).items()
}
RULES = tuple(
    Rule(
        row["code"],
        Severity[row["severity"].upper()],
        row["title"],
        row["where"].format(**STACKS),
        FUNCTIONS[row["code"].replace("-", "_")],
    )
    for row in shipped_rows("lint.tsv")
)
