"""A rule: what it looks for, its severity, the affected stacks, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ropecalc.lint.subject import Said, Subject
from ropecalc.results.findings import Finding, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of ``ropecalc.lint.table.RULES``."""

    code: str
    severity: Severity
    title: str
    """What it finds, in one line."""
    where: str
    """The affected stacks, with the version that the claim was checked on."""
    look: Callable[[Subject], Iterator[Said]]

    def findings(self, subject: Subject) -> Iterator[Finding]:
        """What it finds in a file."""
        for said in self.look(subject):
            yield Finding(
                code=self.code,
                severity=self.severity,
                message=f"{said.message}.",
                cure=said.cure,
                where=self.where,
                layer_type=said.layer_type,
            )
