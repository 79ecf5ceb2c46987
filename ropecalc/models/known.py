"""Known models: what public sources say about their rotary embeddings, by name.

The table is ``data/models.toml``: keys as each model's own stack publishes them, read by the same
code as a file. A name is looked for whatever its case and its hyphens, dots, underscores and
spaces; the name of the hub's repository, with or without its owner, and the aliases serve as well,
and so does a name with the word of a variant, such as -Instruct or -GGUF. Where the name is not the
model's own, ``ModelConfig.assumptions`` says which model was taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from ropecalc.errors import InvalidValueError, NoRotationError
from ropecalc.files import printable
from ropecalc.isolated import isolated
from ropecalc.shipped import shipped_rows, shipped_text

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig
    from ropecalc.results.configs import Recipe, Trained

HEADER = re.compile(r'^\["(.+)"\]$', re.MULTILINE)
BETWEEN = re.compile(r"[-_. ]+")
FORMAT = r"gguf|awq|gptq|mlx|exl[23]|fp8|nvfp4|mxfp4|int[48]|[348]bit|bf16|fp16|q\d\w*|bnb"
TUNING = r"instruct|it|chat|base|pt|hf|thinking|reasoning"
FORMATS = re.compile(rf"([-_. ]+({FORMAT}))+$", re.IGNORECASE)
TUNINGS = re.compile(rf"[-_. ]+({TUNING})$", re.IGNORECASE)
GUESSED_MODEL = "and its own may differ"
UNROTATED = "no layer rotates its queries and keys"
NEAREST, LEAST_LIKENESS, LONGEST = 3, 0.6, 100


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model of the table."""

    name: str
    """As people write it: "Llama-3.1-8B"."""
    repo: str | None
    """The repository on the Hugging Face hub, where there is one: "meta-llama/Llama-3.1-8B"."""
    aliases: tuple[str, ...]
    """Siblings that are taken for it, by the last part of their repository."""
    source: str
    """Where the numbers come from."""
    document: Mapping[str, Any]
    """What its stack publishes, trimmed to what matters here."""
    trained: Trained | None = None
    """What it was trained on, where a source says."""
    recipe: Recipe | None = None
    """The scaling that its maker publishes for longer contexts, where there is one."""
    rotates: bool = True
    """Whether any of its layers rotates; those where none does are known by name alone."""

    @property
    def own_names(self) -> tuple[str, ...]:
        """Its name, and that of its repository with and without the owner."""
        owner, _, own = (self.repo or "").rpartition("/")
        return (self.name, own, f"{owner}/{self.name}", f"{owner}/{own}") if own else (self.name,)

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is found by."""
        owner = (self.repo or "").rpartition("/")[0]
        theirs = (f"{owner}/{name}" for name in self.aliases if owner)
        return (*self.own_names, *self.aliases, *theirs)

    def config(self) -> ModelConfig:
        """What the table says about its rotary embeddings."""
        from ropecalc.models.huggingface import parse_config
        from ropecalc.models.raw import text_keys
        from ropecalc.results.configs import Known

        if not self.rotates:
            raise NoRotationError(self.name, UNROTATED)
        known = Known((self.name,), matched=False, trained=self.trained, recipe=self.recipe)
        model = parse_config(self.document, self.name)
        if not any("layer" in key for key in text_keys(self.document)):
            # trimmed: what a class has without the key is not what the model has
            model = replace(model, ropes=tuple(replace(rope, layers=None) for rope in model.ropes))
        return replace(model, known=known)


def model_names() -> tuple[str, ...]:
    """The names of all known models, family by family; quick, since shells complete them.

    >>> "Llama-3.1-8B" in model_names()
    True
    """
    return tuple(_sections())


@isolated
def known_models(search: str = "") -> tuple[KnownModel, ...]:
    """The known models that have every word of ``search`` in their names; all without any.

    Those whose own name begins with the first word come first. Models that rotate nothing are known
    by name, and are not among these.

    >>> [model.name for model in known_models("kimi k2")]
    ['Kimi-K2', 'Kimi-K2.5', 'Kimi-K2.7-Code']
    """
    return tuple(model for model in _searched(search) if model.rotates)


def unrotated_models(search: str) -> tuple[str, ...]:
    """The names of those that a search finds of which no layer rotates.

    >>> unrotated_models("kimi linear")
    ('Kimi-Linear-48B-A3B',)
    """
    return tuple(model.name for model in _searched(search) if not model.rotates)


def _searched(search: str) -> tuple[KnownModel, ...]:
    models = tuple(map(_entry, _sections()))
    words = [_key(word) for word in search.split()]
    if not words:
        return models
    found = [model for model in models if _has(model, words)]
    return tuple(sorted(found, key=lambda model: not _key(model.name).startswith(words[0])))


@isolated
def find_model(name: str) -> ModelConfig:
    """What is known about a model's rotary embeddings.

    Parameters
    ----------
    name : the model's name, its repository on the hub, that without its owner, or an alias; upper
        and lower case and the signs "-", "_", "." and " " make no difference, nor does a word at
        the end for a format of weights ("-GGUF", "-FP8"), or one for a tuning ("-Instruct",
        "-Base") where no known model has it in its own name

    Where the name is an alias, or has a word of a tuning that no source has, the first of the
    ``assumptions`` says so.

    Raises
    ------
    InvalidValueError
        No known model has this name; the message has the nearest names.
    NoRotationError
        None of the model's layers rotates.

    >>> find_model("meta-llama/llama_3.1-8b").rope.factor
    8.0
    >>> find_model("Qwen3-8B-Instruct-GGUF").source
    'Qwen3-8B'
    >>> find_model("lama-3.1-8b")
    Traceback (most recent call last):
    ropecalc.errors.InvalidValueError: no known model is called 'lama-3.1-8b': ...
    """
    found = _named(name)
    if found is None:
        shown = repr(printable(name[:LONGEST]))
        setting = _published(name)
        if setting:
            raise InvalidValueError("model", f"no known model is called {shown}, {setting}")
        cure = f"{_as_number(name)}run 'ropecalc models' to list them"
        like = nearest(name)
        hint = f"did you mean {' or '.join(like)}? If not, {cure}" if like else cure
        raise InvalidValueError("model", f"no known model is called {shown}: {hint}")
    model = _entry(found)
    said = _taken_for(model, name[:LONGEST])
    config = model.config()
    return replace(config, assumptions=(*said, *config.assumptions))


def _as_number(name: str) -> str:
    """How a number is given that stands where a model's name belongs; nothing for other words."""
    from ropecalc.quantities import parse_base

    try:
        parse_base(name)
    except InvalidValueError:
        return ""
    return f"a context is given by --ctx {name.strip()}, a base by --base {name.strip()}; or "


def _published(name: str) -> str:
    """The command for a setting that only the table of evidence names; nothing for other names."""
    rows = [one for one in shipped_rows("evidence.tsv") if _key(one["model"]) == _key(name)]
    if not rows:
        return ""
    row = rows[0]
    options = f"--base {row['base']} --dim {row['head_dim']}"
    if row["rotary_dim"] != row["head_dim"]:
        options += f" --rotary-dim {row['rotary_dim']}"
    if row["rope_type"] != "default":
        options += f" --rope-type {row['rope_type'].replace('_', '-')} --factor {row['factor']}"
        # linear and NTK-aware frequencies are the same wherever the scaling starts
        options += f" --original-ctx {row['original_context'] or row['trained_context']}"
    return (
        f"a row of the table of 'ropecalc evidence'; for its setting: ropecalc evidence {options}"
    )


def repo_of(name: str) -> str | None:
    """The repository of a known model, or its name where it has none; None for no known model.

    >>> repo_of("qwen3 8b"), repo_of("nobody's")
    ('Qwen/Qwen3-8B', None)
    """
    found = _named(name)
    return None if found is None else _entry(found).repo or found


def _taken_for(model: KnownModel, name: str) -> tuple[str, ...]:
    """A sentence where a name is not the model's own, nor that of its weights in another format.

    >>> _taken_for(_entry("Qwen3-8B"), "qwen/qwen3-8b-gguf")
    ()
    >>> _taken_for(_entry("Qwen3-8B"), "Qwen3-8B-Chat")
    ("no source has 'Qwen3-8B-Chat': these are the numbers of Qwen3-8B, and its own may differ",)
    """
    keys = {_key(text) for text in (name, FORMATS.sub("", name))}
    if keys & set(map(_key, model.own_names)):
        return ()
    given = repr(printable(name))
    if keys & set(map(_key, model.names)):
        return (f"{given} is taken for {model.name}, its sibling; its own config was not read",)
    return (f"no source has {given}: these are the numbers of {model.name}, {GUESSED_MODEL}",)


def _named(name: str) -> str | None:
    """The known model of a name: as it is, then without words of variants at its end."""
    bare = FORMATS.sub("", name[:LONGEST])
    for text in (name, bare, TUNINGS.sub("", bare)):
        found = _by_name().get(_key(text)) or _by_any_name().get(_key(text))
        if found is not None:
            return found
    return None


def nearest(name: str) -> list[str]:
    """The known names that begin with a text, then those most like it: at most three in all.

    >>> nearest("gpt-os-20b")[0], nearest("phi-3-mini")[:2]
    ('gpt-oss-20b', ['Phi-3-mini-4k', 'Phi-3-mini-128k'])
    """
    from difflib import get_close_matches

    text = FORMATS.sub("", name[:LONGEST])
    key, names = _key(text), {**_by_any_name(), **_by_name()}
    starts = [key, _key(TUNINGS.sub("", text).rpartition("/")[2])]
    begin = [
        known
        for start in dict.fromkeys(starts)
        for other, known in _by_name().items()
        if start and other.startswith(start)
    ]
    like = get_close_matches(key, names, 2 * NEAREST, LEAST_LIKENESS)
    return list(dict.fromkeys([*begin, *(names[other] for other in like)]))[:NEAREST]


def stem(name: str) -> str:
    """What the names of a model and of its tunings and formats share, without the owner.

    >>> stem("meta-llama/Llama-3.1-8B-Instruct") == stem("llama 3.1 8b") == stem("Llama-3.1-8B-it")
    True
    """
    own = FORMATS.sub("", name[:LONGEST].rpartition("/")[2])
    return _key(TUNINGS.sub("", own))


def _key(name: str) -> str:
    """A name without what makes no difference.

    >>> _key("Llama_3.1 8B")
    'llama318b'
    """
    return BETWEEN.sub("", name).casefold()


def _has(model: KnownModel, words: list[str]) -> bool:
    """Whether every word is in one of a model's names; a word of hyphens alone is in none."""
    keys = [_key(name) for name in model.names]
    return all(word and any(word in key for key in keys) for word in words)


@cache
def _sections() -> dict[str, str]:
    """The text below the header of each model: parsing all of it takes fifty times as long."""
    pieces = HEADER.split(shipped_text("models.toml"))[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


@cache
def _entry(name: str) -> KnownModel:
    import tomllib  # ten milliseconds that completion does without

    from ropecalc.results.configs import Recipe, Trained

    values = tomllib.loads(_sections()[name])
    trained, recipe = values.get("trained"), dict(values.get("recipe", {}))
    if recipe:
        recipe["original_context"] = recipe.pop("original_max_position_embeddings")
    return KnownModel(
        name=name,
        repo=values.get("repo"),
        aliases=tuple(values.get("aliases", ())),
        source=values["source"],
        document=_with_nulls(values["config"]),
        trained=None if trained is None else Trained(**trained),
        recipe=Recipe(**recipe) if recipe else None,
        rotates=values.get("rotates", True),
    )


def sourced(model_type: str) -> list[KnownModel]:
    """The known models of a class of which more is known than their numbers."""
    mark = f'model_type = "{model_type}"'
    return [
        _entry(name)
        for name, text in _sections().items()
        if mark in text and ("\ntrained = " in text or "\nrecipe = " in text)
    ]


@cache
def _by_name() -> dict[str, str]:
    return {_key(name): name for name in _sections()}


@cache
def _by_any_name() -> dict[str, str]:
    return {_key(name): model.name for model in _searched("") for name in model.names}


def _with_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    """A document whose nulls are the text "null", as TOML has none."""
    return {key: _with_null(value) for key, value in values.items()}


def _with_null(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _with_nulls(value)
    return None if value == "null" else value
