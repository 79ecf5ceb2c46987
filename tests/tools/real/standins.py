"""Stand-ins for modules that need a GPU, so that the rest of a stack can be imported without one.

A stand-in has every attribute, each a class that can be called, subclassed, indexed and used as a
decorator, and computes nothing: what a stack computes of a rope never passes through one.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any


class _Meta(type):
    """A class that has every attribute; called with a function alone it is its decorator."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return stand_in(name)

    def __getitem__(cls, _: Any) -> Any:
        return cls

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __or__(cls, other: Any) -> Any:
        return other

    __ror__ = __or__

    def __call__(cls, *args: Any, **keys: Any) -> Any:
        if "is_stand_in" not in vars(cls):
            return super().__call__(*args, **keys)
        if len(args) == 1 and isinstance(args[0], FunctionType | type):
            return args[0]
        return cls


def stand_in(name: str) -> Any:
    """A new dummy class."""
    return _Meta(name, (), {"is_stand_in": True})


class _Module(ModuleType):
    __version__ = "0.0.0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        found = stand_in(name)
        setattr(self, name, found)
        return found


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the named packages, and all below them, as stand-ins."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = frozenset(names)

    def find_spec(self, name: str, *_: Any) -> importlib.machinery.ModuleSpec | None:
        parts = name.split(".")
        known = any(".".join(parts[:n]) in self.names for n in range(1, len(parts) + 1))
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if known else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: attributes come as they are asked for."""


def install(names: Sequence[str]) -> None:
    """Have stand-ins for these packages, in place of anything that is installed."""
    sys.meta_path.insert(0, Finder(names))
