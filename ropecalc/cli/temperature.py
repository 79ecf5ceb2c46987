"""``ropecalc temperature``: how sharp attention must be over a longer context."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from ropecalc.cli import options
from ropecalc.cli.helptext import epilog
from ropecalc.cli.output import Answer, Form, Output
from ropecalc.cli.talk import required, warn
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_count
from ropecalc.render.records import record
from ropecalc.render.rows import temperature_rows

if TYPE_CHECKING:
    from typing import TextIO

    from ropecalc.results import Temperature

SUMMARY = "The logit gap that one token needs among many."
EPILOG = epilog(
    "ropecalc temperature --ctx 128k",
    "ropecalc temperature --ctx 128k --original-ctx 8k --mass 0.5",
    "scale=$(ropecalc temperature --ctx 128k --original-ctx 8k -q)",
)
MASS = 0.9

From = Annotated[
    int | None,
    options.option(
        "--original-ctx",
        "The shorter context that training was on; no scale without it.",
        "TOKENS",
        options.reader(options.tokens),
    ),
]
Mass = Annotated[
    float,
    options.option(
        "--mass",
        "The part of the attention that the matching token is to get; 0.9 unless given.",
        "P",
        options.fraction("attention_mass", "0.9"),
    ),
]
QUIET = "Print the scale of the logits with --original-ctx, else the logit gap."


def command(
    *,
    ctx: options.Context = None,
    original_ctx: From = None,
    mass: Mass = MASS,
    out: Output,
) -> None:
    """One token matches, all others do not: the logit that it needs, and length-dependent factors.

    With --original-ctx, the factor on the logits that gives the gap of that context the same part
    of the attention over --ctx, beside those that models use.
    """
    if ctx is None:
        raise required("--ctx", "128k")
    if original_ctx is not None and original_ctx > ctx:
        # the library goes either way; here it can only be the two options mixed up
        raise InvalidValueError(
            "options",
            f"Invalid value for '--original-ctx': it must be at most --ctx, {format_count(ctx)} "
            f"tokens, got {format_count(original_ctx)}; give the shorter one to --original-ctx",
        )
    result = _solve(ctx, original_ctx, mass)
    inputs: dict[str, object] = {
        "context": ctx,
        "trained_context": original_ctx,
        "attention_mass": mass,
    }
    if out.form is Form.BARE and original_ctx is not None and result.scale is None:
        warn(
            f"there is no scale: for a mass of {mass:g} among {format_count(original_ctx)} tokens "
            "the gap is not positive, and no factor on the logits gives that back"
        )
    out.show(_answer(result, inputs))


def _solve(context: int, trained: int | None, mass: float) -> Temperature:
    import ropecalc

    try:
        return ropecalc.temperature(context, trained_context=trained, attention_mass=mass)
    except InvalidValueError as error:
        option = {"trained_context": "--original-ctx", "attention_mass": "--mass"}.get(
            error.parameter
        )
        if option is None:
            raise
        raise InvalidValueError("options", f"Invalid value for '{option}': {error}") from None


def _answer(result: Temperature, inputs: dict[str, object]) -> Answer:
    def table(file: TextIO) -> None:
        from ropecalc.render.human import show_temperature

        show_temperature(result, file)

    bare = result.logit_gap if result.trained_context is None else result.scale
    return Answer(
        command="temperature",
        inputs=inputs,
        records=[record(result)],
        bare=[bare],
        table=table,
        rows=temperature_rows(result),
        columns=("context", "trained_context", "logit_gap", "scale", "name", "factor", "mass"),
    )
