"""From the options of a head, or of a model, to what the library takes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ropecalc.cli.output import at_most_one, required, say, warn
from ropecalc.errors import InvalidValueError
from ropecalc.quantities import format_base

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope, Setting
    from ropecalc.spectrum import Spectrum

DEFAULT_HEAD_DIM = 128
Weights = Sequence[float] | None


@dataclass(frozen=True)
class Chosen:
    """A model that was asked for, and the kind of its layers that was."""

    model: ModelConfig
    rope: Rope
    instead: str = ""
    """The scaling that stands in the place of its own, in short."""

    def spectrum(
        self,
        length: int | None,
        *,
        count_unrotated: bool = True,
        weights: Weights = None,
    ) -> Spectrum:
        """Its spectrum where ``length`` tokens are attended to; its own context unless given."""
        from ropecalc import scaling

        return scaling.from_rope(
            self.rope, length, weights=weights, count_unrotated=count_unrotated, label=self.label
        )

    @property
    def label(self) -> str:
        """What to call it in tables and legends."""
        kind = f", {self.rope.layer_type}" if len(self.model.ropes) > 1 else ""
        other = f", {self.instead}" if self.instead else ""
        return f"{short_name(self.model.source)}{kind}{other}"


def short_name(source: str) -> str:
    """What to call a model file in a line: its own name, or its folder's where that says more.

    >>> short_name("models/Llama-2-7b/config.json"), short_name("a/b.gguf"), short_name("Qwen3-8B")
    ('Llama-2-7b', 'b', 'Qwen3-8B')
    """
    folder, name = os.path.split(source)
    stem, ending = os.path.splitext(name)  # noqa: PTH122  a text, not always a path
    if name in ("config.json", "params.json"):
        return os.path.basename(folder) or name  # noqa: PTH119
    return stem if ending in (".json", ".gguf") and stem else name


def chosen(
    models: Sequence[str] | str | None,
    configs: Sequence[str] | str | None,
    layer: str | None,
    **instead: object,
) -> list[Chosen]:
    """The models of --model and --config, which stand instead of some other options.

    Raises InvalidValueError for a layer that a model does not have, and where two are given that
    exclude each other.
    """
    import ropecalc

    if isinstance(models, str) and isinstance(configs, str):  # of a command for one model
        at_most_one(**{"--model": models, "--config": configs})
    names = [models] if isinstance(models, str) else list(models or ())
    files = [configs] if isinstance(configs, str) else list(configs or ())
    for option, value in instead.items():
        at_most_one(**{"--model": names or None, option: value})
        at_most_one(**{"--config": files or None, option: value})
    found = [
        ropecalc.read_config(known) if Path(known).is_file() else ropecalc.find_model(known)
        for known in names
    ]
    found += [ropecalc.read_config(file) for file in files]
    if layer is not None and not found:
        raise InvalidValueError("options", "--layer needs --model or --config beside it")
    for model in found:
        for assumption in model.assumptions:
            warn(f"{model.source}: {assumption}")
    return [Chosen(model, layer_of(model, layer)) for model in found]


def layer_of(model: ModelConfig, layer: str | None) -> Rope:
    """The rope of one kind of a model's layers; of the first kind unless told.

    Raises InvalidValueError where there is no such kind.
    """
    for rope in model.ropes:
        if layer is None or rope.layer_type == layer:
            return rope
    kinds = ", ".join(rope.layer_type for rope in model.ropes)
    raise InvalidValueError("layer", f"{model.source} has no layer {layer!r}: it has {kinds}")


def tell_original(setting: Setting) -> None:
    """Say where a new scaling starts, and why there, where nobody gave that."""
    start = setting.start
    if start is not None and setting.model is not None:
        whose = short_name(setting.model.source)
        cure = "" if start.sourced else "; --original-context gives another"
        warn(f"{whose}: original context {start.context:,} tokens, {start.reason}{cure}")


def rotated(head_dim: int, rotary_dim: int | None, factor: float | None) -> int:
    """rotary_dim, from one of its two options; the whole head without either.

    A factor gives int(head_dim * factor), as model code rounds it.
    """
    at_most_one(**{"--rotary-dim": rotary_dim, "--partial-rotary-factor": factor})
    if factor is None:
        return head_dim if rotary_dim is None else rotary_dim
    implied = int(head_dim * factor)
    if implied < 2 or implied % 2:
        raise InvalidValueError(
            "partial_rotary_factor",
            f"partial_rotary_factor must leave an even number of at least 2 of the {head_dim} "
            f"dimensions, got {factor:g}, which leaves {implied}",
        )
    return implied


def spectra(
    bases: Iterable[float],
    head_dim: int | None,
    rotary_dim: int | None = None,
    factor: float | None = None,
    *,
    ignore_unrotated: bool = False,
    weights: Weights = None,
) -> list[Spectrum]:
    """The spectrum of each base for one head."""
    from ropecalc import scaling

    head_dim = DEFAULT_HEAD_DIM if head_dim is None else head_dim
    rotary_dim = rotated(head_dim, rotary_dim, factor)
    return [
        scaling.default(
            base,
            head_dim,
            rotary_dim=rotary_dim,
            weights=weights,
            count_unrotated=not ignore_unrotated,
        )
        for base in bases
    ]


def asked_spectra(
    bases: Sequence[tuple[float, ...]] | None,
    head_dim: int | None,
    rotary_dim: int | None,
    factor: float | None,
    models: Sequence[str] | str | None,
    configs: Sequence[str] | str | None,
    layer: str | None,
    *,
    length: int | None,
    ignore_unrotated: bool = False,
    weights: Weights = None,
) -> list[Spectrum]:
    """The spectra of --base and the head's options, or of --model and --config.

    ``length`` tokens are attended to, where a model's scaling depends on that.
    """
    found = asked_models(bases, head_dim, rotary_dim, factor, models, configs, layer)
    return spectra_of(
        found,
        bases,
        head_dim,
        rotary_dim,
        factor,
        length=length,
        ignore_unrotated=ignore_unrotated,
        weights=weights,
    )


def asked_models(
    bases: Sequence[tuple[float, ...]] | None,
    head_dim: int | None,
    rotary_dim: int | None,
    factor: float | None,
    models: Sequence[str] | str | None,
    configs: Sequence[str] | str | None,
    layer: str | None,
) -> list[Chosen]:
    """The models of --model and --config, which stand instead of --base and the head's options."""
    options = {"--base": bases, "--dim": head_dim, "--rotary-dim": rotary_dim}
    return chosen(models, configs, layer, **options, **{"--partial-rotary-factor": factor})


def spectra_of(
    found: Sequence[Chosen],
    bases: Sequence[tuple[float, ...]] | None,
    head_dim: int | None,
    rotary_dim: int | None,
    factor: float | None,
    *,
    length: int | None,
    ignore_unrotated: bool = False,
    weights: Weights = None,
) -> list[Spectrum]:
    """The spectra of models that were found, or of --base and the head's options without any."""
    if found:
        counted = not ignore_unrotated
        return [one.spectrum(length, count_unrotated=counted, weights=weights) for one in found]
    if not bases:
        raise required("--base", "1e6")
    flat = [base for several in bases for base in several]
    return spectra(
        flat, head_dim, rotary_dim, factor, ignore_unrotated=ignore_unrotated, weights=weights
    )


def head_of(found: Sequence[Chosen]) -> tuple[int | None, int | None, int | None]:
    """(head_dim, rotary_dim, context) of a model for what is about plain bases; None without one.

    Says so where the model scales its base, since that is left out.
    """
    if not found:
        return None, None, None
    model, rope = found[0].model, found[0].rope
    if rope.rope_type != "default":
        warn(
            f"{found[0].label}: its {rope.rope_type} scaling is left out: a base is sought for "
            "plain RoPE; 'ropecalc check' evaluates the model as it is"
        )
    if rope.reach is not None and rope.reach != model.context:
        say(f"{found[0].label} looks back {rope.reach:,} tokens")
    return rope.head_dim, rope.rotary_dim, rope.reach


def name(spectrum: Spectrum) -> str:
    """What to call a spectrum while it is worked on."""
    if spectrum.label or spectrum.base is None:
        return spectrum.label or "spectrum"
    return f"base {format_base(float(spectrum.base))}"


def head_inputs(lines: Sequence[Spectrum]) -> dict[str, object]:
    """The heads and the bases of spectra, as they were understood; lists where they differ."""
    inputs: dict[str, object] = {}
    for key in ("head_dim", "rotary_dim", "count_unrotated"):
        values = [getattr(spectrum, key) for spectrum in lines]
        inputs[key] = values[0] if len(set(values)) == 1 else values
    inputs["base"] = [float(line.base) for line in lines if line.base is not None]
    inputs["rope_type"] = [line.rope_type for line in lines]
    inputs["weights"] = None if (weights := lines[0].weights) is None else list(weights)
    return inputs
