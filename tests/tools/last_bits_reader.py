"""One function read for ``last_bits``: what its names hold, what it returns and compares."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tests.tools.last_bits_syntax import (
    bindings_of,
    has_no_tolerance,
    is_equality,
    last_name,
    names_bound,
    nodes_of,
    parametrized,
    parts_of,
    values_returned,
    words_of,
)

if TYPE_CHECKING:
    from tests.tools.last_bits import Comparison, Function, Labels, Program

NOTHING: Labels = frozenset()
ARRAY = frozenset(["array"])  # NumPy made it: its power is NumPy's
APPROX = frozenset(["approx"])  # a side that states its tolerance

FUNCTIONS = frozenset(
    "power float_power exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan "
    "arcsin arccos arctan arctan2 asin acos atan atan2 sinh cosh tanh arcsinh arccosh arctanh "
    "asinh acosh atanh hypot cbrt sinc i0 logspace geomspace "
    "dot vdot inner matmul tensordot einsum convolve correlate polyfit".split()
)
FOLDERS = frozenset(["linalg", "fft"])
EXACT_CALLS = frozenset(
    "int len bool round type isinstance hasattr range id argmax argmin argsort flatnonzero nonzero "
    "searchsorted floor ceil rint sign signbit isfinite isnan isinf ndim shape size arange zeros "
    "ones empty zeros_like ones_like empty_like raises warns".split()
)
EXACT_ATTRIBUTES = frozenset("shape size ndim dtype nbytes".split())
EXACT_POWERS = frozenset("-1 0 0.5 1 2 -1.0 1.0 2.0".split())  # reciprocal, root, square
SCALARS = frozenset("float tolist item".split())  # Python's own power from there on
EQUALITIES = frozenset("array_equal array_equiv assert_array_equal assert_equal".split())
TOLERANCES = frozenset("allclose isclose assert_allclose approx".split())
DIFFERENCES = frozenset("any all count_nonzero".split())


class Reader:
    """Reads one function, as often as there is more to know."""

    def __init__(self, program: Program, function: Function) -> None:
        self.program = program
        self.function = function
        self.module = function.module
        self.nodes = list(nodes_of(function.node))
        words = {word for node in self.nodes for word in words_of(node)}
        self.words = words | {self.module.imported.get(w, "").rpartition(".")[2] for w in words}

    def read(self) -> set[str]:
        """Read it until no name holds more; return the names of what others may now know."""
        one = self.function
        known, names, last = (one.returned, one.comparisons), dict(one.names), None
        while last != one.names:
            last = dict(one.names)
            self._parameters()
            for node in self.nodes:
                self._bindings(node)
        one.returned = NOTHING.union(*map(self.labels, values_returned(self.nodes)))
        one.comparisons = frozenset(c for node in self.nodes for c in self._comparisons(node))
        if isinstance(one.node, ast.Module):
            return {name for name, labels in one.names.items() if labels != names.get(name)}
        return {one.known_as} if known != (one.returned, one.comparisons) else set()

    def _name(self, name: str, labels: Labels) -> None:
        self.function.names[name] = self.function.names.get(name, NOTHING) | labels

    def _parameters(self) -> None:
        for one in self.function.parameters:
            self._name(one.arg, frozenset([f"@{one.arg}"]))
            if one.annotation is not None and "Array" in ast.unparse(one.annotation):
                self._name(one.arg, ARRAY)
            if one.arg in self.program.fixtures:
                self._name(one.arg, self.program.fixtures[one.arg].returned)
        for decorator in self.function.decorators:
            self._bind(parametrized(decorator))

    def _bindings(self, node: ast.AST) -> None:
        self._bind(bindings_of(node))
        if isinstance(node, ast.FunctionDef) and node is not self.function.node:
            for value in values_returned(ast.walk(node)):
                self._name(node.name, self.labels(value))

    def _bind(self, bindings: Iterator[tuple[ast.expr, ast.expr]]) -> None:
        for target, value in bindings:
            for name in names_bound(target):
                self._name(name, self.labels(value))

    def _comparisons(self, node: ast.AST) -> Iterator[Comparison]:
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
                if is_equality(left, operator, right):
                    yield node.lineno, self.labels(left), self.labels(right)
        elif isinstance(node, ast.Call):
            name = last_name(node.func)
            exact = name in EQUALITIES or (name in TOLERANCES and has_no_tolerance(node))
            if exact and len(node.args) > 1:
                yield node.lineno, self.labels(node.args[0]), self.labels(node.args[1])
            elif name in DIFFERENCES:
                yield node.lineno, self._arguments(node), NOTHING
            yield from self._compared_there(node)

    def _compared_there(self, node: ast.Call) -> Iterator[Comparison]:
        """What the called function compares of that which it is given."""
        for function in self._called(node.func):
            given = self._given(function, node)
            for _, left, right in function.comparisons:
                if all(label.startswith("@") for label in apart(left, right)):
                    yield node.lineno, _put(given, left), _put(given, right)

    def labels(self, node: ast.expr) -> Labels:
        """What an expression is made of."""
        match node:
            case ast.Name(id=name):
                return self._looked_up(name)
            case ast.Attribute():
                return self._of_attribute(node)
            case ast.Call():
                return self._of_call(node)
            case ast.BinOp():
                return self._of_operation(node)
        return NOTHING.union(*map(self.labels, parts_of(node)))

    def _of_attribute(self, node: ast.Attribute) -> Labels:
        if node.attr in EXACT_ATTRIBUTES:
            return NOTHING
        return self.labels(node.value) | self.program.known(self._full(node))

    def _of_operation(self, node: ast.BinOp) -> Labels:
        both = self.labels(node.left) | self.labels(node.right)
        power = isinstance(node.op, ast.Pow) and ast.unparse(node.right) not in EXACT_POWERS
        inexact = both >= ARRAY and (power or isinstance(node.op, ast.MatMult))
        return both | self._origin(node) if inexact else both

    def _looked_up(self, name: str) -> Labels:
        """A name of the function, of its file, or of the file it is imported from."""
        if name in self.function.names:
            return self.function.names[name]
        here = f"{self.module.dotted}.{name}"
        return self.program.known(here) | self.program.known(self.module.imported.get(name, ""))

    def _of_call(self, node: ast.Call) -> Labels:
        name = last_name(node.func)
        arguments = self._arguments(node)
        if self._full(node.func).startswith("numpy."):
            return self._of_numpy(node, name, arguments)
        if name in TOLERANCES:
            return arguments if has_no_tolerance(node) else APPROX
        if name in EXACT_CALLS:
            return NOTHING
        if name in SCALARS:
            return arguments - ARRAY
        if name == "dot" and arguments >= ARRAY:
            return arguments | self._origin(node)
        called = self._called(node.func)
        returned = [_put(self._given(one, node), one.returned) for one in called]
        return self.labels(node.func).union(*(returned if called else [arguments]))

    def _of_numpy(self, node: ast.Call, name: str, arguments: Labels) -> Labels:
        if name in EQUALITIES | TOLERANCES:
            return NOTHING
        if name in EXACT_CALLS:
            return ARRAY
        inexact = name in FUNCTIONS or not FOLDERS.isdisjoint(self._full(node.func).split("."))
        return arguments | ARRAY | (self._origin(node) if inexact else NOTHING)

    def _arguments(self, node: ast.Call) -> Labels:
        """What is given to a call: its arguments, and the object whose method it is."""
        values = [*node.args, *(keyword.value for keyword in node.keywords)]
        if isinstance(node.func, ast.Attribute):
            values.append(node.func.value)
        return NOTHING.union(*map(self.labels, values))

    def _called(self, node: ast.expr) -> list[Function]:
        """The functions among those read that a call may mean."""
        full = self._full(node)
        if isinstance(node, ast.Name) and node.id not in self.function.names:
            full = self.module.imported.get(node.id, f"{self.module.dotted}.{node.id}")
        if full in self.program.functions:
            return [self.program.functions[full]]
        is_method = isinstance(node, ast.Attribute) and full.startswith(".")
        return self.program.methods.get(last_name(node), []) if is_method else []

    def _given(self, function: Function, node: ast.Call) -> dict[str, Labels]:
        """What each parameter is given; where stars hide which, all of them everything."""
        names = [one.arg for one in function.parameters if one.arg != "self"]
        if any(isinstance(one, ast.Starred) for one in node.args) or any(
            keyword.arg is None for keyword in node.keywords
        ):
            return dict.fromkeys(names, self._arguments(node))
        given = dict(zip(names, map(self.labels, node.args), strict=False))
        return given | {str(one.arg): self.labels(one.value) for one in node.keywords}

    def _full(self, node: ast.expr) -> str:
        """``numpy.linalg.norm`` of ``np.linalg.norm``; begins with a dot for a part of a value."""
        if isinstance(node, ast.Attribute):
            return f"{self._full(node.value)}.{node.attr}"
        if isinstance(node, ast.Name) and node.id not in self.function.names:
            return self.module.imported.get(node.id, node.id)
        return ""

    def _origin(self, node: ast.expr) -> Labels:
        return frozenset([f"{self.module.file}:{node.lineno}"])


def apart(left: Labels, right: Labels) -> Labels:
    """What one side has alone; nothing where one states its tolerance."""
    return NOTHING if (left | right) & APPROX else (left ^ right) - ARRAY


def own(labels: Labels) -> Labels:
    """Labels without those of parameters."""
    return frozenset(label for label in labels if not label.startswith("@"))


def _put(given: Mapping[str, Labels], labels: Labels) -> Labels:
    """Labels with those of the arguments in the place of the parameters."""
    return own(labels).union(*(given.get(label[1:], NOTHING) for label in labels - own(labels)))
