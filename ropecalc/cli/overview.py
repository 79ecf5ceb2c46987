"""What ``ropecalc`` says without a word: the six things that people do with it."""

from __future__ import annotations

THINGS = (
    ("A base for a context", "ropecalc min-base --dim 128 --ctx 64k"),
    ("Yes or no: does it reach?", "ropecalc check Llama-3-8B --ctx 16k"),
    ("What a model's RoPE really does", "ropecalc inspect Qwen3-8B"),
    ("Errors and warnings, for CI", "ropecalc lint configs/"),
    ("Ways to a longer context", "ropecalc plan Llama-3-8B --to 128k"),
    ("The settings for your stack", "ropecalc emit Qwen3-8B --stack vllm"),
)


def overview() -> str:
    """Each thing with a line that does it."""
    width = max(len(line) for _, line in THINGS)
    lines = [f"  {line:<{width}}  {what}" for what, line in THINGS]
    ending = (
        "'ropecalc -h' lists all commands, 'ropecalc CMD -h' the options of one, and\n"
        "'ropecalc explain' says what the words mean."
    )
    head = "The base of rotary position embeddings (rope_theta) and the context it supports."
    return "\n".join([head, "", *lines, "", ending])
