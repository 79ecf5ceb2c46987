"""Draw examples/screenshot.svg: commands as a terminal shows them, in one file without a network.

python tests/tools/regenerate_screenshot.py
"""

from __future__ import annotations

import sys
import tempfile
from io import StringIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tools import transcript
from tests.tools.places import ROOT

TARGET = ROOT / "examples" / "screenshot.svg"
COMMANDS = (
    "ropecalc curve --base 5e5,1e6 --height 12",
    "ropecalc check --base 1e6 --dim 128 --ctx 32k",
)
FONT = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"
# rich's own template asks a CDN for its font; this one takes what the reader has
TEMPLATE = f"""\
<svg class="rich-terminal" viewBox="0 0 {{width}} {{height}}" xmlns="http://www.w3.org/2000/svg">
<title>ropecalc in a terminal</title>
<style>
.{{unique_id}}-matrix {{{{ font-family: {FONT}; font-size: {{char_height}}px;
 line-height: {{line_height}}px; white-space: pre; }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}" />
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})"
 clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix" xml:space="preserve">
{{matrix}}
</g>
</g>
</svg>
"""


def shown() -> str:
    """What the commands print on a terminal with colour, each after its prompt."""
    with tempfile.TemporaryDirectory() as folder:
        variables = transcript.environment(Path(folder))
        del variables["NO_COLOR"]
        done = [
            transcript.in_terminal(["bash", "-c", command], variables, escapes=True)
            for command in COMMANDS
        ]
    return "\n".join(f"$ {line}\n{text}" for line, text in zip(COMMANDS, done, strict=True))


def drawn(text: str) -> str:
    """Terminal output as SVG; the same text gives the same bytes."""
    from rich.console import Console
    from rich.text import Text

    console = Console(
        record=True,
        file=StringIO(),
        width=transcript.COLUMNS,
        force_terminal=True,
        color_system="standard",
        legacy_windows=False,
    )
    console.print(Text.from_ansi(text), highlight=False)
    return console.export_svg(title="ropecalc", code_format=TEMPLATE, unique_id="ropecalc")


if __name__ == "__main__":
    TARGET.write_text(drawn(shown()), encoding="utf-8")
    print(TARGET.name, TARGET.stat().st_size, "bytes")
