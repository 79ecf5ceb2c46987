"""Numbers in the sentences of findings."""

from __future__ import annotations

from ropecalc.quantities import format_count


def tokens(length: float) -> str:
    """A length: "131,072"; one that is no whole number as it is."""
    return format_count(int(length)) if float(length).is_integer() else f"{length:,.7g}"


def number(value: object) -> str:
    """A factor or a base, short: "4", "0.8782", "999,999.44".

    >>> number(4.0), number(1e6), number(1.1386294361119891), number(999_999.44)
    ('4', '1,000,000', '1.138629', '999,999.44')
    """
    if not isinstance(value, int | float):
        return str(value)
    if abs(value) >= 1e15:
        return f"{value:g}"
    whole = float(value).is_integer()
    return f"{int(value):,}" if whole else f"{value:,.7g}" if abs(value) < 1e5 else f"{value:,}"


def literal(value: float) -> str:
    """A float as a file should have it, to 7 digits.

    >>> literal(8), literal(1.1386294361119891)
    ('8.0', '1.138629')
    """
    return repr(float(f"{value:.7g}"))
