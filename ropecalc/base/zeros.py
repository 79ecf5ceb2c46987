"""The zeros of one distance's g, each enclosed between two certain signs.

A curve is g as a function of one parameter x: its value and two derivatives at a point, to any
number of digits and with bounds on their errors, and bounds on |g''| and |g'''| over an interval.
From a point where g has a certain sign, Taylor's formula with these bounds gives a step over which
g keeps it: with h towards the goal, s = +1 or -1 the sign, and everything at the worst end of its
error,

    s g(x + h)  >=  s g(x) + s g'(x) h - K h^2/2  >  0,        0 <= h < step,

K being the bound on |g''|, or the curvature at x and what the bound on |g'''| adds up to a trial
length. It is Newton's method from one side: it cannot jump over a zero, it converges on a simple
one quadratically, and it walks past an extremum that comes near zero and does not reach it.

With all errors the other way, the same formula tells from where on g certainly has the opposite
sign. Once that is near enough, the two enclose the zero. Where the value is lost in its own error
before that, it takes more digits.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from ropecalc.errors import UndecidedError
from ropecalc.exact import Real, context_with

FIRST_DIGITS = 40
BASE_DIGITS = 20  # a base to its last bit takes 19
GUARD_DIGITS = 15
MOST_DIGITS = 320  # of a value: an extremum nearer to zero is not told from a zero
LINE = 1e-3  # of a slope: what changes by less on a step is a line there
STRIDE = 0.25  # of x: how far ahead the bounds of a first step look


class Jet(NamedTuple):
    """g and two derivatives at one point, and bounds on their errors."""

    value: Real
    slope: Real
    curvature: Real
    value_error: Real
    slope_error: Real
    curvature_error: Real


class Curve(Protocol):
    """g of one distance over the parameter of a family."""

    @property
    def distance(self) -> int:
        """The distance, to name it."""

    def jet(self, x: Real, digits: int) -> Jet:
        """g and its derivatives at x, each off by about 10^-digits of what its terms add up to."""

    def bends(self, low: float, high: float) -> tuple[float, float]:
        """Bounds on |g''| and |g'''| from ``low`` to ``high``."""

    def described(self, x: Real) -> str:
        """The point in the words of the family, for a message."""


class Zero(NamedTuple):
    """A zero that a walk came to: g has one sign up to ``before`` and the other at ``after``.

    The two are no further apart than the digits asked for; where the walk went down,
    ``after`` < ``before``.
    """

    before: Real
    after: Real
    distance: int


class Effort:
    """Work in multiple precision, limited: each evaluation counts."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.spent = 0

    def spend(self, curve: Curve, x: Real) -> None:
        """Count one evaluation; raises UndecidedError beyond the limit."""
        self.spent += 1
        if self.spent > self.limit:
            raise UndecidedError(
                f"S({curve.distance:,}) stays too near to zero to follow from "
                f"{curve.described(x)}: stopped after {self.limit:,} evaluations"
            )

    def forgive(self) -> None:
        """Count from zero again: double precision got on by itself."""
        self.spent = 0


def sign_at(curve: Curve, x: Real, effort: Effort, digits: int = FIRST_DIGITS) -> int:
    """The sign of g at a point, 1 or -1, with as many digits as it takes.

    Raises UndecidedError where ``MOST_DIGITS``, or four times ``digits``, do not show it.
    """
    most = max(MOST_DIGITS, 4 * digits)
    while digits <= most:
        effort.spend(curve, x)
        at = curve.jet(x, digits)
        if abs(at.value) > at.value_error:
            return 1 if at.value > 0 else -1
        digits *= 2
    raise _lost(curve, x)


def next_zero(
    curve: Curve, sign: int, start: Real, goal: Real, effort: Effort, digits: int = FIRST_DIGITS
) -> Zero | None:
    """The first zero of g on the way from ``start`` to ``goal``; None where g keeps its sign.

    ``sign`` is that of g at the start (``sign_at``). To ``digits`` digits after the point. An
    extremum that nears zero without reaching it is passed.

    Raises
    ------
    UndecidedError
        An extremum is zero to ``MOST_DIGITS`` digits, or the effort is spent.
    """
    return _Walk(curve, goal, effort, digits).run(start, sign)


class _Walk:
    """One way from a point to a goal."""

    def __init__(self, curve: Curve, goal: Real, effort: Effort, digits: int) -> None:
        self.curve = curve
        self.goal = goal
        self.effort = effort
        self.digits_told = digits
        self.digits = digits + GUARD_DIGITS
        self.stride: Any = STRIDE
        self._width = self._numbers().mpf(10) ** -digits
        """No zero is enclosed more widely."""

    def run(self, x: Real, sign: int) -> Zero | None:
        """The first zero; ``sign`` is that of g at x."""
        ahead = 1 if self.goal > x else -1
        while True:
            mp = self._numbers()
            at = self._jet(x)
            left = ahead * (mp.convert(self.goal) - mp.convert(x))
            if left <= 0:
                return None
            lost = sign * at.value <= 2 * at.value_error
            step, across = self._step(x, at, sign, ahead, left, lost)
            if step >= left:
                return None
            before = x if lost else self._after(x, ahead, step)
            if across is not None:
                after = self._beyond(x, ahead, across)
                if ahead * (after - mp.convert(before)) <= self._width:
                    return Zero(before, after, self.curve.distance)
            if lost:
                self._more_digits(x)
            x = before

    def _numbers(self) -> Any:
        """Numbers that hold a step as short as the error of a value makes it."""
        return context_with(self.digits + len(str(self.curve.distance)) + GUARD_DIGITS)

    def _jet(self, x: Real) -> Jet:
        self.effort.spend(self.curve, x)
        return self.curve.jet(x, self.digits)

    def _after(self, x: Real, ahead: int, step: Real) -> Real:
        """x after a step, less the effect of rounding on its formula and to itself.

        Where the square under the root nearly cancels, half of the digits are left of it.
        """
        mp = self._numbers()
        certain = step * (1 - mp.mpf(10) ** (2 - self.digits // 2))
        return mp.convert(x) + ahead * (certain - abs(x) * mp.mpf(10) ** (1 - mp.dps))

    def _beyond(self, x: Real, ahead: int, step: Real) -> Real:
        """x after a step, and no less for rounding: what that moves g by is far below its error."""
        mp = self._numbers()
        return mp.convert(x) + ahead * (step + abs(x) * mp.mpf(10) ** (1 - mp.dps))

    def _more_digits(self, x: Real) -> None:
        self.digits *= 2
        if self.digits > max(MOST_DIGITS, 4 * self.digits_told):
            raise _lost(self.curve, x)

    def _step(
        self, x: Real, at: Jet, sign: int, ahead: int, left: Real, lost: bool
    ) -> tuple[Real, Real | None]:
        """How far ahead of x g keeps its sign, up to what is left of the way.

        And where, if soon beyond, it certainly has the other sign:

            s g(x + h)  <=  s g(x) + s g'(x) h + (s g''(x) + K h/3) h^2/2  <  0,

        K being the bound on |g'''|. That parabola may be an error above zero, for its rounding.
        """
        stretch = min(left, self.stride)
        second, third = self.curve.bends(*sorted((float(x), float(x + ahead * 2 * stretch))))
        height, slope, curvature = sign * at.value, sign * ahead * at.slope, sign * at.curvature
        step = 0
        if not lost:
            low = height - at.value_error, slope - at.slope_error
            bent = at.curvature_error - curvature
            step = min(stretch, first_fall(*low, second))
            straight = second * step < -LINE * slope  # so that longer trials bring nothing
            for longer in (1.2,) if straight else (8, 3, 1.5, 1.2):
                trial = min(stretch, longer * step)
                step = max(step, min(trial, first_fall(*low, third * trial / 3 + bent)))
            self.stride = 8 * step
        trial = min(step + self._width, 2 * stretch)
        bend = curvature + at.curvature_error + third * trial / 3
        across = first_fall(height + 2 * at.value_error, slope + at.slope_error, -bend)
        return step, across if across <= trial else None


def first_fall(height: Real, slope: Real, bend: Real) -> Real:
    """Smallest h > 0 with height + slope h - bend h^2/2 = 0, given height > 0; inf where none."""
    square = slope * slope + 2 * bend * height
    if square < 0 or (slope >= 0 and bend <= 0):
        return float("inf")
    root = square**0.5
    return 2 * height / (root - slope) if slope < 0 else (slope + root) / bend


def _lost(curve: Curve, x: Real) -> UndecidedError:
    return UndecidedError(
        f"S({curve.distance:,}) touches zero at {curve.described(x)}, as far as "
        f"{MOST_DIGITS} digits tell: change the margin a little"
    )
