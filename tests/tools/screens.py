"""Which screens of the commands are kept as text, and how they look now."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tests.tools.places import TESTS
from tests.tools.stage import Run, played

FOLDER = TESTS / "golden" / "screens"
SECONDS = re.compile(r"\b\d+(\.\d+)? (?=seconds?\b)")


@dataclass(frozen=True, slots=True)
class Look:
    """One way to show a command: columns, encoding, and whether the terminal has colour."""

    width: int
    encoding: str = "utf-8"
    colour: bool = False

    def __str__(self) -> str:
        colour = "colour" if self.colour else "plain"
        return f"{self.width}.{colour}.{self.encoding.replace('-', '')}"


PLAIN = Look(80)
LOOKS = (PLAIN, Look(60), Look(120), Look(80, "ascii"), Look(80, colour=True))
MAIN = {  # of every command one screen in every look
    "min-base": "min-base --dim 128 --ctx 32k",
    "min-factor": "min-factor Qwen3-8B --ctx 128k",
    "curve": "curve --base 1e4",
    "curve-many": "curve --base 1e4,5e5 --ctx 8k",
    "max-ctx": "max-ctx --base 1e4",
    "check": "check --base 1e4 --ctx 4096",
    "freqs": "freqs --base 1e4 --dim 16 --ctx 2k",
    "freqs-plot": "freqs --base 1e4 --ctx 2k --plot",
    "staircase": "staircase --dim 64 --ctx 32 --jobs 1",
    "staircase-plot": "staircase --dim 128 --ctx 128k --plot",
    "windows": "windows --dim 64 --ctx 512",
    "verify": "verify proof.json",
    "models": "models llama-3",
    "inspect": "inspect Qwen2.5-72B-Instruct-YaRN",
    "lint": "lint yarn.json",
    "plan": "plan --base 1e4 --dim 64 --from 512 --to 2k --plot",
    "emit": "emit Qwen3-8B --rope-type yarn --original-ctx 32k --ctx 128k",
    "compare": "compare gpt-oss-20b",
    "temperature": "temperature --ctx 128k --from 8k",
    "weights": "weights model --layer 0",
    "evidence": "evidence",
    "criteria": "criteria --base 1e6 --ctx 32k --from 32k",
    "explain": "explain bound",
}
OTHERS = {  # their other faces, in one look
    "min-base-any": "min-base --dim 128 --rotary-dim 64 --ctx 1024",
    "min-base-many": "min-base --dim 64,128 --ctx 2k,4k,32k",
    "min-base-model": "min-base Qwen3-8B",
    "curve-linear": "curve --base 1e4 --ctx 4k --linear",
    "curve-models": "curve Llama-3-8B Llama-3.1-8B --ctx 32k",
    "max-ctx-limit": "max-ctx --base 1e6 --limit 4k",
    "max-ctx-soft": "max-ctx --base 8e6 --soft --limit 1M",
    "max-ctx-many": "max-ctx --base 1e4,5e5,1e6",
    "check-yes": "check --base 630000 --ctx 32k",
    "check-model": "check Llama-2-7B",
    "freqs-model": "freqs Llama-3.2-1B",
    "staircase-safe": "staircase --dim 64 --ctx 32 --kind safe --jobs 1",
    "windows-wide": "windows --dim 64 --ctx 256 --min-window 0.05",
    "models-none": "models no-such-model",
    "inspect-plain": "inspect Llama-2-7B",
    "inspect-kinds": "inspect Gemma-3-27B",
    "inspect-latent": "inspect DeepSeek-V3",
    "lint-clean": "lint llama.json --ignore base-below-bound",
    "lint-rules": "lint --rules",
    "plan-model": "plan Llama-3-8B --to 16k",
    "emit-stack": "emit Llama-2-7B --base 1e5 --stack axolotl --stack torchtune",
    "min-base-all": "min-base --dim 128 --ctx 4k --all",
    "check-free": "check GLM-4-9B-chat",
    "max-ctx-free": "max-ctx GLM-4-9B-chat Qwen3-8B",
    "emit-dry-run": "emit --in-place yarn.json --base 5e6 --ctx 128k --dry-run --force",
    "compare-same": "compare Qwen3-8B --stack vllm --stack llama.cpp",
    "temperature-untrained": "temperature --ctx 128k",
    "evidence-model": "evidence Qwen3-8B --ctx 64k",
    "evidence-free": "evidence GLM-4-9B-chat",
    "evidence-plot": "evidence --base 5e5 --plot --height 12",
    "explain-topics": "explain",
    "error": "check --base abc --ctx 4k",
}
COMMANDS = {**MAIN, **OTHERS}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a command left on its terminal, and how it ended."""

    command: str
    code: int
    text: str

    def __str__(self) -> str:
        visible = SECONDS.sub("N ", self.text).replace("\x1b", r"\e")
        return f"$ ropecalc {self.command}\n{visible}[exit {self.code}]\n"


def wanted() -> dict[str, tuple[str, Look]]:
    """The command line and the look of every file in ``FOLDER``."""
    main = [(name, look) for name in MAIN for look in LOOKS]
    others = [(name, PLAIN) for name in OTHERS]
    return {f"{name}.{look}.txt": (COMMANDS[name], look) for name, look in [*main, *others]}


def taken(names: Collection[str] | None = None) -> dict[str, str]:
    """The text of these files in ``FOLDER``, all unless told, as it would be now."""
    asked = {name: what for name, what in wanted().items() if names is None or name in names}
    return dict(zip(asked, map(str, screens(asked.values())), strict=True))


def kept(names: Collection[str] | None = None) -> dict[str, str]:
    """The text of these files in ``FOLDER``, all unless told, as it is."""
    return {name: (FOLDER / name).read_text(encoding="utf-8") for name in names or wanted()}


def screens(asked: Iterable[tuple[str, Look]]) -> list[Shown]:
    """Each command line on a terminal of its own."""
    asked = list(asked)
    done: dict[tuple[str, Look], Shown] = {}
    for encoding in {look.encoding for _, look in asked}:
        batch = [one for one in asked if one[1].encoding == encoding]
        runs = [
            Run(line, width=look.width, environ={} if look.colour else {"NO_COLOR": "1"})
            for line, look in batch
        ]
        ends = played(runs, PYTHONIOENCODING=encoding)
        done |= {
            one: Shown(one[0], end.code, end.out) for one, end in zip(batch, ends, strict=True)
        }
    return [done[one] for one in asked]
