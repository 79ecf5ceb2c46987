"""``ropecalc lint``: errors and warnings in model files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options
from ropecalc.cli.folders import models_in
from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_model
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.talk import report, warn
from ropecalc.errors import ConfigError, InvalidValueError, RopecalcError
from ropecalc.likeness import likest
from ropecalc.render.lint import lint_record
from ropecalc.render.records import record
from ropecalc.render.rows import columns, lint_rows
from ropecalc.results.findings import Finding, Severity

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import ModelConfig

    Looked = Sequence[tuple[ModelConfig, Sequence[Finding]]]

SUMMARY = "Errors and warnings in model files, file by file."
EPILOG = epilog(
    "ropecalc lint config.json",
    "ropecalc lint configs/ model.gguf -q",
    "ropecalc lint Qwen3-8B Llama-3.1-8B",
    "ropecalc lint configs/ --error base-below-bound",
    "ropecalc lint --rules",
    exit_0="no errors",
    exit_1="there are errors; with --strict also warnings",
)
BAD_INPUT = 2

Models = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL...",
        help="Files, folders, - for stdin, known models, org/name on the hub.",
        show_default=False,
        autocompletion=complete_model,
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 on warnings too.")]
Rules = Annotated[bool, typer.Option("--rules", help="List all rules instead.")]
QUIET = "Print nothing: the exit code is the answer."


def _known_code(text: str) -> str:
    from ropecalc.lint.table import RULES

    codes = [rule.code for rule in RULES]
    if text in codes:
        return text
    near = likest(text, codes)
    cure = f"did you mean {near[0]}?" if near else "see ropecalc lint --rules"
    raise InvalidValueError("ignore", f"no rule has the code {text!r}; {cure}")


def _known_codes(text: str) -> tuple[str, ...]:
    return tuple(map(_known_code, text.split(",")))


Select = Annotated[
    list[Any] | None,
    options.option(
        "--select",
        "Only the findings of a rule; lists, may repeat.",
        "CODE",
        options.reader(_known_codes),
    ),
]
RaiseTo = Annotated[
    list[Any] | None,
    options.option(
        "--error",
        "Count the findings of a rule as errors, for a CI.",
        "CODE",
        options.reader(_known_codes),
    ),
]
Ignore = Annotated[
    list[Any] | None,
    options.option(
        "--ignore",
        "Leave out the findings of a rule; lists, may repeat.",
        "CODE",
        options.reader(_known_codes),
    ),
]


def command(
    *,
    models: Models = None,
    strict: Strict = False,
    select: Select = None,
    ignore: Ignore = None,
    error: RaiseTo = None,
    rules: Rules = False,
    out: Output,
) -> None:
    """Errors (a stack rejects the file, or computes something else), warnings and notes.

    Each has a code, the affected stack and the cure. Whether a base is enough for a context is a
    note here: 'ropecalc check configs/ --ctx 64k' exits 1 for that. Of a folder all config.json,
    params.json and GGUF files in it and below it are read, or else its .json files. What cannot be
    read is named on stderr; the others are read all the same.
    """
    if rules:
        out.show(_rules())
        return
    if not models:
        raise InvalidValueError("options", "no model was named: give its file, such as config.json")
    sieve = _Sieve(
        *(
            frozenset(code for codes in given or () for code in codes)
            for given in (select, ignore, error)
        )
    )
    problems: list[str] = []
    try:
        files, looked = _looked(models, sieve, problems)
    finally:  # not before: a line would break the progress bar
        for problem in problems:
            report(f"Error: {problem}")
    inputs = {"models": files, "strict": strict, "select": sorted(sieve.selected)}
    inputs |= {"ignore": sorted(sieve.ignored), "error": sorted(sieve.raised)}
    if looked or not problems:  # an empty list would say that nothing was found
        out.show(_answer(looked, inputs))
    worst = {finding.severity for _, found in looked for finding in found}
    failed = Severity.ERROR in worst or (strict and Severity.WARNING in worst)
    raise typer.Exit(BAD_INPUT if problems else int(failed))


@dataclass(frozen=True)
class _Sieve:
    """Which findings count, and as what."""

    selected: frozenset[str]
    """Codes of the only rules that count; all where there are none."""
    ignored: frozenset[str]
    raised: frozenset[str]
    """Codes whose findings are errors."""

    def of(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that count, errors first."""
        kept = [
            replace(one, severity=Severity.ERROR) if one.code in self.raised else one
            for one in findings
            if one.code not in self.ignored and (not self.selected or one.code in self.selected)
        ]
        order = list(Severity)
        return sorted(kept, key=lambda one: order.index(one.severity))


def _looked(targets: Iterable[str], sieve: _Sieve, problems: list[str]) -> tuple[list[str], Looked]:
    """The models that targets name, and the findings of each that can be read.

    ``problems`` gets a line for each model or folder that cannot. Raises KeyboardInterrupt with
    how far it came in words.
    """
    from ropecalc.render.progress import progress

    with progress("looking for models") as report:
        files = models_in(targets, report, problems.append, warn)
    looked: list[tuple[ModelConfig, Sequence[Finding]]] = []
    with progress(f"{len(files):,} files") as report:
        done = 0
        try:
            for done, name in enumerate(files):
                report(done, len(files))
                looked += _found(name, sieve, problems)
        except KeyboardInterrupt:
            text = f"{done:,} of {len(files):,} files were read"
            raise KeyboardInterrupt(text) from None
    return files, looked


def _found(
    name: str, sieve: _Sieve, problems: list[str]
) -> Iterator[tuple[ModelConfig, Sequence[Finding]]]:
    """The findings of a model, or none and a problem more."""
    from ropecalc.cli.target import load
    from ropecalc.lint import findings
    from ropecalc.models.textual import read_textual

    try:
        model = load(name)
    except RopecalcError as error:
        found = read_textual(name) if isinstance(error, ConfigError) else None
        if found is None:
            problems.append(str(error))
            return
        model = found
    yield model, sieve.of(findings(model))


def _answer(looked: Looked, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.lint import show_lint

        show_lint(looked, file)

    return Answer(
        command="lint",
        inputs=inputs,
        records=(lint_record(model, found) for model, found in looked),
        bare=(),
        table=table,
        rows=lint_rows(looked),
        # where no file could be read there is no answer, not an empty one
        columns=["source", *columns("Finding")] if looked else (),
    )


def _rules() -> Answer:
    from ropecalc.lint.table import RULES

    def table(file: TextIO) -> None:
        from ropecalc.render.lint import show_rules

        show_rules(RULES, file)

    return Answer(
        command="lint",
        inputs={"rules": True},
        records=map(record, RULES),
        bare=(),
        table=table,
    )
