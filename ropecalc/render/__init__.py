"""Showing results: to people on a terminal (``human``) and to programs (``machine``).

The only part of ropecalc that imports rich, and only inside functions: what prints machine-readable
output does not pay for it.
"""
