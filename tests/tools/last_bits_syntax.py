"""What ``last_bits`` asks of a syntax tree, one node at a time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator


def nodes_of(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a function, or of a module outside its functions and methods."""
    yield node
    for child in ast.iter_child_nodes(node):
        outside = isinstance(node, ast.Module | ast.ClassDef)
        if not (outside and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)):
            yield from nodes_of(child)


def words_of(node: ast.AST) -> Iterator[str]:
    """The identifiers that a node is or has."""
    for name in ("id", "attr", "arg"):
        if isinstance(word := getattr(node, name, None), str):
            yield word


def values_returned(nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    for node in nodes:
        if isinstance(node, ast.Return | ast.Yield | ast.YieldFrom) and node.value is not None:
            yield node.value


def last_name(node: ast.expr) -> str:
    """``norm`` of ``np.linalg.norm``; nothing of what has no name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def parts_of(node: ast.expr) -> list[ast.expr]:
    """The expressions whose values a value holds."""
    match node:
        case ast.Compare() | ast.FormattedValue(format_spec=ast.expr()):
            return []  # a format has fewer digits than a last bit takes
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.Subscript():
            return [node.value]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return [node.elt]
        case ast.DictComp():
            return [node.key, node.value]
        case ast.Lambda():
            return [node.body]
    return [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]


def item_of(node: ast.expr) -> ast.expr:
    """One item of what a loop runs over: a tuple of its parts for ``zip`` and ``enumerate``."""
    if isinstance(node, ast.Call) and last_name(node.func) == "zip":
        return ast.Tuple([item_of(value) for value in node.args])
    if isinstance(node, ast.Call) and last_name(node.func) == "enumerate" and node.args:
        return ast.Tuple([ast.Constant(0), item_of(node.args[0])])
    return node


def pairs_of(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Target and value; one by one where both are tuples of the same length."""
    if (
        isinstance(target, ast.Tuple | ast.List)
        and isinstance(value, ast.Tuple | ast.List)
        and len(target.elts) == len(value.elts)
        and not any(isinstance(one, ast.Starred) for one in [*target.elts, *value.elts])
    ):
        for each, its in zip(target.elts, value.elts, strict=True):
            yield from pairs_of(each, its)
    else:
        yield target, value


def names_bound(target: ast.expr) -> Iterator[str]:
    """A name, the names in a tuple, or the name whose part is assigned."""
    while isinstance(target, ast.Subscript | ast.Attribute | ast.Starred):
        target = target.value
    if isinstance(target, ast.Name):
        yield target.id
    for one in getattr(target, "elts", []):
        yield from names_bound(one)


def bindings_of(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The targets that a statement or a comprehension binds, each with a value."""
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                yield from pairs_of(target, value)
        case ast.AugAssign(target=target, op=operator, value=value):
            yield target, ast.BinOp(target, operator, value, lineno=node.lineno)
        case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
            yield from pairs_of(target, item_of(value))
        case (
            ast.AnnAssign(target=target, value=ast.expr() as value)
            | ast.NamedExpr(target=target, value=value)
            | ast.withitem(context_expr=value, optional_vars=ast.expr() as target)
        ):
            yield from pairs_of(target, value)


def parametrized(node: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """The names of a ``parametrize`` with their values, case by case if they are written out."""
    if not isinstance(node, ast.Call) or last_name(node.func) != "parametrize":
        return
    names, cases = node.args[:2]
    words: list[ast.expr] = [ast.Name(word) for word in re.findall(r"\w+", ast.unparse(names))]
    for case in cases.elts if isinstance(cases, ast.List | ast.Tuple) else [cases]:
        if isinstance(case, ast.Call) and last_name(case.func) == "param":
            yield from pairs_of(ast.Tuple(words), ast.Tuple(case.args))
        else:
            yield from pairs_of(ast.Tuple(words) if len(words) > 1 else words[0], case)


def is_equality(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
    """``==``, ``in`` a list that is written out, or an absolute value at most zero."""
    if isinstance(operator, ast.In | ast.NotIn):
        return isinstance(right, ast.Tuple | ast.List | ast.Set)
    if isinstance(operator, ast.LtE | ast.GtE):
        texts = {ast.unparse(left), ast.unparse(right)}
        return any("abs(" in text for text in texts) and bool({"0", "0.0"} & texts)
    return isinstance(operator, ast.Eq | ast.NotEq)


def has_no_tolerance(node: ast.Call) -> bool:
    """Whether all tolerances that a call states are zero."""
    names = ("rel", "abs", "rtol", "atol", "rel_tol", "abs_tol")
    stated = [ast.unparse(one.value) for one in node.keywords if one.arg in names]
    return bool(stated) and set(stated) <= {"0", "0.0"}
