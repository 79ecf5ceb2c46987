"""``ropecalc plan``: ways to a longer context side by side, and which to take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures
from ropecalc.cli.heads import HeadOptions, RopeOptions, Subject, one_of, resolved
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Output
from ropecalc.cli.searches import searching, waiting
from ropecalc.cli.talk import required, warnings_told
from ropecalc.cli.unrotated import rotating
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_base, format_count
from ropecalc.render.records import record
from ropecalc.render.rows import plan_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

    from ropecalc.results import Candidate, Plan

FREE = "Keep the base and raise the configured context."
SUMMARY = "Ways to a longer context side by side, with a recommendation."
EPILOG = epilog(
    "ropecalc plan Llama-3-8B --to 128k",
    "ropecalc plan --base 1e6 --dim 128 --from 32k --to 128k --csv",
    "ropecalc plan Qwen3-8B --to 128k --method yarn --method roomy-base",
    "base=$(ropecalc plan Mistral-7B-v0.2 --to 64k -q)",
    exit_0="done: something meets the bound at the target",
    exit_1="no way meets the bound; with -q: a scaling is recommended to fine-tune",
)

To = Annotated[
    int | None,
    options.option(
        "--to", "Context to reach: 131072 or 128k.", "TOKENS", options.reader(options.tokens)
    ),
]
From = Annotated[
    int | None,
    options.option(
        "--from",
        "Context to begin from; else its maker's.",
        "TOKENS",
        options.reader(options.tokens),
    ),
]


def _methods(text: str) -> tuple[str, ...]:
    from ropecalc.extension.methods import method_named

    return tuple(map(method_named, text.split(",")))


Methods = Annotated[
    list[Any] | None,
    options.option(
        "--method",
        "Only these methods; lists: yarn,liu.",
        "METHOD",
        options.reader(_methods),
    ),
]
Plot = Annotated[
    bool,
    typer.Option("--plot", help="Draw the curves, on a terminal."),
]
Everything = Annotated[bool, typer.Option("--all", help="Add full reasons and sources.")]
QUIET = "Print only the base to fine-tune with."


def command(
    *,
    models: options.Models = None,
    to: To = None,
    from_: From = None,
    rope: RopeOptions,
    head: HeadOptions,
    methods: Methods = None,
    plot: Plot = False,
    height: pictures.Height = None,
    output: pictures.Path = None,
    everything: Everything = False,
    out: Output,
) -> None:
    """Ways to a longer context, each evaluated there, and what is recommended.

    Methods: minimum-base, round-base, roomy-base, safe-base, liu, ntk-aware, dynamic, yarn, llama3
    and linear. Without MODEL give --base and --from. 'ropecalc emit' writes a setting for a stack.
    """
    if to is None:
        raise required("--to", "128k")
    method = list(dict.fromkeys(name for names in methods or () for name in names)) or None
    if not models and rope.bases == [None]:
        raise InvalidValueError(
            "options", "no model was named: give its file, or --base, --dim and --from"
        )
    with rotating("plan", out, consequence=FREE, code=1 if out.quiet else 0):
        subject = one_of(resolved(models, head, rope))
    plan = _solve(subject, to, from_, head.layer, method)
    _save_figure(output, plan, method)
    inputs: dict[str, object] = {
        "models": [] if subject.model is None else [record(subject.model)],
        "base": rope.one_base,
        "head_dim": plan.head_dim,
        "rotary_dim": plan.rotary_dim,
        "count_unrotated": subject.count_unrotated,
        "weights": subject.weights,
        "original_context": plan.original_context,
        "trained_context": plan.trained_context,
        "context": to,
        "methods": method,
    }
    drawn = _drawn(plan, method) if plot or height else []
    look = {"drawn": drawn, "height": height, "everything": everything}
    out.show(_answer(plan, inputs, method, look))
    met = any(one.check.holds for one in (plan.original, *plan.candidates))
    raise typer.Exit(0 if met else 1)


def _picked(plan: Plan, methods: Sequence[str] | None) -> Candidate | None:
    """The way whose base -q prints: the one that was named, else the one recommended with training.

    None where a base is not all of its setting, or does not meet the bound either.
    """
    named = methods[0] if methods and len(methods) == 1 else plan.with_training
    found = plan.candidate(named)
    return found if found is not None and found.rope.rope_type == "default" else None


def _solve(
    subject: Subject,
    context: int,
    trained: int | None,
    layer: str | None,
    methods: list[str] | None,
) -> Plan:
    from ropecalc.extension import plan, plan_model
    from ropecalc.extension.methods import OF_THE_BOUND

    rope, model = subject.rope, subject.model
    name = subject.label or f"base {format_base(rope.base)}"
    asked: dict[str, Any] = {"count_unrotated": subject.count_unrotated}
    asked |= {"weights": subject.weights, "methods": methods or None}
    words = f"{name} to {format_count(context)} tokens"
    seeks = not set(OF_THE_BOUND).isdisjoint(methods or ())
    wait = searching(words, "bases", context) if seeks else waiting(words)
    with warnings_told(), wait as report:
        try:
            if model is not None:
                return plan_model(
                    subject.config,
                    context,
                    trained_context=trained,
                    layer=layer,
                    progress=report,
                    **asked,
                )
            if trained is None:
                raise required("--from", "8k")
            return plan(
                rope.base,
                rope.head_dim,
                rotary_dim=rope.rotary_dim,
                trained_context=trained,
                context=context,
                progress=report,
                **asked,
            )
        except InvalidValueError as error:
            guessed = trained is None and model is not None
            raise _by_its_option(error, guessed=guessed) from None


def _by_its_option(error: InvalidValueError, *, guessed: bool) -> InvalidValueError:
    """The error with the option that this command has for a parameter.

    A context that the file has may be one that it was extended to, without any training.
    """
    option = {"context": "--to", "trained_context": "--from", "method": "--method"}
    if error.parameter not in option:
        return error
    if error.parameter == "context" and guessed and "longer than the original" in str(error):
        error = InvalidValueError(
            "context",
            f"{error}; that is what the file says: give --from, such as --from 8k, if it was "
            "trained on fewer",
        )
    return InvalidValueError("options", f"Invalid value for '{option[error.parameter]}': {error}")


# --- the answer ---------------------------------------------------------------------------------


def _answer(
    plan: Plan,
    inputs: dict[str, object],
    methods: Sequence[str] | None,
    look: Mapping[str, Any],
) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_plan

        show_plan(plan, file, **look)

    picked = _picked(plan, methods)
    return Answer(
        command="plan",
        inputs=inputs,
        records=map(record, [plan]),
        bare=[None if picked is None else picked.rope.base],
        table=table,
        rows=plan_rows(plan),
        columns=(
            "method",
            "rope_type",
            "base",
            "factor",
            "first_violation",
            "factor_with_room",
            "violations",
            "similarity_at_target",
            "unseen_pairs",
            "unseen_turns",
            "blur_1",
            "blur_16",
            "attention_factor",
            "meant_without_training",
        ),
    )


def _save_figure(path: str | None, plan: Plan, methods: Sequence[str] | None) -> None:
    if path is not None:
        from ropecalc.render.plan import plan_figure

        pictures.save(path, plan_figure(plan, _drawn(plan, methods)))


def _drawn(plan: Plan, methods: Sequence[str] | None) -> list[Candidate]:
    """What to draw the curves of: the head as it is, and what was picked or recommended."""
    picked = list(methods or (plan.with_training, plan.without_training))
    chosen = map(plan.candidate, dict.fromkeys(["original", *picked]))
    return [one for one in chosen if one is not None]
