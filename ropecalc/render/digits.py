"""Numbers as people read them: thousands apart, rounded to the safe side."""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

DIGITS = 10  # significant digits of a base on screen
FEWEST, KEPT = 3, Decimal("0.99")  # digits of the end of a window; share of it that they leave
MOST_DIGITS = 17  # of a float64; beyond them, its repr
LONGEST = Decimal("1e15")  # from here on, powers of ten instead of groups of three


def count(value: int) -> str:
    """An integer, thousands apart.

    >>> count(1048576)
    '1,048,576'
    """
    return f"{value:,}"


def tokens(value: int) -> str:
    """A length in tokens.

    >>> tokens(1), tokens(32768)
    ('1 token', '32,768 tokens')
    """
    return f"{value:,} {'token' if value == 1 else 'tokens'}"


def grouped(value: Decimal) -> str:
    """A decimal exactly as it is: thousands apart, or as a power of ten where that is shorter.

    >>> grouped(Decimal("629978.26290")), grouped(Decimal("6.3E+22"))
    ('629,978.2629', '6.3e22')
    """
    if value and not Decimal("1e-4") <= abs(value) < LONGEST:
        return f"{value.normalize():e}".replace("e+", "e")
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def exact(value: float) -> str:
    """The shortest decimal that reads back as the same float64, thousands apart.

    >>> exact(1e6), exact(629978.262855044)
    ('1,000,000', '629,978.262855044')
    """
    return grouped(Decimal(repr(float(value))))


def option(value: float) -> str:
    """A number as one types it after an option, to the last bit.

    >>> option(1e6), option(10000.5), option(6.3e22)
    ('1000000', '10000.5', '6.3e22')
    """
    return exact(value).replace(",", "")


def power_of_ten(value: float) -> str:
    """A base as config files like to write it; below a thousand, plainly.

    >>> power_of_ten(630000.0), power_of_ten(1e6), power_of_ten(4.3)
    ('6.3e5', '1e6', '4.3')
    """
    if value < 1000:
        return exact(value)
    return f"{Decimal(repr(float(value))).normalize():e}".replace("e+", "e")


def rounded(value: float, digits: int, rounding: str) -> Decimal:
    """The shortest decimal of ``value``, to ``digits`` significant digits by a rounding mode."""
    return Context(prec=digits, rounding=rounding).create_decimal(repr(float(value)))


def round_up(value: float, digits: int = DIGITS) -> str:
    """The least number of ``digits`` significant digits that float64 does not read below ``value``.

    >>> round_up(629978.262855044, 10)
    '629,978.2629'
    """
    return grouped(rounded(value, digits, ROUND_CEILING))


def nearest(value: float, digits: int) -> str:
    """The nearest number of ``digits`` significant digits.

    >>> nearest(53151.19, 4)
    '53,150'
    """
    return grouped(rounded(value, digits, ROUND_HALF_EVEN))


def window_ends(start: float, end: float | None) -> tuple[str, str | None]:
    """Both ends of a window of bases, rounded towards its inside.

    As many digits as it takes to leave 99 % of the window, and the floats to the last bit where no
    rounding does or where nothing is known of the end. So the first text, read as a number, is
    always a base in the window.

    >>> window_ends(629978.262855044, 630984.1296)
    ('629,980', '630,980')
    >>> window_ends(629978.262855044, 629978.26285507)
    ('629,978.262855044', '629,978.26285507')
    >>> window_ends(629978.262855044, None)
    ('629,978.262855044', None)
    """
    if end is None:
        return exact(start), None
    least = KEPT * (Decimal(repr(end)) - Decimal(repr(start)))
    for digits in range(FEWEST, MOST_DIGITS + 1):
        low, high = rounded(start, digits, ROUND_CEILING), rounded(end, digits, ROUND_FLOOR)
        if high - low >= least > 0:
            return grouped(low), grouped(high)
    return exact(start), exact(end)


def similarity(value: float) -> str:
    """A similarity to four significant digits.

    >>> similarity(-0.0123456), similarity(64.0)
    ('-0.01235', '64')
    """
    return f"{value:.4g}"


def fixed(value: float, decimals: int) -> str:
    """A quantity of a column, all with the same decimals, save the very small and very large.

    >>> fixed(6.283185, 2), fixed(5063020.5, 2), fixed(3.2e-9, 2), fixed(1e300, 2)
    ('6.28', '5,063,020.50', '3.20e-09', '1.00e+300')
    """
    small, large = 0.5 * 10.0**-decimals, 1e15
    if value == 0 or small <= abs(value) < large:
        return f"{value:,.{decimals}f}"
    return f"{value:.2e}"
