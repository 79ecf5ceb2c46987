"""The command line: the only part of ropecalc that imports typer.

A command parses its options, calls one public function and renders one result. Everything that
is slow to import (numpy, mpmath, rich) is imported where it is used, so that ``--help`` and
completion stay quick.
"""

PROGRAM = "ropecalc"
BAD_INPUT, INTERRUPTED = 2, 130  # exit codes
