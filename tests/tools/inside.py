"""ropecalc run within this process as a shell would run it: much quicker than one of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, chdir, contextmanager
from io import BytesIO, TextIOWrapper
from unittest.mock import patch

from tests.tools.places import ROOT

Done = subprocess.CompletedProcess[str]


def run_inside(args: Sequence[str], stdin: str = "") -> Done:
    """Exit code, stdout and stderr of ``python -m ropecalc ARGS`` in the checkout.

    The streams are bytes in UTF-8 beneath, and no terminal. What a process has alone is not here:
    file numbers, signals, an environment read when Python or a library starts, fresh imports.
    """
    with ExitStack() as stack:
        out, err = (_stream(errors) for errors in ("strict", "backslashreplace"))
        for name, value in {
            "argv": [str(ROOT / "ropecalc" / "__main__.py"), *args],
            "stdin": TextIOWrapper(BytesIO(stdin.encode()), "utf-8"),
            "stdout": out,
            "stderr": err,
        }.items():
            stack.enter_context(patch.object(sys, name, value))
        stack.enter_context(patch.dict(os.environ))
        stack.enter_context(chdir(ROOT))
        stack.enter_context(_signals_kept())
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", DeprecationWarning)  # of libraries, as in a process
        code = _exit_code()
    return Done(list(args), code, _text(out), _text(err))


def _exit_code() -> int:
    """What ``sys.exit(main())`` makes of it, with the traceback of what nobody caught."""
    from ropecalc.cli.entry import main

    try:
        return main()
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001  as the interpreter does
        traceback.print_exc()
        return 1


def _stream(errors: str) -> TextIOWrapper:
    return TextIOWrapper(BytesIO(), "utf-8", errors=errors, newline="\n", write_through=True)


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, BytesIO)
    return buffer.getvalue().decode()


@contextmanager
def _signals_kept() -> Iterator[None]:
    """A command lets a closed pipe end it, which is not for what comes after."""
    pipe = getattr(signal, "SIGPIPE", None)
    before = signal.getsignal(pipe) if pipe is not None else None
    yield
    if pipe is not None:
        signal.signal(pipe, before)
