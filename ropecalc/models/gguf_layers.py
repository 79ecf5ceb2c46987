"""Which layers of a GGUF model look back through a window, and which have no rotation.

llama.cpp knows both by architecture: a file need not say them.
Source: llama.cpp at commit 0c1e57098, ``load_arch_hparams`` in ``src/models``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ropecalc.models.document import Section
from ropecalc.results.configs import EVERY_LAYER

FULL, SLIDING, CHUNKED = "full_attention", "sliding_attention", "chunked_attention"
PATTERN = "attention.sliding_window_pattern"
WINDOW = "attention.sliding_window"
MAX_LAYERS = 65_536
PERIODS = {  # one layer in so many sees the whole context, where the file has no pattern
    "afmoe": 4,
    "cohere2": 4,
    "cohere2moe": 4,
    "exaone-moe": 4,
    "exaone4": 4,
    "gemma-embedding": 6,
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "laguna": 4,
    "llama4": 4,
    "mellum": 4,
    "modern-bert": 3,
    "olmo2": 4,
    "plamo3": 8,
    "smallthinker": 4,
}
FULL_FIRST = frozenset(
    ["cohere2moe", "laguna", "modern-bert", "smallthinker"]
)  # of a period; elsewhere it comes last
# Layers with a window have a base of their own, 10,000 unless given, and no scaling.
OWN_BASE = frozenset("gemma-embedding gemma3 gemma3n gemma4 mimo2 modern-bert plamo3".split())
DEFAULT_OWN_BASE = 10_000.0
# Their base is that of the others, but nothing scales it.
UNSCALED_IN_WINDOWS = OWN_BASE | {"laguna", "olmo2"}
# Layers that see the whole context are not rotated, where others have a window.
ROTATED_IN_WINDOWS_ONLY = frozenset("afmoe cohere2 exaone4 llama4 smallthinker".split())
UNROTATED_EVERY = {"smollm3": 4}
CHUNK = 8192  # llama4, whatever the file says


@dataclass(frozen=True, slots=True)
class Layers:
    """The rotated layers of one kind."""

    layer_type: str
    window: int | None = None
    count: int | None = None


def kinds_of_layers(
    keys: Section, architecture: str, assumptions: list[str]
) -> tuple[list[Layers], int]:
    """The kinds that rotate, whole context first, and how many layers attend without rotation."""
    total = keys.integer("block_count")
    if total is not None and total > MAX_LAYERS:
        keys.fail(f"has a {keys.prefix}block_count of {total:,}, more than any model")
    window = _window(keys, architecture)
    if window is None or not _is_known(keys, architecture, window, assumptions):
        unrotated = (total or 0) // UNROTATED_EVERY.get(architecture, MAX_LAYERS + 1)
        return [Layers(EVERY_LAYER, None, total and total - unrotated)], unrotated
    windows = _with_window(keys, architecture, total)
    local = Layers(
        CHUNKED if architecture == "llama4" else SLIDING,
        window,
        None if windows is None else sum(windows),
    )
    rest = None if windows is None else len(windows) - sum(windows)
    if architecture in ROTATED_IN_WINDOWS_ONLY:
        return [local], rest or 0
    kinds = [Layers(FULL, None, rest), local]
    return [kind for kind in kinds if kind.count != 0] or [Layers(EVERY_LAYER)], 0


def local_base(keys: Section, architecture: str, base: float) -> tuple[float, bool]:
    """(the base of layers with a window, whether the scaling applies to them as well)."""
    own = architecture in OWN_BASE
    found = keys.number("rope.freq_base_swa", low=1.0)
    default = DEFAULT_OWN_BASE if own else base
    return found or default, architecture not in UNSCALED_IN_WINDOWS


def _window(keys: Section, architecture: str) -> int | None:
    if keys.get(WINDOW) == 0:
        return None
    found = keys.integer(WINDOW)
    return CHUNK if architecture == "llama4" else found


def _is_known(keys: Section, architecture: str, window: int, assumptions: list[str]) -> bool:
    """Whether llama.cpp gives some layers the window; of most architectures it reads none."""
    said = keys.get(PATTERN) is not None or keys.get("rope.freq_base_swa") is not None
    if architecture not in PERIODS and not said:
        assumptions.append(
            f"{WINDOW} is {window:,}, but llama.cpp lets every layer of {architecture} see the "
            "whole context"
        )
        return False
    return True


def _with_window(keys: Section, architecture: str, total: int | None) -> list[bool] | None:
    """Of every layer whether it has the window, None where the file does not tell."""
    pattern = keys.get(PATTERN)
    if isinstance(pattern, tuple):
        flags = [bool(flag) for flag in pattern]
        count = total or len(flags)
        return [flags[layer % len(flags)] for layer in range(count)] if flags else None
    period = PERIODS.get(architecture) if pattern is None else _period(keys)
    if period is None or total is None:
        return None
    full = 0 if architecture in FULL_FIRST else period - 1
    return [period == 0 or layer % period != full for layer in range(total)]


def _period(keys: Section) -> int:
    """0: a window in every layer; 1: in none."""
    return 0 if keys.get(PATTERN) == 0 else keys.integer(PATTERN) or 0
