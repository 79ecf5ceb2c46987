"""``ropecalc plan``: ways to a longer context side by side, and the setting for a stack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ropecalc.cli import options, pictures, weighing, writing
from ropecalc.cli.heads import DEFAULT_HEAD_DIM, rotated, short_name
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, choose, required, show, warn, warnings_told
from ropecalc.cli.writing import each_once, patch, print_text, tell_patch, written_for
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_base, format_count
from ropecalc.render.records import record
from ropecalc.render.rows import plan_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.results import Candidate, Emission, ModelConfig, Plan
    from ropecalc.stacks.transformers.patch import Patch

SUMMARY = "Ways to a longer context side by side, with advice."
EPILOG = epilog(
    "ropecalc plan Llama-3-8B --to 128k",
    "ropecalc plan --base 1e6 --dim 128 --from 32k --to 128k --csv",
    "ropecalc plan Qwen3-8B --from 32k --to 128k --method yarn --write vllm",
    "ropecalc plan config.json --to 64k --in-place config.json --dry-run",
    "base=$(ropecalc plan Mistral-7B-v0.2 --to 64k -q)",
    exit_0="done: something meets the bound at the target, or was written",
    exit_1="no: no way meets the bound, a stack cannot, or -q has not all of it",
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
Layer = Annotated[
    str | None,
    typer.Option(
        "--layer",
        help="Kind of layer; full attention's unless given.",
        metavar="TYPE",
        show_default=False,
    ),
]


def _methods(text: str) -> tuple[str, ...]:
    from ropecalc.extension.methods import method_named

    return tuple(map(method_named, text.split(",")))


Methods = Annotated[
    list[Any] | None,
    options.option(
        "--method",
        "Look at these alone; may repeat or be yarn,liu.",
        "METHOD",
        options.reader(_methods),
    ),
]
Plot = Annotated[
    bool,
    typer.Option("--plot", help="Draw the curves, on a terminal."),
]
Quiet = Annotated[bool, options.quiet("Print the base picked, or advised with training.")]


def command(
    model: options.ModelArgument = None,
    to: To = None,
    from_: From = None,
    base: options.Base = None,
    dim: options.Dim = None,
    rotary_dim: options.RotaryDim = None,
    partial_rotary_factor: options.PartialRotaryFactor = None,
    ignore_unrotated: options.IgnoreUnrotated = False,
    weights: weighing.Weights = None,
    layer: Layer = None,
    methods: Methods = None,
    plot: Plot = False,
    width: pictures.Width = None,
    height: pictures.Height = None,
    output: pictures.Output = None,
    write: writing.Write = None,
    in_place: writing.InPlace = None,
    dry_run: writing.DryRun = False,
    force: writing.Force = False,
    no_backup: writing.NoBackup = False,
    as_json: options.AsJson = False,
    as_csv: options.AsCsv = False,
    as_tsv: options.AsTsv = False,
    as_markdown: options.AsMarkdown = False,
    quiet: Quiet = False,
) -> None:
    """Ways to a longer context, each evaluated there, and what is advised.

    Methods: minimum-base, round-base, wide-base, safe-base, liu, ntk-aware, dynamic, yarn, llama3
    and linear. --write takes that of --method, else what is advised, untrained for stacks
    that serve. No MODEL: --base and --from.
    """
    form = choose(as_json, as_csv, as_tsv, as_markdown, quiet)
    if to is None:
        raise required("--to", "128k")
    method = each_once(methods) or None
    about_the_file = {"--dry-run": dry_run, "--force": force, "--no-backup": no_backup}
    writing.refuse_alone(in_place, **about_the_file)
    if model is None and base is None and in_place and in_place != "-":
        model = in_place
    head = _Head(base, dim, rotary_dim, partial_rotary_factor, not ignore_unrotated, weights)
    found = head.of(model)
    if (write or in_place) and method and len(method) > 1:
        raise InvalidValueError("options", "one setting can be written: give one --method")
    plan = _solve(found, head, to, from_, layer, method)
    _save_figure(output, plan, method)
    written = [written_for(plan, stack, method, model) for stack in each_once(write)]
    done: Patch | None = None
    if in_place:
        done = patch(plan, in_place, method, backup=not no_backup, force=force, dry_run=dry_run)
        tell_patch(done, form, alone=not written)
    exit_code = _exit_code(plan, written, done, _picked(plan, method) if quiet else None)
    if form is Form.PIPE and written:
        print_text(written)
        raise typer.Exit(exit_code)
    if done and not written and form in (Form.TABLE, Form.PIPE):
        raise typer.Exit(exit_code)
    inputs: dict[str, object] = {
        "model": model,
        "base": base,
        "head_dim": plan.head_dim,
        "rotary_dim": plan.rotary_dim,
        "count_unrotated": not ignore_unrotated,
        "weights": weights,
        "original_context": plan.original_context,
        "trained_context": plan.trained_context,
        "context": to,
        "methods": method,
    }
    plot = plot or bool(width or height)
    drawn = _drawn(plan, method) if plot else []
    answer = _answer(plan, inputs, written, done, method, drawn=drawn, width=width, height=height)
    show(answer, pictures.drawn(form, plot, width, height))
    raise typer.Exit(exit_code)


def _exit_code(
    plan: Plan,
    written: Sequence[tuple[str, Emission]],
    done: Patch | None,
    printed: Candidate | None,
) -> int:
    """Whether what was asked for is had: exact settings if any were, else a way that will do.

    ``printed`` is the way of which -q prints the base.
    """
    asked = [*(emission.exact for _, emission in written), *([done.exact] if done else [])]
    if asked:
        return 0 if all(asked) else 1
    met = any(one.check.holds for one in (plan.original, *plan.candidates))
    return 0 if _is_whole(printed) and met else 1


def _picked(plan: Plan, methods: Sequence[str] | None) -> Candidate | None:
    """The way whose base -q prints: the one that was named, else the one advised with training."""
    return plan.candidate(methods[0] if methods and len(methods) == 1 else plan.with_training)


def _is_whole(printed: Candidate | None) -> bool:
    """Whether a base is all of its setting; where it is not, that is said."""
    if printed is None or printed.rope.rope_type == "default":
        return True
    from ropecalc.render.models import scaling_in_short

    short = scaling_in_short(printed.rope)
    warn(f"this base is part of a setting, {short}: --write writes it whole")
    return False


@dataclass(frozen=True)
class _Head:
    """The options that stand instead of a model."""

    base: float | None
    dim: int | None
    rotary_dim: int | None
    factor: float | None
    count_unrotated: bool
    weights: tuple[float, ...] | None

    def of(self, model: str | None) -> ModelConfig | None:
        """The model that was named, if one was; raises InvalidValueError without either."""
        from ropecalc.cli.target import load

        if model is None:
            if self.base is None:
                raise InvalidValueError(
                    "options",
                    "no model was named: give its file, such as config.json, or --base, --dim "
                    "and --from",
                )
            return None
        instead = {"--base": self.base, "--dim": self.dim, "--rotary-dim": self.rotary_dim}
        for option, value in {**instead, "--partial-rotary-factor": self.factor}.items():
            if value is not None:
                raise InvalidValueError(
                    "options", f"{option} is the model's: leave one of them out"
                )
        found = load(model)
        for assumption in found.assumptions:
            warn(f"{found.source}: {assumption}")
        return found


def _solve(
    model: ModelConfig | None,
    head: _Head,
    context: int,
    trained: int | None,
    layer: str | None,
    methods: list[str] | None,
) -> Plan:
    from ropecalc.extension import plan, plan_model
    from ropecalc.render.progress import progress

    name = f"base {format_base(head.base or 0)}" if model is None else short_name(model.source)
    asked: dict[str, Any] = {"count_unrotated": head.count_unrotated, "weights": head.weights}
    asked["methods"] = methods or None
    with warnings_told(), progress(f"{name} to {format_count(context)} tokens") as report:
        try:
            if model is not None:
                return plan_model(
                    model,
                    context,
                    trained_context=trained,
                    layer=layer,
                    progress=report,
                    **asked,
                )
            if trained is None or head.base is None:
                raise required("--from", "8k")
            dim = DEFAULT_HEAD_DIM if head.dim is None else head.dim
            return plan(
                head.base,
                dim,
                rotary_dim=rotated(dim, head.rotary_dim, head.factor),
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
    written: Sequence[tuple[str, Emission]],
    done: Patch | None,
    methods: Sequence[str] | None,
    *,
    drawn: Sequence[Candidate],
    width: int | None,
    height: int | None,
) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_plan

        show_plan(plan, file, drawn=drawn, written=written, width=width, height=height)

    chosen = _picked(plan, methods)
    settings = [{"method": method, **record(one)} for method, one in written]
    return Answer(
        command="plan",
        inputs=inputs,
        records=[record(plan, written=settings, patch=done)],
        bare=[None if chosen is None else chosen.rope.base],
        table=table,
        rows=plan_rows(plan),
    )


def _save_figure(path: str | None, plan: Plan, methods: Sequence[str] | None) -> None:
    from ropecalc.render.plan import plan_figure

    if path is not None:
        pictures.save(path, plan_figure(plan, _drawn(plan, methods)))


def _drawn(plan: Plan, methods: Sequence[str] | None) -> list[Candidate]:
    """What to draw the curves of: the head as it is, and what was picked or advised."""
    picked = list(methods or (plan.with_training, plan.without_training))
    chosen = map(plan.candidate, dict.fromkeys(["original", *picked]))
    return [one for one in chosen if one is not None]
