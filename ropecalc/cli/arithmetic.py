"""The options --dtype and --recipe, and what they request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from ropecalc.cli import options
from ropecalc.errors import InvalidValueError
from ropecalc.likeness import none_of
from ropecalc.quantities import format_count

if TYPE_CHECKING:
    from ropecalc.results import Precision, Rope
    from ropecalc.spectrum import Spectrum

# As ropecalc.precision has them, which loads NumPy.
DtypeName = Literal["float32", "bfloat16", "float16"]
RecipeName = Literal["transformers", "llama.cpp", "naive"]
USUAL: RecipeName = "transformers"


def _one_of(parameter: str, words: tuple[str, ...], text: str) -> Any:
    if text in words:
        return text
    raise none_of(parameter, text, words)


Dtype = Annotated[
    DtypeName | None,
    options.option(
        "--dtype",
        "Also in float32, bfloat16 or float16.",
        "TYPE",
        options.reader(lambda text: _one_of("dtype", get_args(DtypeName), text)),
    ),
]
Recipe = Annotated[
    RecipeName | None,
    options.option(
        "--recipe",
        "As transformers, unless given, llama.cpp, naive.",
        "STACK",
        options.reader(lambda text: _one_of("recipe", get_args(RecipeName), text)),
    ),
]


def wanted(dtype: DtypeName | None, recipe: RecipeName | None) -> dict[str, Any] | None:
    """What to compute; None without --dtype."""
    if dtype is None:
        if recipe is not None:
            raise InvalidValueError("options", "--recipe needs --dtype beside it: float32, say")
        return None
    return {"dtype": dtype, "recipe": recipe or USUAL}


def inputs(asked: dict[str, Any] | None) -> dict[str, object]:
    """The two options among the inputs of an answer."""
    return {"dtype": None, "recipe": None} if asked is None else dict(asked)


def effects(
    spectrum: Spectrum, context: int, asked: dict[str, Any], rope: Rope | None, margin: float = 0.0
) -> Precision:
    """What rounding changes, with a progress bar."""
    import ropecalc
    from ropecalc.render.progress import progress

    with progress(f"{asked['dtype']}, {format_count(context)} tokens") as report:
        return ropecalc.check_in_dtype(
            spectrum, context, rope=rope, margin=margin, progress=report, **asked
        )
