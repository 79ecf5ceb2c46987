"""Every command as a person sees it: whole screens of real terminals, kept as text.

``python -m tests.tools.regenerate_screens`` takes over an intended change: read its diff.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from ropecalc.cli.commands import COMMANDS
from ropecalc.render.console import STYLES
from tests.tools import screens

pytest.importorskip("pty", reason="no terminals to make here")

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
PASTED = re.compile(r"^(Error: |vllm serve )")  # one line by design: for a log, to be copied


SHARES = 4  # that the screens are taken in, for processes side by side


def test_every_command_is_shown() -> None:
    shown = {line.split()[0] for line in screens.MAIN.values()}
    assert shown == set(COMMANDS)


def test_no_screen_is_kept_that_is_not_taken() -> None:
    assert {path.name for path in screens.FOLDER.glob("*.txt")} == set(screens.wanted())


def unchanged(names: Sequence[str]) -> None:
    assert names
    assert screens.taken(names) == screens.kept(names)


@pytest.mark.parametrize("share", range(2))
def test_screens_are_as_they_were(share: int) -> None:
    unchanged([f"{name}.{screens.PLAIN}.txt" for name in screens.MAIN][share::2])


@pytest.mark.slow
@pytest.mark.parametrize("share", range(SHARES))
def test_screens_of_other_lines_are_as_they_were(share: int) -> None:
    main = {f"{name}.{screens.PLAIN}.txt" for name in screens.MAIN}
    plain = [name for name, (_, look) in screens.wanted().items() if look == screens.PLAIN]
    unchanged([name for name in plain if name not in main][share::SHARES])


@pytest.mark.parametrize(
    "share",
    [pytest.param(n, marks=pytest.mark.heavy if n else pytest.mark.slow) for n in range(SHARES)],
)
def test_screens_in_other_looks_are_as_they_were(share: int) -> None:
    others = [name for name, (_, look) in screens.wanted().items() if look != screens.PLAIN]
    unchanged(others[share::SHARES])


def test_nothing_is_wider_than_the_screen() -> None:
    kept = screens.kept()
    wide = [
        (name, line)
        for name, (_, look) in screens.wanted().items()
        for line in kept[name].replace(r"\e", "\x1b").splitlines()[1:]
        if len(ESCAPE.sub("", line)) > look.width and not PASTED.match(line)
    ]
    assert wide == []


def test_ascii_alone_where_the_terminal_has_no_more() -> None:
    plain = [name for name in screens.wanted() if ".ascii." in name]
    assert len(plain) == len(screens.MAIN)
    assert all(text.isascii() for text in screens.kept(plain).values())


def test_colour_adds_escapes_and_nothing_else() -> None:
    kept = screens.kept()
    for name in screens.MAIN:
        coloured = kept[f"{name}.80.colour.utf8.txt"]
        assert r"\e[" in coloured
        bare = ESCAPE.sub("", coloured.replace(r"\e", "\x1b"))
        if not name.startswith(("curve", "plan")):  # overlap is drawn otherwise in colour
            plain = kept[f"{name}.80.plain.utf8.txt"]
            assert [line.rstrip() for line in bare.splitlines()] == plain.splitlines()


@pytest.mark.slow
def test_what_a_screen_says_to_run_next_runs() -> None:
    kept = screens.kept()
    text = re.sub(
        r" \\\n +", " ", "".join(kept[f"{name}.120.plain.utf8.txt"] for name in screens.MAIN)
    )
    lines = sorted(set(re.findall(r"^  ropecalc (.*)$", text, re.MULTILINE)))
    assert len(lines) > 6
    for done in screens.screens([(line, screens.PLAIN) for line in lines]):
        assert done.code in (0, 1), done


@pytest.mark.parametrize("style", [style for style in STYLES if style not in ("bold", "dim")])
@pytest.mark.parametrize("background", [(0, 0, 0), (255, 255, 255)])
def test_colours_can_be_read_on_dark_and_on_light(
    style: str, background: tuple[int, int, int]
) -> None:
    """WCAG 2.2 needs a contrast of 3 of large text and of what is drawn."""
    light, dark = sorted([_luminance(_rgb(style)), _luminance(background)], reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 3


def _rgb(style: str) -> tuple[int, int, int]:
    """Of the 6 x 6 x 6 cube that xterm's 256 colours hold."""
    number = int(STYLES[style].rpartition(";")[2]) - 16
    levels = (0, 95, 135, 175, 215, 255)
    return levels[number // 36], levels[number // 6 % 6], levels[number % 6]


def _luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [part / 255 for part in colour]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
