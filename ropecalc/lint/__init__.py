"""Errors and warnings in a model's file: ``findings``, by the rules of ``lint.table``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ropecalc.isolated import isolated

if TYPE_CHECKING:
    from os import PathLike

    from ropecalc.results import Finding, ModelConfig


@isolated
def findings(model: ModelConfig | str | PathLike[str]) -> tuple[Finding, ...]:
    """Errors, warnings and notes about a model file.

    Errors come first, then warnings, then notes, each in the order of the rules.

    Parameters
    ----------
    model : from ``ropecalc.read_config``, or a known model's name or a path

    >>> import tempfile
    >>> from pathlib import Path
    >>> import ropecalc
    >>> file = Path(tempfile.mkdtemp()) / "config.json"
    >>> scaling = '"rope_scaling": {"rope_type": "linear", "factor": 4}'
    >>> head = '"head_dim": 128, "max_position_embeddings": 4096, "rope_theta": 5e5'
    >>> _ = file.write_text('{' + head + ', ' + scaling + '}')
    >>> [finding.code for finding in findings(ropecalc.read_config(file))]
    ['integer-factor', 'linear-twice']
    """
    from ropecalc.lint.subject import subject_of
    from ropecalc.lint.table import RULES
    from ropecalc.models.named import as_model
    from ropecalc.results import Severity

    subject = subject_of(as_model(model))
    found = [finding for rule in RULES for finding in rule.findings(subject)]
    order = list(Severity)
    return tuple(sorted(found, key=lambda finding: order.index(finding.severity)))
