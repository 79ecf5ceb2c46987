"""A stack's process: cases as lines of JSON in, what the stack made of each as lines out.

A module of a stack has ``real(config, override, ctx, argv)``, a dictionary with ``length``,
``layers`` and what else it tells, or ``error`` and the ``stage`` that raised it; it runs in the
stack's own environment and imports nothing of ropecalc.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Real = Callable[[Json, Json | None, int | None, list[str]], Json]


class StoppedError(Exception):
    """What a stack raised, and where."""

    def __init__(self, stage: str, error: BaseException, **told: Any) -> None:
        super().__init__(stage)
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        self.told = {"error": f"{type(error).__name__}: {' '.join(lines)}"[:240], "stage": stage}
        self.told.update(told)


@contextlib.contextmanager
def stage(name: str, **told: Any) -> Iterator[None]:
    """Have what the stack raises within told as an error of this stage."""
    try:
        yield
    except (Exception, SystemExit) as error:  # an error is a result
        if os.environ.get("ROPECALC_TRACE"):
            traceback.print_exc()
        raise StoppedError(name, error, **told) from error


@contextlib.contextmanager
def folder(config: Json) -> Iterator[str]:
    """A folder with a config.json."""
    with tempfile.TemporaryDirectory() as path:
        (Path(path) / "config.json").write_text(json.dumps(config), encoding="utf-8")
        yield path


def serve(real: Real) -> None:
    """Answer each case on stdin; what the stack prints goes to stderr."""
    out = sys.stdout
    sys.stdout = sys.stderr
    for line in sys.stdin:
        case = json.loads(line)
        try:
            found = real(
                case["config"], case.get("override"), case.get("ctx"), case.get("argv", [])
            )
        except StoppedError as stopped:
            found = stopped.told
        print(json.dumps(_rounded(found)), file=out, flush=True)
        gc.collect()  # of models, whose tables are large


def _rounded(value: Any) -> Any:
    """Floats to seven digits: the stacks compute in float32."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
