"""Where the program meets the shell: every error becomes one line on stderr and an exit code.

Typer's own usage errors are known by what they offer (``format_message``), since their classes
have moved between Typer's versions and have no public name.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from io import TextIOWrapper
from typing import ParamSpec, Protocol, TextIO, runtime_checkable

import typer

from ropecalc.cli import BAD_INPUT, INTERRUPTED, PROGRAM, talk
from ropecalc.cli.commands import COMMANDS
from ropecalc.cli.helptext import examples
from ropecalc.cli.overview import overview
from ropecalc.errors import InvalidValueError, RopecalcError

P = ParamSpec("P")
DEBUG_VARIABLE = "ROPECALC_DEBUG"
COMPLETE_VARIABLE = "_ROPECALC_COMPLETE"  # in which a shell says that it wants words completed
OPTIONS = {  # parameter of the library -> option of the commands, where the names differ
    "head_dim": "--dim",
    "context": "--ctx",
    "round_digits": "--round",
    "spectrum": "--base",
    "original_context": "--original-ctx",
}
OWN_OPTIONS = (
    "rotary_dim partial_rotary_factor base margin limit digits points every kind width height "
    "backend jobs dask save layer layer_number weights min_window head layout of rope_type "
    "output"
).split()


@runtime_checkable
class UsageProblem(Protocol):
    """What Typer raises for a command line that it cannot read."""

    exit_code: int

    def format_message(self) -> str:
        """The problem in words."""


def run(app: typer.Typer) -> int:
    """Run an application on the process's arguments; returns the exit code.

    Without arguments it shows what people do with it, and the exit code says that this was no
    answer.
    """
    talk.begin()
    _die_quietly_on_a_closed_pipe()
    _escape_what_stdout_cannot_carry()
    # The sweep makes thousands of small products: threads bring it 10% on an idle machine, and
    # waiting for each other makes them ten times slower than one on a busy one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    args = sys.argv[1:]
    try:
        code = _called(app, args)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the last place that can turn it into one line
        return _report(error)
    return code if isinstance(code, int) else 0


def _escape_what_stdout_cannot_carry() -> None:
    """A file may have any name, and its rows go to a stream of any encoding, as on stderr."""
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        with contextlib.suppress(OSError):  # it flushes: what cannot be written is reported later
            sys.stdout.reconfigure(errors="backslashreplace")


def _called(app: typer.Typer, args: list[str]) -> object:
    if args or COMPLETE_VARIABLE in os.environ:
        return app(args=args, prog_name=PROGRAM, standalone_mode=False)
    print(overview())
    return BAD_INPUT


def telling(command: Callable[P, None]) -> Callable[P, None]:
    """A command that says what is known so far when it is interrupted.

    Here, since Typer makes an exit code of an interrupt before ``run`` sees it.
    """

    @wraps(command)
    def told(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except KeyboardInterrupt as interrupt:
            if str(interrupt):
                print(f"Interrupted: {interrupt}", file=sys.stderr)
            raise

    return told


def option_of(parameter: str) -> str | None:
    """The option that a parameter of the library is given by; None where there is none."""
    if parameter in OWN_OPTIONS:
        return "--" + parameter.replace("_", "-")
    return OPTIONS.get(parameter)


def _die_quietly_on_a_closed_pipe() -> None:
    """``ropecalc ... | head -1`` ends as cat does, by SIGPIPE, where the system has it."""
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _report(error: Exception) -> int:
    """Write one line about an error, or its traceback where that was asked for."""
    if isinstance(error, OSError):
        _drop_what_is_unwritten(sys.stdout)
    try:
        _tell(error)
    except OSError:  # no stream is left; the exit code remains
        _drop_what_is_unwritten(sys.stderr)
    return BAD_INPUT


def _tell(error: Exception) -> None:
    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        traceback.print_exception(error)
    else:
        line = " ".join(_message(error).split())
        print(talk.wrapped(f"Error: {_encodable(line)}"), file=sys.stderr)


def _drop_what_is_unwritten(stream: TextIO) -> None:
    """Keep the interpreter from trying, and complaining, again on its way out."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _message(error: Exception) -> str:
    """An error in words: the option it came by, and the cure."""
    if isinstance(error, RopecalcError):
        # in the words of Typer's own errors, so that one pattern finds them all
        option = _option_behind(error)
        return f"Invalid value for '{option}': {error}" if option else str(error)
    if isinstance(error, OSError):
        return f"the answer cannot be written ({error.strerror}): write it elsewhere"
    if isinstance(error, MemoryError):
        return "not enough memory: compute less at a time, such as a shorter --ctx"
    if isinstance(error, UsageProblem):
        words = _nearest_first(error) or error.format_message().rstrip()
        return words + "." * (words[-1:] not in ".?!") + _where_to_look(error)
    return (
        f"unexpected {type(error).__name__}: {error}; this is a fault of {PROGRAM}: please report "
        f"it with the traceback that {DEBUG_VARIABLE}=1 shows"
    )


def _nearest_first(error: Exception) -> str:
    """The message about an unknown option, with the most likely one first; none for others."""
    possible = getattr(error, "possibilities", None)
    named = getattr(error, "option_name", None)
    if not possible or not named:
        return ""
    from ropecalc.likeness import slips

    close = sorted(possible, key=lambda option: slips(named, option))[:2]
    return f"No such option: {named}. Did you mean {' or '.join(close)}?"


def _option_behind(error: RopecalcError) -> str | None:
    """The option whose value an error is about, where it is about one."""
    return option_of(error.parameter) if isinstance(error, InvalidValueError) else None


def _where_to_look(error: Exception) -> str:
    """For what is not a bad value: a line that works, and which help lists what there is."""
    if isinstance(error, typer.BadParameter):
        return ""
    path = getattr(getattr(error, "ctx", None), "command_path", _as_typed())
    return f"{_such_as(path)} Run '{path} -h' to see what there is."


def _as_typed() -> str:
    """The program with the command that it was called with, if that is one."""
    return " ".join([PROGRAM, *(word for word in sys.argv[1:2] if word in COMMANDS)])


def _such_as(path: str) -> str:
    """The first example of a command."""
    module = COMMANDS.get(path.removeprefix(f"{PROGRAM} "))
    return f" An example: {examples(module.EPILOG)[0]}." if module else ""


def _encodable(line: str) -> str:
    encoding = getattr(sys.stderr, "encoding", None) or "ascii"
    return line.encode(encoding, "backslashreplace").decode(encoding)
