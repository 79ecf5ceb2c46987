"""What a stream can show, and that nothing written to it can fail."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc.render.console import paint, screen, wants_colour
from ropecalc.render.glyphs import ASCII, UNICODE, encodable, glyphs_for, printable
from tests.tools.render_samples import Stream


@pytest.mark.parametrize(
    ("is_terminal", "environ", "expected"),
    [
        (True, {}, True),
        (True, {"TERM": "xterm-256color"}, True),
        (False, {}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": "0"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"FORCE_COLOR": "0"}, False),
        (True, {"FORCE_COLOR": ""}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (True, {"FORCE_COLOR": "3", "TERM": "dumb"}, True),
        (False, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (False, {"GITHUB_ACTIONS": "true"}, False),
    ],
)
def test_colour_is_decided_by_the_stream_and_the_environment(
    is_terminal: bool, environ: dict[str, str], expected: bool
) -> None:
    assert wants_colour(is_terminal, environ) is expected


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("60", 60),
        ("200", 200),
        ("10", 40),
        ("0", 80),
        ("", 80),
        ("wide", 80),
        ("-5", 80),
        ("²", 80),
    ],
)
def test_columns_sets_the_width_and_nonsense_is_ignored(columns: str, width: int) -> None:
    assert screen(Stream(), {"COLUMNS": columns}).width == width


def test_a_dumb_terminal_keeps_its_width() -> None:
    on = screen(Stream(terminal=True), {"COLUMNS": "132", "LINES": "50", "TERM": "dumb"})
    assert (on.width, on.height, on.colour) == (132, 50, False)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_width_of_a_terminal_is_its_own() -> None:
    import fcntl
    import pty
    import struct
    import termios

    leader, follower = pty.openpty()
    try:
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 97, 0, 0))
        with os.fdopen(follower, "w", encoding="utf-8", closefd=True) as stream:
            on = screen(stream, {})
            assert (on.width, on.height, on.is_terminal, on.colour) == (97, 33, True, True)
    finally:
        os.close(leader)


@pytest.mark.parametrize(
    ("encoding", "glyphs"),
    [
        ("utf-8", UNICODE),
        ("UTF8", UNICODE),
        ("utf-16", UNICODE),
        (None, UNICODE),
        ("cp1252", ASCII),
        ("ascii", ASCII),
        ("latin-1", ASCII),
        ("no-such-encoding", ASCII),
    ],
)
def test_glyphs_follow_the_encoding(encoding: str | None, glyphs: object) -> None:
    assert glyphs_for(encoding) is glyphs


def test_the_ascii_glyphs_are_ascii() -> None:
    signs = [getattr(ASCII, name) for name in ASCII._fields if name != "braille"]
    assert "".join(signs).isascii()


@pytest.mark.slow
@given(st.text(), st.sampled_from(["ascii", "cp1252", "utf-8", "latin-1"]))
def test_writing_never_fails(text: str, encoding: str) -> None:
    stream = Stream(encoding)
    screen(stream, {}).write(text)
    if encoding == "utf-8" and text.isprintable():
        assert stream.text() == text + "\n"


def test_lone_surrogates_of_file_names_are_escaped() -> None:
    assert encodable("a\udcffb", Stream()) == "a\\udcffb"


@given(st.text())
def test_printable_leaves_no_control_characters(text: str) -> None:
    assert printable(text).isprintable()


def test_escape_sequences_in_labels_are_defused() -> None:
    assert printable("\x1b[31mred\r\n") == "\\x1b[31mred\\r\\n"


def test_paint_only_where_there_is_colour() -> None:
    plain, coloured = screen(Stream(), {}), screen(Stream(), {"FORCE_COLOR": "1"})
    assert plain.paint("x", "red") == "x"
    assert coloured.paint("x", "red") == paint("x", "red") == "\x1b[38;5;160mx\x1b[0m"


def test_a_stream_without_encoding_or_descriptor_will_do() -> None:
    file = io.StringIO()
    screen(file, {}).write("θ")
    assert file.getvalue() == "θ\n"


def test_importing_the_renderer_imports_neither_rich_nor_numpy() -> None:
    modules = "bases canvas console curves digits glyphs human plot progress tables verdicts words"
    imports = "; ".join(f"import ropecalc.render.{name}" for name in modules.split())
    code = f"import sys; {imports}; sys.exit(bool({{'rich', 'numpy'}} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
