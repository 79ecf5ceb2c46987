"""Findings: a block each for people, a record each for programs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ropecalc.results.configs import EVERY_LAYER
from ropecalc.results.findings import Finding, Severity

if TYPE_CHECKING:
    from ropecalc.render.console import Screen

COMMAND = re.compile(r"ropecalc [a-z-]+(?: --?[a-z-]+(?: \w+)?)+")
STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def tally(findings: Sequence[Finding]) -> str:
    """How many there are of each severity, the worst first.

    >>> tally([])
    'no findings'
    """
    counts = [(severity.name.lower(), _number(findings, severity)) for severity in Severity]
    parts = [f"{n} {word}{'s' * (n > 1)}" for word, n in counts if n]
    return ", ".join(parts) or "no findings"


def _number(findings: Sequence[Finding], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)


def describe_findings(findings: Sequence[Finding], screen: Screen) -> str:
    """A block for each finding, the worst first."""
    order = list(Severity)
    ranked = sorted(findings, key=lambda finding: order.index(finding.severity))
    return "\n\n".join(describe_finding(finding, screen) for finding in ranked)


def describe_finding(finding: Finding, screen: Screen) -> str:
    """Severity and code, then the fact, the cure, and the affected stacks."""
    from ropecalc.render.glyphs import printable
    from ropecalc.render.tables import headline, pairs

    about = "" if finding.layer_type in (None, EVERY_LAYER) else f", {finding.layer_type}"
    title = f"{finding.severity.name.lower()}: {finding.code}{printable(about)}"
    rows = [("what", finding.message), ("cure", finding.cure), ("where", finding.where)]
    shown = [(name, _whole_commands(printable(text))) for name, text in rows if text]
    return f"{headline(title, screen, STYLES[finding.severity])}\n{pairs(shown, screen)}"


def _whole_commands(text: str) -> str:
    """``text`` whose commands stay on one line each, for copying."""
    from ropecalc.render.tables import tied

    return COMMAND.sub(lambda found: tied(found[0]), text)
