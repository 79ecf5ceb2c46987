"""The options that commands share, and their parsers.

Typer hands defaults to parsers as well, so a parser lets through what is no text. Options are
never "required" to Typer: a missing one is reported by the command, with an example.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

import typer

from ropecalc import quantities
from ropecalc.cli.names import complete_model, complete_rope_type
from ropecalc.cli.talk import required, say
from ropecalc.errors import InvalidValueError

T = TypeVar("T")


def reader(read: Callable[[str], T]) -> Callable[[str | T], T]:
    """A parser for Typer: what ``read`` refuses becomes a usage error that names the option."""

    def parse(value: str | T) -> T:
        if not isinstance(value, str):
            return value
        try:
            return read(value)
        except InvalidValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def positive(parameter: str, example: str) -> Callable[[str | int], int]:
    """A parser of integers of at least 1."""
    return reader(partial(quantities.parse_positive_int, parameter=parameter, example=example))


def fraction(parameter: str, example: str) -> Callable[[str | float], float]:
    """A parser of numbers from 0 to 1."""
    return reader(partial(quantities.parse_fraction, parameter=parameter, example=example))


def tokens(text: str, parameter: str = "context") -> int:
    """A number of tokens; says what a suffix means. A number that may be a list is refused."""
    _refuse_several(text)
    value = quantities.parse_context(text, parameter)
    if quantities.has_suffix(text):
        say(f"{text} = {quantities.format_count(value)} tokens")
    return value


def _dims(text: str) -> tuple[int, ...]:
    return quantities.parse_int_list(text, "head_dim")


def _contexts(text: str) -> tuple[int, ...]:
    _refuse_doubtful(text, "--ctx")
    return quantities.parse_list(text, tokens)


def _bases(text: str) -> tuple[float, ...]:
    _refuse_doubtful(text, "--base")
    return quantities.parse_list(text, quantities.parse_base)


def one_base(text: str, parameter: str = "base") -> float:
    """A base; a number that may be a list is refused."""
    _refuse_several(text)
    return quantities.parse_base(text, parameter)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _refuse_several(text: str) -> None:
    """Refuse a list where one number is taken, and a number that may be a list."""
    _refuse_doubtful(text)
    values = quantities.parse_list(text, str.strip)
    if len(values) > 1:
        listed = " and ".join(filter(None, (", ".join(values[:-1]), values[-1])))
        raise InvalidValueError("options", f"one value is taken here, got {listed}: give one")


def _refuse_doubtful(text: str, option: str | None = None) -> None:
    """Refuse a number that may have been meant as several: a sweep for it may take hours.

    ``option`` is the one that takes several; None where only one number is possible.
    """
    parts = quantities.list_reading(text)
    if not parts:
        return
    one = f"{text.strip()} may be one number or {len(parts)}: write {text.strip().replace(',', '')}"
    several = f"{' '.join(f'{option} {part}' for part in parts)} for {len(parts)}"
    raise InvalidValueError(
        "options",
        f"{one} for one; it takes no list" if option is None else f"{one} for one, {several}",
    )


def _scaling_factor(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1 <= value <= quantities.LARGEST:
        raise InvalidValueError(
            "factor", f"factor must be a number from 1 to 1e18, such as 4, got {text!r}"
        )
    return value


def flat(option: str, given: Sequence[tuple[T, ...]] | None, example: str) -> list[T]:
    """The values of an option that may repeat and take lists; an error where there are none."""
    if not given:
        raise required(option, example)
    return [value for values in given for value in values]


def option(name: str, help_text: str, metavar: str, parser: Callable[[Any], Any]) -> Any:
    """An option with a value; its help says what it is unless given."""
    return typer.Option(name, help=help_text, metavar=metavar, parser=parser, show_default=False)


Dims = Annotated[
    list[Any] | None,
    option("--dim", "Head dimension; else 128; list: 64,128,256.", "D", reader(_dims)),
]
Contexts = Annotated[
    list[Any] | None,
    option(
        "--ctx",
        "Tokens: 32768 or 32k (k = 1,024); list: 8k,1M.",
        "TOKENS",
        reader(_contexts),
    ),
]
Context = Annotated[
    int | None,
    option("--ctx", "Context in tokens: 32768 or 32k (k = 1,024).", "TOKENS", reader(tokens)),
]
Bases = Annotated[
    list[Any] | None,
    option(
        "--base",
        "Base (rope_theta): 1e6 or 500k; list: 5e5,1e6.",
        "BASE",
        reader(_bases),
    ),
]
Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL",
        help="Known model, file, folder, org/name, - (stdin).",
        show_default=False,
        autocompletion=complete_model,
    ),
]
Layer = Annotated[
    str | None,
    typer.Option(
        "--layer",
        help="Kind of layer; else full attention.",
        metavar="TYPE",
        show_default=False,
    ),
]
RopeType = Annotated[
    str | None,
    typer.Option(
        "--rope-type",
        help="yarn, llama3, linear...: see 'explain scaling'.",
        metavar="TYPE",
        show_default=False,
        autocompletion=complete_rope_type,
    ),
]
Factor = Annotated[
    float | None,
    option(
        "--factor",
        "Scaling factor; else --ctx over --original-ctx.",
        "S",
        reader(_scaling_factor),
    ),
]
Original = Annotated[
    int | None,
    option(
        "--original-ctx",
        "Context before scaling; else that of maker or file.",
        "TOKENS",
        reader(partial(tokens, parameter="original_context")),
    ),
]
RotaryDim = Annotated[
    int | None,
    option(
        "--rotary-dim",
        "Rotated dimensions, even; all unless given.",
        "R",
        positive("rotary_dim", "64"),
    ),
]
PartialRotaryFactor = Annotated[
    float | None,
    option(
        "--partial-rotary-factor",
        "The same as a fraction of the head dimension.",
        "F",
        fraction("partial_rotary_factor", "0.5"),
    ),
]
IgnoreUnrotated = Annotated[
    bool,
    typer.Option(
        "--ignore-unrotated",
        help="Unrotated dimensions do not count; else they do.",
    ),
]
Margin = Annotated[
    float,
    option(
        "--margin",
        "Least S(m)/S(0); 0 unless given.",
        "TAU",
        fraction("margin", "0.05"),
    ),
]
MinWindow = Annotated[
    float | None,
    option(
        "--min-window",
        "Only windows at least this wide, such as 1e-3.",
        "W",
        fraction("min_window", "1e-3"),
    ),
]
NoTable = Annotated[
    bool, typer.Option("--no-table", help="Sweep even where a table has the answer.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
AsTsv = Annotated[bool, typer.Option("--tsv", help="Print tab-separated rows.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print a Markdown table.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print comma-separated rows.")]
Get = Annotated[
    list[Any] | None,
    option("--get", "Print only these fields of --json.", "FIELD,...", reader(_names)),
]
AllFields = Annotated[
    bool, typer.Option("--all-fields", help="With --csv, --tsv, --markdown: every column.")
]
Width = Annotated[
    int | None,
    option("--width", "Columns of text and plots.", "N", positive("width", "100")),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Print nothing.")]
