"""``python -m ropecalc``: the same as the command ``ropecalc``."""

from __future__ import annotations

import sys

from ropecalc.cli.entry import main

if __name__ == "__main__":
    sys.exit(main())
