"""Names like a word that is none of them: the cure of an error."""

from __future__ import annotations

from collections.abc import Iterable

from ropecalc.errors import InvalidValueError

MAX_WORD = 60  # longer words are not compared


def likest(word: str, names: Iterable[str], count: int = 1) -> list[str]:
    """The names most like a word, the one with the fewest slips first.

    >>> likest("yaarn", ["yarn-rcd", "yarn"]), likest("--dmi", ["--digits", "--dim"], 2)
    (['yarn'], ['--dim', '--digits'])
    """
    from difflib import get_close_matches

    word = word.casefold()[:MAX_WORD]
    known = {name.casefold(): name for name in names}
    like = get_close_matches(word, known, 3 * count)
    return [known[name] for name in sorted(like, key=lambda name: slips(word, name))[:count]]


def slips(one: str, other: str) -> int:
    """Letters to insert, remove, replace or swap with a neighbour to make one word of another.

    >>> slips("dmi", "dim"), slips("yaarn", "yarn"), slips("", "ab")
    (1, 1, 2)
    """
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted)))
            if i > 1 < j and (letter, one[i - 2]) == (other[j - 2], wanted):
                row[j] = min(row[j], before[j - 2] + 1)
        before, last = last, row
    return last[-1]


def none_of(parameter: str, value: object, names: Iterable[str]) -> InvalidValueError:
    """The error for a word that is none of the known ones."""
    from ropecalc.spectrum import shown

    known = list(names)
    like = likest(value, known) if isinstance(value, str) else []
    cure = f"; did you mean {like[0]}?" if like else ""
    return InvalidValueError(
        parameter, f"{parameter} must be one of {', '.join(known)}, got {shown(value)}{cure}"
    )
