"""``ropecalc lint``: what in models' files will bite their users."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options
from ropecalc.cli.helptext import epilog
from ropecalc.cli.names import complete_model
from ropecalc.cli.output import Answer, choose, show, warn
from ropecalc.cli.target import files_in
from ropecalc.errors import InvalidValueError, RopecalcError
from ropecalc.render.lint import lint_record, lint_rows, rule_record
from ropecalc.render.machine import write_rows
from ropecalc.results.findings import Finding, Severity

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import ModelConfig

    Looked = Sequence[tuple[ModelConfig, Sequence[Finding]]]

SUMMARY = "What in models' files will bite their users, file by file?"
EPILOG = epilog(
    "ropecalc lint config.json",
    "ropecalc lint configs/ model.gguf -q",
    "ropecalc lint Qwen3-8B Llama-3.1-8B",
    "ropecalc lint config.json --strict --ignore base-below-bound --json",
    "ropecalc lint --rules",
    exit_0="no errors",
    exit_1="computed, and there are errors; with --strict, or warnings",
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
Quiet = Annotated[
    bool, options.quiet("Print file and code of each finding, a line each; with --rules the codes.")
]


def _known_code(text: str) -> str:
    from ropecalc.lint.table import RULES

    codes = [rule.code for rule in RULES]
    if text in codes:
        return text
    from difflib import get_close_matches

    near = get_close_matches(text, codes, 1)
    cure = f"did you mean {near[0]}?" if near else "see ropecalc lint --rules"
    raise InvalidValueError("ignore", f"no rule has the code {text!r}; {cure}")


Ignore = Annotated[
    list[Any] | None,
    options.option(
        "--ignore",
        "Leave out the findings of a rule; may repeat.",
        "CODE",
        options.reader(_known_code),
    ),
]


def command(
    models: Models = None,
    strict: Strict = False,
    ignore: Ignore = None,
    rules: Rules = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """Findings: what a stack will refuse or compute otherwise than the file says, and the cure.

    Each has a code, a severity (error, warning, note), and says which stack it bites. A file that
    cannot be read is named on stderr; the others are looked at all the same. Of a folder all
    config.json, params.json and GGUF files below it are, or else its .json files.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    if rules:
        show(_rules(), form)
        return
    if not models:
        raise InvalidValueError("options", "no model was named: give its file, such as config.json")
    models = [file for target in models for file in files_in(target)]
    ignored = frozenset(ignore or ())
    looked = list(_looked(models, ignored))
    inputs = {"models": list(models), "strict": strict, "ignore": sorted(ignored)}
    show(_answer(looked, inputs), form)
    worst = {finding.severity for _, found in looked for finding in found}
    failed = Severity.ERROR in worst or (strict and Severity.WARNING in worst)
    raise typer.Exit(BAD_INPUT if len(looked) < len(models) else int(failed))


def _looked(
    models: Iterable[str], ignored: frozenset[str]
) -> Iterator[tuple[ModelConfig, tuple[Finding, ...]]]:
    """The findings of every model that can be read; one line on stderr for each that cannot."""
    from ropecalc.cli.target import load
    from ropecalc.lint import findings

    for name in models:
        try:
            model = load(name)
        except RopecalcError as error:
            warn(f"Error: {error}")
        else:
            found = findings(model)
            yield model, tuple(finding for finding in found if finding.code not in ignored)


def _answer(looked: Looked, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.lint import show_lint

        show_lint(looked, file)

    def rows(file: TextIO, separator: str) -> None:
        lines = (row for model, found in looked for row in lint_rows(model, found))
        write_rows(file, lines, separator)

    return Answer(
        command="lint",
        inputs=inputs,
        records=(lint_record(model, found) for model, found in looked),
        bare=((model.source, finding.code) for model, found in looked for finding in found),
        table=table,
        rows=rows,
    )


def _rules() -> Answer:
    from ropecalc.lint.table import RULES

    def table(file: TextIO) -> None:
        from ropecalc.render.lint import show_rules

        show_rules(RULES, file)

    return Answer(
        command="lint",
        inputs={"rules": True},
        records=map(rule_record, RULES),
        bare=(rule.code for rule in RULES),
        table=table,
    )
