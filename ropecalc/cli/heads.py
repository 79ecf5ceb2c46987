"""From the options of a command to the heads and models that it is about: one way for all."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from ropecalc.cli import BAD_INPUT, options, weighing
from ropecalc.cli.talk import at_most_one, report, required, say, warn
from ropecalc.errors import InvalidValueError, RopecalcError
from ropecalc.quantities import format_base

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig, Rope, Setting
    from ropecalc.spectrum import Spectrum

DEFAULT_HEAD_DIM = 128


@dataclass(frozen=True)
class HeadOptions:
    """A head: on its own, or in the place of parts of a model's."""

    dim: options.Dims = None
    rotary_dim: options.RotaryDim = None
    partial_rotary_factor: options.PartialRotaryFactor = None
    layer: options.Layer = None
    ignore_unrotated: options.IgnoreUnrotated = False
    weights: weighing.Weights = None

    @property
    def dims(self) -> list[int | None]:
        """The head dimensions that were given; one None without any."""
        return [dim for dims in self.dim or () for dim in dims] or [None]

    def of(self, dim: int | None, rope: Rope | None) -> tuple[int, int]:
        """(head_dim, rotary_dim), with what was given in the place of a model's own."""
        given = (dim, self.rotary_dim, self.partial_rotary_factor)
        if rope is not None and given == (None, None, None):
            return rope.head_dim, rope.rotary_dim
        head_dim = dim or (rope.head_dim if rope else DEFAULT_HEAD_DIM)
        return head_dim, rotated(head_dim, self.rotary_dim, self.partial_rotary_factor)


@dataclass(frozen=True)
class RopeOptions:
    """A base and a scaling: of a head, or in the place of a model's."""

    base: options.Bases = None
    rope_type: options.RopeType = None
    factor: options.Factor = None
    original_ctx: options.Original = None

    @property
    def bases(self) -> list[float | None]:
        """The bases that were given; one None without any."""
        return [base for bases in self.base or () for base in bases] or [None]

    @property
    def one_base(self) -> float | None:
        """The base, for a command that takes one."""
        if len(self.bases) > 1:
            raise InvalidValueError("options", "--base is given more than once: give one base")
        return self.bases[0]

    @property
    def scaling(self) -> dict[str, Any]:
        """The scaling that was given, as ``make_setting`` takes it; empty without any."""
        parts = {
            "rope_type": self.rope_type,
            "factor": self.factor,
            "original_context": self.original_ctx,
        }
        return parts if any(part is not None for part in parts.values()) else {}


@dataclass(frozen=True)
class Subject:
    """What a command looks at: a head with its frequencies, of a model or on its own."""

    model: ModelConfig | None
    rope: Rope
    count_unrotated: bool = True
    weights: tuple[float, ...] | None = None
    instead: str = ""
    """What replaces the model's own, in short."""
    setting: Setting | None = None
    """Of a scaling that was given."""

    def spectrum(self, length: int | None) -> Spectrum:
        """Its spectrum where ``length`` tokens are attended to; its own context unless given."""
        from ropecalc import scaling

        return scaling.from_rope(
            self.rope,
            length,
            weights=self.weights,
            count_unrotated=self.count_unrotated,
            label=self.label,
        )

    def distances(self, context: int | None) -> int | None:
        """The distances that occur lie below it: a context, or the layer's window if shorter.

        The model's own context unless given; None where that is not known either.
        """
        rope = self.rope if context is None else replace(self.rope, context=context)
        return rope.reach

    @property
    def trained_context(self) -> int | None:
        """What a source says that its model was trained on, tokens."""
        return None if self.model is None else self.model.trained_context

    @property
    def label(self) -> str:
        """What to call it in tables and legends; empty for a plain base."""
        other = f", {self.instead}" if self.instead else ""
        if self.model is None:
            return f"base {format_base(self.rope.base)}{other}" if other else ""
        kind = f", {self.rope.layer_type}" if len(self.model.ropes) > 1 else ""
        return f"{short_name(self.model.source)}{kind}{other}"

    @property
    def config(self) -> ModelConfig:
        """The model, with what was given in the place of its own."""
        from ropecalc.results import ModelConfig

        if self.model is None:
            source = self.label or f"base {format_base(self.rope.base)}"
            return ModelConfig(source, "options", None, (self.rope,), self.rope.context)
        kind = self.rope.layer_type
        ropes = tuple(self.rope if one.layer_type == kind else one for one in self.model.ropes)
        return replace(self.model, ropes=ropes)


@dataclass(frozen=True)
class Subjects(Sequence[Subject]):
    """All that a command looks at."""

    found: tuple[Subject, ...]
    problems: tuple[str, ...] = ()
    """A line a model that could not be read."""

    def __getitem__(self, at: Any) -> Any:
        return self.found[at]

    def __len__(self) -> int:
        return len(self.found)

    def exit_code(self, code: int) -> int:
        """The exit code of a command: bad input where a model could not be read."""
        return BAD_INPUT if self.problems else code

    @property
    def models(self) -> list[ModelConfig]:
        """The models, each once."""
        found: dict[int, ModelConfig] = {}
        for one in self.found:
            if one.model is not None:
                found[id(one.model)] = one.model
        return list(found.values())

    def inputs(self, context: int | None = None) -> dict[str, Any]:
        """The models and heads as they were understood; lists where heads differ."""
        from ropecalc.render.records import record

        lines = [one.spectrum(context) for one in self.found]
        inputs: dict[str, Any] = {"models": list(map(record, self.models))}
        for key in ("head_dim", "rotary_dim", "count_unrotated"):
            values = [getattr(line, key) for line in lines]
            inputs[key] = values[0] if len(set(values)) == 1 else values
        inputs["base"] = [float(line.base) for line in lines if line.base is not None]
        inputs["rope_type"] = [line.rope_type for line in lines]
        weights = lines[0].weights if lines else None
        inputs["weights"] = None if weights is None else list(weights)
        return inputs


def resolved(
    targets: Sequence[str] | None,
    head: HeadOptions,
    rope: RopeOptions | None = None,
    context: int | None = None,
    *,
    assumed: bool = True,
) -> Subjects:
    """What the options of a command name: each model, or bare head, with each base and dimension.

    ``rope`` is None for a command that looks for a base; ``assumed``: say what files leave open.
    A model that cannot be read is an error where it is the only one, and a line on stderr beside
    others.
    """
    models, problems = named(targets, assumed=assumed)
    if problems and not models:
        raise typer.Exit(BAD_INPUT)
    if rope is not None and not models and rope.bases == [None]:
        raise required("MODEL or --base", "1e6")
    if head.layer is not None and not models:
        raise InvalidValueError("options", "--layer needs a MODEL beside it")
    bare: list[ModelConfig | None] = [None]
    found = [
        _subject(model, head, dim, rope, base, context)
        for model in models or bare
        for dim in head.dims
        for base in (rope.bases if rope else [None])
    ]
    return Subjects(tuple(found), tuple(problems))


def one_of(subjects: Subjects) -> Subject:
    """The one subject of a command for one; an error where there are several."""
    if len(subjects) != 1:
        raise InvalidValueError(
            "options", f"this command answers for one head, and {len(subjects)} are given: name one"
        )
    found: Subject = subjects[0]
    return found


# Ends of assumptions that a number rests on: those are said even under -q.
GUESSED = ("as llama.cpp takes it", "the default of all stacks", "and its own may differ")


def named(
    targets: Sequence[str] | None, *, assumed: bool = True
) -> tuple[list[ModelConfig], list[str]]:
    """The models that words name, of folders all below them; a line for each problem."""
    from ropecalc.cli.folders import models_in
    from ropecalc.cli.target import load

    models: list[ModelConfig] = []
    problems: list[str] = []
    files = models_in(targets or (), lambda *_: None, problems.append, warn)
    for file in files:
        try:
            models.append(load(file))
        except RopecalcError as error:
            if len(files) == 1 and not problems:
                raise
            problems.append(str(error))
    for problem in problems:
        report(f"Error: {problem}")
    for model in models if assumed else ():
        for assumption in model.assumptions:
            (report if assumption.endswith(GUESSED) else warn)(f"{model.source}: {assumption}")
    return models, problems


def _subject(
    model: ModelConfig | None,
    head: HeadOptions,
    dim: int | None,
    rope: RopeOptions | None,
    base: float | None,
    context: int | None,
) -> Subject:
    from ropecalc.results.configs import Rope

    own = None if model is None else layer_of(model, head.layer)
    head_dim, rotary_dim = head.of(dim, own)
    start = own or Rope("all", "default", base or DEFAULT_BASE, head_dim, rotary_dim)
    start = replace(start, head_dim=head_dim, rotary_dim=rotary_dim)
    shared = {"count_unrotated": not head.ignore_unrotated, "weights": head.weights}
    instead = f"base {format_base(base)}" if model is not None and base is not None else ""
    if rope is not None and rope.scaling:
        from ropecalc.models.setting import make_setting
        from ropecalc.render.models import scaling_in_short

        setting = make_setting(model, start, context=context, base=base, **rope.scaling)
        words = [instead, scaling_in_short(setting.rope)]
        words = [word for word in words if word]
        return Subject(model, setting.rope, instead=", ".join(words), setting=setting, **shared)
    if base is not None:
        start = replace(start, base=base)
    return Subject(model, start, instead=instead, **shared)


DEFAULT_BASE = 10_000.0  # of a head whose base is looked for: it counts for nothing


def layer_of(model: ModelConfig, layer: str | None) -> Rope:
    """The rope of one kind of a model's layers; of the first kind unless given.

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
        cure = "" if start.sourced else "; --original-ctx gives another"
        warn(f"{whose}: original context {start.context:,} tokens, {start.reason}{cure}")


def plain_head(subject: Subject) -> Subject:
    """A subject for what is about plain bases; says so where a model scales its base."""
    rope = subject.rope
    if subject.model is not None and rope.rope_type != "default":
        from ropecalc.models.commands import source_word

        source = source_word(subject.model)
        warn(
            f"{subject.label}: the base is for plain RoPE, with its {rope.rope_type} scaling "
            f"removed: 'ropecalc emit {source} --rope-type default --base BASE --ctx TOKENS' "
            f"writes it; 'ropecalc plan {source} --to TOKENS' can keep the scaling"
        )
        subject = replace(subject, instead="scaling removed")
    if subject.model is not None and rope.reach is not None and rope.reach != subject.model.context:
        say(f"{subject.label} looks back {rope.reach:,} tokens")
    return subject


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


def name(spectrum: Spectrum) -> str:
    """What to call a spectrum while it is worked on."""
    if spectrum.label or spectrum.base is None:
        return spectrum.label or "spectrum"
    return f"base {format_base(float(spectrum.base))}"


def each(subjects: Sequence[Subject], context: int | None) -> Iterator[tuple[Subject, int]]:
    """Each subject with the distances that occur in it; an error where they are not known."""
    for one in subjects:
        reach = one.distances(context)
        if reach is None:
            raise required("--ctx", "32k")
        yield one, reach
