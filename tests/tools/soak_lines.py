"""Random command lines, made from the parameters that the program's own help is made of.

An option is known by its metavar (``soak_values.GOOD``), so that a new one is used as soon as it is
there, and one that nothing here has a value for fails the soak.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from random import Random
from typing import Any

from tests.tools.soak_values import GOOD, bad, good

STARTS = {  # what a command needs before it can answer: one of these, options or arguments
    "min-base": ("--dim --ctx", "--dim --ctx", "MODEL --ctx"),
    "min-factor": ("--base --dim --original-ctx --ctx", "MODEL --ctx", "MODEL --rope-type --ctx"),
    "curve": ("--base --ctx", "MODEL --ctx", "MODEL --base --ctx"),
    "max-ctx": ("--base --limit", "MODEL --limit"),
    "check": ("--base --ctx", "--base --dim --ctx", "MODEL --ctx", "MODEL --base --ctx"),
    "inspect": ("MODEL --ctx", "MODEL"),
    "lint": ("MODEL...", "MODEL...", "--rules"),
    "compare": ("MODEL --ctx", "MODEL", "MODEL MODEL --ctx"),
    "models": ("", "SEARCH"),
    "plan": ("--base --dim --from --to", "MODEL --from --to", "MODEL --to"),
    "emit": ("MODEL", "--base --dim --ctx", "--in-place --base --ctx", "MODEL --stack"),
    "temperature": ("--ctx", "--ctx --original-ctx"),
    "freqs": ("--base --dim", "MODEL"),
    "criteria": ("--base --ctx", "MODEL"),
    "evidence": ("", "MODEL", "--base --dim"),
    "staircase": ("--dim --ctx --jobs",),
    "windows": ("--dim --ctx", "MODEL --ctx"),
    "weights": ("CHECKPOINT --layer-number",),
    "verify": ("FILE",),
    "explain": ("", "TOPIC"),
}
# A model's own context takes seconds where no table has the answer: these get one they can afford.
LENGTHS = {"staircase": "--ctx", "windows": "--ctx", "min-base": "--ctx", "check": "--ctx"}
LENGTHS |= {"min-factor": "--ctx", "curve": "--ctx", "inspect": "--ctx", "max-ctx": "--limit"}
FORMS = ("--json", "--csv", "--tsv", "--markdown", "-q")
RARE, RARELY = ("-o", "--output", "--plot"), 0.15  # a figure takes half a second
STDIN = ("", "", "llama.json", "broken.json", "ones.json", "proof.json", "binary.json", "closed")
TYPOS = {"--ctx": "--context", "--dim": "--head_dim", "--base": "--rope-theta", "--json": "--jsn"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """An option or an argument, as a help page shows it."""

    name: str
    metavar: str
    """Empty for a flag."""

    @property
    def is_option(self) -> bool:
        """Whether it is written with its name."""
        return self.name.startswith("-")


@dataclass(frozen=True, slots=True)
class Line:
    """A command line by its number, and what its standard input is: empty, a file, or closed."""

    number: int
    words: tuple[str, ...]
    stdin: str = ""

    def __str__(self) -> str:
        words = shlex.join(["ropecalc", *self.words])
        given = {"": "< /dev/null", "closed": "<&-"}.get(self.stdin, f"< {self.stdin}")
        shown = words if len(words) <= 400 else f"{words[:400]}... ({len(words):,} characters)"
        return f"line {self.number}: {ascii(shown)[1:-1]} {given}"


@cache
def parameters() -> dict[str, tuple[Parameter, ...]]:
    """The parameters of every command."""
    import typer.main

    from ropecalc.cli.app import application

    group: Any = typer.main.get_command(application([]))
    return {
        name: tuple(each for one in command.params for each in _spelt(one))
        for name, command in group.commands.items()
    }


def _spelt(one: Any) -> list[Parameter]:
    """A parameter in each of its spellings."""
    if one.param_type_name == "argument":
        return [Parameter(one.metavar, one.metavar)]
    metavar = "" if one.is_flag else one.metavar or "(none)"
    return [Parameter(name, metavar) for name in (*one.opts, *one.secondary_opts)]


def takes_several(words: tuple[str, ...]) -> bool:
    """Whether a line may name several models, each answered or refused by itself."""
    plain = words[0].lower().replace("-", "").replace("_", "")  # commands are read so, too
    named = [those for name, those in parameters().items() if name.replace("-", "") == plain]
    known = {one.name: one for those in named for one in those}
    arguments = {one.name for one in known.values() if not one.is_option}
    values = [
        word
        for before, word in pairwise(words)
        if before not in known or not known[before].metavar or "=" in before
    ]
    models = sum(not word.startswith("-") or word == "-" for word in values)
    return models > 1 and bool(arguments & {"MODEL", "MODEL..."})


def unknown_metavars() -> set[str]:
    """Metavars for which there are no values."""
    every = {one.metavar for those in parameters().values() for one in those}
    return every - GOOD.keys() - {""}


def made(seed: int, number: int) -> Line:
    """The line of that number, whatever other lines are made."""
    rng = Random(f"{seed}/{number}")
    words = _wild(rng) if rng.random() < 0.05 else _sensible(rng)
    if rng.random() < 0.4:
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            _spoil(words, rng)
    return Line(number, tuple(_affordable(words, rng)), rng.choice(STDIN))


def _sensible(rng: Random) -> list[str]:
    """A command with what it needs, a few more of its options, and a form for its answer."""
    command = rng.choice(list(parameters()))
    known = {one.name: one for one in parameters()[command]}
    needed = rng.choice(STARTS.get(command, ("",))).split()
    others = [name for name in known if name not in needed and name not in FORMS]
    more = rng.sample(others, min(len(others), rng.choice((0, 0, 1, 1, 2, 4))))
    more = [name for name in more if name not in RARE or rng.random() < RARELY]
    words = [command]
    if rng.random() < 0.5:
        words.append(rng.choice(FORMS))
    for name in [*needed, *more]:
        words += _written(command, known[name], rng)
    return words


def _written(command: str, one: Parameter, rng: Random) -> list[str]:
    if not one.metavar:
        return [one.name]
    value = good(command, one.name, one.metavar, rng)
    if not one.is_option:
        return [value]
    if one.name.startswith("--") and rng.random() < 0.2:
        return [f"{one.name}={value}"]
    return [one.name, value]


def _wild(rng: Random) -> list[str]:
    """Hardly a command line."""
    first = rng.choice(["", *parameters(), "minbase", "help", "Check", "-h", "--version", bad(rng)])
    return [word for word in [first, *(bad(rng) for _ in range(rng.randint(0, 4)))] if word]


def _spoil(words: list[str], rng: Random) -> None:
    """Something that people do to a command line, in place."""
    at = rng.randrange(len(words)) if words else 0
    how = rng.choice(("value", "value", "value", "drop", "twice", "insert", "typo", "swap", "end"))
    if how == "insert" or not words:
        words.insert(at + 1, bad(rng))
    elif how == "value":
        values = [place for place, word in enumerate(words) if place and word[:1] != "-"]
        words[rng.choice(values or [at])] = bad(rng)
    elif how == "drop":
        del words[at]
    elif how == "twice":
        words[at:at] = words[at : at + 2]
    elif how == "typo":
        words[at] = TYPOS.get(words[at], words[at][:-1])
    elif how == "swap":
        words[at], words[0] = words[0], words[at]
    else:
        words.append(rng.choice(("--", "-h", "--nonsense", "--help", *TYPOS)))


def _affordable(words: list[str], rng: Random) -> list[str]:
    """The same, with a length wherever a model's own would be taken."""
    command, *rest = words or [""]
    added = []
    option = LENGTHS.get(command)
    if option and not any(word.partition("=")[0] == option for word in rest):
        added = [option, good(command, option, "TOKENS", rng)]
    if command == "staircase" and not any(word.startswith("--jobs") for word in rest):
        added += ["--jobs", "1"]
    at = 2 if rest and rest[0] in FORMS else 1  # a form stays in front
    return words[:at] + added + words[at:]


def asks_for_json(words: tuple[str, ...]) -> bool:
    """Whether an answer has to be JSON: asked for at once, before anything odd."""
    others = {"-h", "--help", "--version"}
    return words[1:2] == ("--json",) and not others.intersection(words)
