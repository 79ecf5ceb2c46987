"""What people type before they know the names: taken for what it can only mean."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

OPTIONS = {
    "--context": "--ctx",
    "--original-context": "--original-ctx",
    "--write": "--stack",
    "--context-length": "--ctx",
    "--max-model-len": "--ctx",
    "--max-position-embeddings": "--ctx",
    "--head-dim": "--dim",
    "--head-size": "--dim",
    "--theta": "--base",
    "--rope-theta": "--base",
    "--rope-base": "--base",
}
OF_COMMANDS = {  # where an option has another name than elsewhere
    "plan": {"--ctx": "--to"},
    "temperature": {"--from": "--original-ctx"},
    "weights": {"--layer": "--layer-number"},
}
OF_A_MODEL = ("--model", "--config")  # a model is an argument
COMMANDS = {
    "base": "min-base",
    "minimumbase": "min-base",
    "maxcontext": "max-ctx",
    "maxlen": "max-ctx",
    "frequencies": "freqs",
    "plot": "curve",
    "extend": "plan",
}


def corrected(words: Sequence[str], commands: Collection[str]) -> list[str]:
    """The words of a command line with the program's own names in the place of guesses.

    ``help`` and ``help CMD`` request the pages that ``-h`` shows.

    >>> corrected(["minbase", "--head_dim", "128", "--context=32k"], ["min-base", "curve"])
    ['min-base', '--dim', '128', '--ctx=32k']
    >>> corrected(["help", "curve"], ["min-base", "curve"])
    ['curve', '-h']
    >>> corrected(["check", "--model", "Qwen3-8B", "--config=x"], ["check"])
    ['check', 'Qwen3-8B', 'x']
    """
    first, *rest = words or [""]
    if first == "help":
        return [_command(word, commands) for word in rest[:1]] + ["-h"]
    if not first or first.startswith("-"):
        return list(words)
    command = _command(first, commands)
    return [command, *_without_model_options(_options(rest, OF_COMMANDS.get(command, {})))]


def _command(word: str, commands: Collection[str]) -> str:
    if word in commands:
        return word
    key = _bare(word)
    return {_bare(name): name for name in commands}.get(key) or COMMANDS.get(key, word)


def _bare(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")


def _without_model_options(words: list[str]) -> list[str]:
    """A model as an argument, where it was given by an option."""
    found = []
    for word in words:
        name, equals, value = word.partition("=")
        if name not in OF_A_MODEL:
            found.append(word)
        elif equals:
            found.append(value)
    return found


def _options(words: Sequence[str], own: Mapping[str, str]) -> list[str]:
    """Options up to a bare ``--``; what comes after it is no option."""
    end = list(words).index("--") if "--" in words else len(words)
    return [*(_option(word, own) for word in words[:end]), *words[end:]]


def _option(word: str, own: Mapping[str, str]) -> str:
    name, equals, value = word.partition("=")
    if not name.startswith("--"):
        return word
    hyphened = name.replace("_", "-")
    known = OPTIONS.get(hyphened, hyphened)
    return own.get(known, known) + equals + value
