"""Findings file by file, and the rules that make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from ropecalc.render.findings import STYLES, describe_findings, tally
from ropecalc.render.records import plain
from ropecalc.results.findings import Finding, Severity

if TYPE_CHECKING:
    from ropecalc.lint.rule import Rule
    from ropecalc.render.console import Screen
    from ropecalc.render.records import Record
    from ropecalc.results import ModelConfig


def lint_record(model: ModelConfig, findings: Sequence[Finding]) -> Record:
    """The findings of one file as a record."""
    counts = {
        f"{severity.name.lower()}s": sum(finding.severity is severity for finding in findings)
        for severity in Severity
    }
    codes = [finding.code for finding in findings]
    about = {name: getattr(model, name) for name in ("source", "form", "model_type")}
    return {**about, **counts, "finding_codes": codes, "findings": plain(findings)}


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
    """Every rule: severity and code, what it finds, the affected stacks."""
    from ropecalc.render.console import screen
    from ropecalc.render.tables import headline, pairs

    on = screen(file)
    blocks = [headline(f"{len(rules)} rules", on)]
    for rule in rules:
        title = headline(f"{rule.severity.name.lower()}: {rule.code}", on, STYLES[rule.severity])
        blocks.append(f"{title}\n{pairs([('what', rule.title), ('where', rule.where)], on)}")
    on.write("\n\n".join(blocks))
