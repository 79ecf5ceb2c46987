"""``ropecalc models``: the models that are known by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.talk import warn
from ropecalc.render.records import record
from ropecalc.render.rows import model_rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from ropecalc.models.known import KnownModel
    from ropecalc.results import ModelConfig

    Listed = Sequence[tuple[KnownModel, ModelConfig]]

SUMMARY = "The models that are known by name, with base and scaling."
EPILOG = epilog(
    "ropecalc models llama-3",
    "ropecalc models qwen3 8b",
    "ropecalc models deepseek --json",
    "ropecalc models gpt-oss -q",
    exit_1="no known model has this name",
)

Search = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="SEARCH",
        help="List only models that have these words in a name; case and hyphens do not matter.",
        show_default=False,
    ),
]
QUIET = "Print only the names, one a line."


def command(
    *,
    search: Search = None,
    out: Output,
) -> None:
    """The models that are known by name: their heads, bases, scalings, contexts.

    The numbers come from public sources, which --json and --csv name.
    """
    from ropecalc.models.known import UNROTATED, known_models, nearest, unrotated_models

    words = " ".join(search or ())
    found = known_models(words)
    unrotated = unrotated_models(words) if words else ()
    for name in unrotated:
        warn(f"{name}: {UNROTATED}, and there is nothing to list")
    if not found and not unrotated:
        like = nearest(words)
        hint = f"; did you mean {' or '.join(like)}?" if like else ""
        warn(f"No known model has {words!r} in its names{hint or ': see ropecalc models'}")
    if found or out.form is Form.JSON:
        out.show(_answer(found, words, out))
    raise typer.Exit(0 if found else 1)


def _answer(found: Sequence[KnownModel], search: str, out: Output) -> Answer:
    listed: Listed = [] if out.quiet else [(known, known.config()) for known in found]

    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_models

        show_models(listed, search, file)

    records = [record(known, config=config) for known, config in listed]
    return Answer(
        command="models",
        inputs={"search": search or None},
        records=records,
        bare=(known.name for known in found),
        table=table,
        rows=(row for one in records for row in model_rows(one)),
        columns=(
            "name",
            "layer_type",
            "head_dim",
            "rotary_dim",
            "base",
            "rope_type",
            "factor",
            "original_context",
            "window",
            "context",
        ),
    )
