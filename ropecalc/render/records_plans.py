"""Plans for programs: a record a plan, a row a candidate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ropecalc.render.emitted import patch_record
from ropecalc.render.inspected import rope_record

if TYPE_CHECKING:
    from ropecalc.render.machine import Record
    from ropecalc.results import Candidate, Emission, Plan
    from ropecalc.stacks.transformers.patch import Patch

LISTS = ("parameters", "angular_frequencies")


def plan_record(
    plan: Plan, written: Sequence[tuple[str, Emission]] = (), patch: Patch | None = None
) -> Record:
    """A Plan as a record, with the settings that were written for stacks, (method, emission), and
    into a file.
    """
    return {
        **_plan(plan),
        "original": candidate_record(plan.original),
        "candidates": [candidate_record(one) for one in plan.candidates],
        "with_training": plan.with_training,
        "with_training_reason": plan.with_training_reason,
        "without_training": plan.without_training,
        "without_training_reason": plan.without_training_reason,
        "notes": list(plan.notes),
        "written": [emission_record(method, emission) for method, emission in written],
        "patch": None if patch is None else patch_record(patch),
    }


def plan_rows(plan: Plan) -> Iterator[Record]:
    """A row a candidate, the head as it is first, without what does not fit a cell."""
    for one in (plan.original, *plan.candidates):
        record = candidate_record(one)
        yield {
            **_plan(plan),
            **{key: value for key, value in record.items() if key not in LISTS},
            "advised_with_training": one.method == plan.with_training,
            "advised_without_training": one.method == plan.without_training,
        }


def _plan(plan: Plan) -> Record:
    return {
        "model": None if plan.model is None else plan.model.source,
        "trained_context": plan.trained_context,
        "context": plan.context,
        "critical_dimension": plan.critical_dimension,
        "critical_base": plan.critical_base,
    }


def candidate_record(one: Candidate) -> Record:
    """A Candidate as a record; ``similarity_at_target`` is divided by S(0)."""
    check = one.check
    return {
        "method": one.method,
        **rope_record(one.rope),
        "attention_factor": one.spectrum.attention_factor,
        "softmax_factor": one.spectrum.softmax_factor,
        "angular_frequencies": one.spectrum.angular_frequencies.tolist(),
        "holds": check.holds,
        "first_violation": check.first_violation,
        "violations": check.violations,
        "worst_distance": check.worst_distance,
        "worst_similarity": check.worst_similarity,
        "similarity_at_target": one.similarity_at_target,
        "unseen_pairs": one.unseen_pairs,
        "unseen_turns": one.unseen_turns,
        "blur_1": one.blur_1,
        "blur_16": one.blur_16,
        "meant_without_training": one.without_training,
    }


def emission_record(method: str, emission: Emission) -> Record:
    """What was written for a stack, and which method it sets."""
    return {
        "method": method,
        "stack": emission.stack,
        "version": emission.version,
        "kind": emission.kind,
        "text": emission.text,
        "exact": emission.exact,
        "verified": emission.verified,
        "notes": list(emission.notes),
    }
