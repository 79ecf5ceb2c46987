"""Fill README.md: run its console blocks and write their outputs.

python tests/tools/regenerate_readme.py
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.tools import transcript


def regenerated(text: str) -> str:
    """The text with every console fence run anew."""

    def renew(match: re.Match[str]) -> str:
        if match[1] != "console":
            return match[0]
        with tempfile.TemporaryDirectory() as folder:
            done = transcript.run(transcript.steps(match[2]), Path(folder))
        return f"```console\n{''.join(map(str, done))}```"

    return transcript.FENCE.sub(renew, text)


if __name__ == "__main__":
    before = transcript.README.read_text(encoding="utf-8")
    after = regenerated(before)
    transcript.README.write_text(after, encoding="utf-8")
    print("README.md", "unchanged" if before == after else "rewritten")
