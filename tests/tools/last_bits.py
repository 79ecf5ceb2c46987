"""Where a test compares for equality what NumPy's transcendental functions computed.

NumPy chooses their code by the processor: with AVX-512, a power or a cosine may be one unit in the
last place away from what the same line gives elsewhere. So an expectation computed by them must
not be compared for equality: state a tolerance, or compute it with mpmath or Arb.

origin      A call of such a function, a power of an array, a product of matrices (BLAS chooses
            the order of its additions): ``file:line``. An expression has the origins of all its
            parts, a name those of everything assigned to it in its function, a function those of
            what it returns. The order of statements does not matter.
comparison  ``==``, ``!=``, ``in`` a list, ``array_equal`` and its kin, ``any`` of a difference, a
            tolerance of zero; or a call of a function that compares its parameters.
finding     A comparison of which one side has an origin that the other lacks. What is on both
            sides is their common input.

Names are followed through the files that are read together; what a call of anything else returns
has the origins of its arguments. ``int``, ``round``, an index and an order of sizes are exact.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.tools.last_bits_reader import NOTHING, Reader, apart, own

Labels = frozenset[str]
"""Origins; ``@name``, the parameters of the function at hand; ``array`` and ``approx``."""

Comparison = tuple[int, Labels, Labels]
"""A line, and the two sides that it compares for equality."""


@dataclass(frozen=True, order=True)
class Finding:
    """A comparison for equality, and the origins that only one of its sides has."""

    file: str
    line: int
    origins: tuple[str, ...]

    def __str__(self) -> str:
        origins = ", ".join(self.origins)
        return f"{self.file}:{self.line}: compares for equality what NumPy computes at {origins}"


@dataclass
class Function:
    """A function, or the statements of a module: what its names hold, as far as is known."""

    module: Module
    node: ast.FunctionDef | ast.Module
    names: dict[str, Labels] = field(default_factory=dict)
    returned: Labels = NOTHING
    comparisons: frozenset[Comparison] = frozenset()

    @property
    def parameters(self) -> list[ast.arg]:
        if isinstance(self.node, ast.Module):
            return []
        one = self.node.args
        return [*one.posonlyargs, *one.args, *one.kwonlyargs]

    @property
    def decorators(self) -> list[ast.expr]:
        return [] if isinstance(self.node, ast.Module) else self.node.decorator_list

    @property
    def is_fixture(self) -> bool:
        return any("fixture" in ast.unparse(one) for one in self.decorators)

    @property
    def known_as(self) -> str:
        """What others call it; a fixture may have another name than its function."""
        renamed = re.search(r"name='(\w+)'", " ".join(map(ast.unparse, self.decorators)))
        return renamed[1] if renamed and self.is_fixture else getattr(self.node, "name", "")


class Module:
    """A file: its functions, and what its imported names are called in full."""

    def __init__(self, file: str, text: str) -> None:
        tree = ast.parse(text)
        self.file = file
        self.dotted = file.removesuffix(".py").replace("/", ".")
        self.imported: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                place = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
                for alias in node.names:
                    self.imported[alias.asname or alias.name] = place + alias.name
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        self.statements = Function(self, tree)
        self.functions = [Function(self, one) for one in _defined(tree.body)]
        self.methods = [Function(self, one) for each in classes for one in _defined(each.body)]


class Program:
    """All files; every function is read again until no name holds more than before."""

    def __init__(self, modules: list[Module]) -> None:
        self.modules = {module.dotted: module for module in modules}
        self.functions = {
            f"{module.dotted}.{function.known_as}": function
            for module in modules
            for function in module.functions
        }
        self.fixtures = {one.known_as: one for one in self.functions.values() if one.is_fixture}
        self.methods: dict[str, list[Function]] = {}
        for module in modules:
            for method in module.methods:
                self.methods.setdefault(method.known_as, []).append(method)
        self.everything = [
            function
            for module in modules
            for function in (module.statements, *module.functions, *module.methods)
        ]

    def known(self, full: str) -> Labels:
        """What a name holds at the top of a file: a value, or what a function returns."""
        if full in self.functions:
            return own(self.functions[full].returned)
        place, _, name = full.rpartition(".")
        there = self.modules.get(place)
        return there.statements.names.get(name, NOTHING) if there is not None else NOTHING

    def settle(self) -> None:
        """Read all; as long as more is known, read again what names something that changed."""
        readers = [Reader(self, function) for function in self.everything]
        due = readers
        while due:
            changed = set().union(*[reader.read() for reader in due])
            due = [reader for reader in readers if reader.words & changed]

    def findings(self) -> Iterator[Finding]:
        for function in self.everything:
            for line, left, right in function.comparisons:
                origins = own(apart(left, right))
                if origins:
                    yield Finding(function.module.file, line, tuple(sorted(origins)))


def findings(files: Mapping[str, str]) -> list[Finding]:
    """The findings in files, each a path of the form ``tests/test_x.py`` with its text."""
    program = Program([Module(file, text) for file, text in files.items()])
    program.settle()
    return sorted(program.findings())


def read(root: Path, folders: Iterable[str]) -> dict[str, str]:
    """All Python files in the folders of a root, as ``findings`` takes them."""
    files = [file for folder in folders for file in sorted((root / folder).rglob("*.py"))]
    return {file.relative_to(root).as_posix(): file.read_text(encoding="utf-8") for file in files}


def _defined(body: list[ast.stmt]) -> Iterator[ast.FunctionDef]:
    return (node for node in body if isinstance(node, ast.FunctionDef))
