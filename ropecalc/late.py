"""Names of a package that load on first use (PEP 562): those that it imports for type checkers."""

from __future__ import annotations

import pkgutil
import re
import sys
from functools import cache
from importlib import import_module

IMPORT = re.compile(r"^    from (ropecalc[\w.]*) import \(?\s*(\w+) as \w+", re.MULTILINE)


@cache
def homes(package: str) -> dict[str, str]:
    """name -> its module: the imports under ``if TYPE_CHECKING`` in the package's own source."""
    source = pkgutil.get_data(package, "__init__.py") or b""
    found = IMPORT.findall(source.decode())
    return {name: module for module, name in found}


def late(package: str, name: str) -> object:
    """A name of a package, from its module, kept in the package; AttributeError for no such name.

    >>> import ropecalc.scaling
    >>> late("ropecalc.scaling", "linear").__name__
    'linear'
    """
    module = homes(package).get(name)
    if module is None:
        raise AttributeError(f"module {package!r} has no attribute {name!r}")
    if module == package:
        return import_module(f"{package}.{name}")
    value: object = getattr(import_module(module), name)
    setattr(sys.modules[package], name, value)
    return value
