"""``ropecalc verify``: does a certificate prove what it claims."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.errors import InvalidValueError

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Verification

SUMMARY = "Does a certificate prove what it claims?"
EPILOG = epilog(
    "ropecalc verify proof.json",
    "ropecalc verify proof.json --backend mpmath --json",
    "ropecalc verify - < proof.json",
    exit_0="proved",
    exit_1="no, not proved: the first link that fails is named",
)

File = Annotated[
    str | None,
    typer.Argument(
        help="Certificate that min-base or min-factor wrote; - reads standard input.",
        metavar="FILE",
        show_default=False,
    ),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        help="Library of the arithmetic: mpmath, arb (python-flint), or auto, which is arb where "
        "it is installed and mpmath elsewhere; auto unless given.",
        metavar="NAME",
        show_default=False,
    ),
]
QUIET = "Print nothing: the exit code is the answer."


def command(
    *,
    file: File = None,
    backend: Backend = "auto",
    out: Output,
) -> None:
    """Check a certificate with numbers that carry their own error, without the solver's code.

    Proves every link of its chain, and that the bound holds at the high end of its claim.
    """
    if file is None:
        raise InvalidValueError(
            "options", "no certificate was named: give its file, such as proof.json"
        )
    result = _verify(file, backend)
    out.show(_answer(result, {"file": file, "backend": backend}))
    raise typer.Exit(0 if result.proved else 1)


def _verify(file: str, backend: str) -> Verification:
    import ropecalc
    from ropecalc.render.progress import progress

    with progress("verify") as report:
        return ropecalc.verify(file, backend=backend, progress=report)


def _answer(result: Verification, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.proof import show_verification

        show_verification(result, file)

    from ropecalc.render.records import record

    return Answer(
        command="verify",
        inputs=inputs,
        records=[record(result, seconds=round(result.seconds, 3))],
        bare=(),
        table=table,
        columns=("kind", "rotary_dim", "context", "low", "high", "proved", "reason", "seconds"),
    )
