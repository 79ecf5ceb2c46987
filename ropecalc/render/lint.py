"""Findings file by file, and the rules that make them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.findings import STYLES, describe_findings, finding_record, tally
from ropecalc.results.findings import Finding, Severity

if TYPE_CHECKING:
    from ropecalc.lint.rule import Rule
    from ropecalc.render.console import Screen
    from ropecalc.render.machine import Record
    from ropecalc.results import ModelConfig

COLUMNS = ("source", *(field.name for field in fields(Finding)))  # of the rows


def lint_record(model: ModelConfig, findings: Sequence[Finding]) -> Record:
    """The findings of one file as a record."""
    counts = {
        f"{severity.name.lower()}s": sum(finding.severity is severity for finding in findings)
        for severity in Severity
    }
    return {
        "source": model.source,
        "form": model.form,
        "model_type": model.model_type,
        **counts,
        "finding_codes": [finding.code for finding in findings],
        "findings": [finding_record(finding) for finding in findings],
    }


def lint_rows(model: ModelConfig, findings: Sequence[Finding]) -> Iterator[Record]:
    """A row a finding."""
    for finding in findings:
        yield {"source": model.source, **finding_record(finding)}


def rule_record(rule: Rule) -> Record:
    """A rule as a record."""
    return {
        "code": rule.code,
        "severity": rule.severity.name.lower(),
        "title": rule.title,
        "where": rule.where,
    }


def show_lint(looked: Sequence[tuple[ModelConfig, Sequence[Finding]]], file: TextIO) -> None:
    """The findings of every file, under its name."""
    from ropecalc.render.console import screen

    on = screen(file)
    if looked:
        on.write("\n\n\n".join(_of_file(model, found, on) for model, found in looked))


def _of_file(model: ModelConfig, findings: Sequence[Finding], on: Screen) -> str:
    from ropecalc.render.glyphs import printable
    from ropecalc.render.tables import headline

    name = printable(model.source)
    if not findings:
        return headline(f"{on.glyphs.yes} {name}: nothing found", on, "bold green")
    bad = any(finding.severity is Severity.ERROR for finding in findings)
    sign, style = (on.glyphs.no, "bold red") if bad else (on.glyphs.yes, "bold green")
    title = headline(f"{sign} {name}: {tally(findings)}", on, style)
    return f"{title}\n\n{describe_findings(findings, on)}"


def show_rules(rules: Sequence[Rule], file: TextIO) -> None:
    """Every rule: severity and code, what it finds, whom that bites."""
    from ropecalc.render.console import screen
    from ropecalc.render.tables import headline, pairs

    on = screen(file)
    blocks = [headline(f"{len(rules)} rules", on)]
    for rule in rules:
        title = headline(f"{rule.severity.name.lower()}: {rule.code}", on, STYLES[rule.severity])
        blocks.append(f"{title}\n{pairs([('what', rule.title), ('where', rule.where)], on)}")
    on.write("\n\n".join(blocks))
