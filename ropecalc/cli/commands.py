"""The commands by their names, each loaded when it is needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType

GROUPS = {
    "Bases": "min-base check max-ctx windows staircase curve freqs",
    "Models": "inspect lint compare models weights",
    "Longer contexts": "plan emit min-factor temperature",
    "Proof and reference": "verify evidence criteria explain",
}


class Commands(Mapping[str, ModuleType]):
    """The module of each command by its name, loaded when it is asked for."""

    NAMES = tuple(" ".join(GROUPS.values()).split())

    def __getitem__(self, name: str) -> ModuleType:
        if name not in self.NAMES:
            raise KeyError(name)
        return import_module(f"ropecalc.cli.{name.replace('-', '_')}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.NAMES)

    def __len__(self) -> int:
        return len(self.NAMES)


COMMANDS = Commands()
