"""No expectation hangs on the last bit of a vectorised function; and that check can fail."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tests.tools.last_bits import findings, read
from tests.tools.places import ROOT

IMPORTS = "import math\nimport numpy as np\nimport pytest\nfrom numpy import exp\n"


@pytest.mark.slow
def test_no_expectation_through_numpys_functions_is_compared_for_equality() -> None:
    files = read(ROOT, ["tests"])
    assert len(files) > 100
    assert [str(one) for one in findings(files)] == []


@pytest.mark.slow
def test_no_file_of_ropecalc_compares_what_numpys_functions_give_in_it() -> None:
    files = read(ROOT, ["ropecalc", "examples"])
    found = [findings({file: text}) for file, text in files.items() if "numpy" in text]
    assert len(found) > 30
    assert [str(one) for some in found for one in some] == []


FAULTS = {
    "array_equal": "assert np.array_equal(f(), 1e6 ** (-np.arange(0, 128, 2) / 128))",
    "power": "assert np.array_equal(f(), np.power(1e6, [0.5]))",
    "imported": "assert f() == exp(1.5)",
    "not equal": "assert not f() != np.log2(3)",
    "all of a comparison": "assert (np.cos(f()) == 0.5).all()",
    "assert_array_equal": "np.testing.assert_array_equal(f(), np.sin([1, 2]))",
    "assert_equal": "np.testing.assert_equal(f(), np.sin([1, 2]))",
    "a list": "assert f() == np.tan([1, 2]).tolist()",
    "an item": "assert f() == float(np.arctan([1, 2])[0])",
    "bytes": "assert f().tobytes() == np.exp([1, 2]).tobytes()",
    "text": "assert str(f()) == f'{np.exp(2)} or so'",
    "a distance": "assert np.abs(f() - np.exp([1, 2])).max() == 0",
    "a distance at most zero": "assert max(abs(f() - np.exp([1, 2]))) <= 0",
    "any difference": "assert not (f() - np.exp([1, 2])).any()",
    "counted differences": "assert not np.count_nonzero(f() - np.exp([1, 2]))",
    "no tolerance": "assert np.allclose(f(), np.exp([1, 2]), rtol=0, atol=0)",
    "approx without tolerance": "assert f() == pytest.approx(np.exp(1), rel=0, abs=0)",
    "one of": "assert f() in (np.exp(1), 2)",
    "a variable": "x = np.exp([1, 2])\ny = 2 * x[0] + 1\nassert f() == y",
    "a later power": "x = np.linspace(0, 1, 5)\nassert f() == 10.0**x",
    "in place": "x = np.ones(3)\nx **= 0.3\nassert f() == x",
    "part of an array": "x = np.ones(3)\nx[1:] = np.exp([1, 2])\nassert f() == x.tolist()",
    "a loop": "for x in np.geomspace(1, 9, 5).tolist():\n    assert f() == x",
    "a zipped loop": "for i, (a, b) in enumerate(zip(f(), np.exp([1]))):\n    assert a == b",
    "a comprehension": "assert f() == [2 * x for x in np.log(np.arange(1, 5))]",
    "a walrus": "assert (x := np.exp(2)) and f() == x",
    "a dictionary": "assert f() == {'a': 1, 'b': np.exp(2)}",
    "a lambda": "g = lambda x: np.exp(x)\nassert f() == g(2)",
    "a product of matrices": "x = np.ones((3, 3))\nassert np.array_equal(f(), x @ x)",
    "a norm": "assert f() == np.linalg.norm([1.0, 2.0])",
    "a condition": "assert f() == (1.0 if f() else np.exp(2))",
    "both, and one more": "x = np.exp(2)\nassert f(x) == np.cos(x)",
}
FINE = {
    "close": "assert np.allclose(f(), np.exp([1, 2]), rtol=1e-15)",
    "approx": "assert f() == pytest.approx(np.exp(1))",
    "an approx in a variable": "x = pytest.approx(np.exp(1))\nassert f() == [x, 2]",
    "units in the last place": "np.testing.assert_array_max_ulp(f(), np.exp([1, 2]), maxulp=1)",
    "a bound": "assert abs(f() - np.exp(1)) < 1e-12",
    "math": "assert f() == [math.exp(x) for x in (1, 2)]",
    "a root and a square": "x = np.arange(3)\nassert np.array_equal(f(), np.sqrt(x) + x**2)",
    "a shape": "assert np.exp([1, 2]).shape == (2,)",
    "signs": "assert f() == np.flatnonzero(np.cos(np.arange(5)) < 0).tolist()",
    "rounded": "assert f() == np.round(np.cos(np.arange(5)), 9).tolist()",
    "digits": "assert f() == f'{np.exp(1):.3f}'",
    "one input of both": "x = np.geomspace(1, 9, 5)\nassert f(x) == math.fsum(x)",
    "beside another": "a, b = 2, np.exp(1)\nassert f() == a",
    "counted": "for i, x in enumerate(np.exp([1, 2])):\n    assert f(x) < x and i != 2",
}


def check(body: str) -> list[str]:
    """The findings in a test with such a body; the test's first line is line 7."""
    text = f"{IMPORTS}\ndef test_it(f):\n{indent(body, '    ')}\n"
    return [str(one) for one in findings({"tests/test_it.py": text})]


@pytest.mark.parametrize("body", FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found_where_it_is(body: str) -> None:
    compared = 6 + len(body.splitlines())
    (found,) = check(body)
    assert found.startswith(f"tests/test_it.py:{compared}: compares for equality what NumPy")


@pytest.mark.parametrize("body", FINE.values(), ids=FINE)
def test_what_states_its_tolerance_or_is_exact_is_let_be(body: str) -> None:
    assert check(body) == []


def test_names_are_followed_through_functions_fixtures_and_files() -> None:
    oracle = """
    import numpy as np
    TABLE = np.exp(np.arange(3))
    def thetas(base):
        powers = -np.arange(8) / 8
        return base ** powers
    class Head:
        def curve(self):
            return np.cos(self.thetas)
    """
    tests = """
    import numpy as np, pytest
    from tests import oracle
    from tests.oracle import TABLE, Head, thetas as expected
    def same(a, b):
        assert np.array_equal(a, b)
    def also_same(one, other):
        same(one, other)
    @pytest.fixture(name="golden")
    def _golden():
        yield np.sin([1, 2])
    @pytest.mark.parametrize(("x", "y"), [(1, np.exp(1)), (2, 2)])
    def test_it(golden, f, x, y):
        assert f() == expected(1e6)
        assert f() == oracle.thetas(1e6)
        assert f() == TABLE
        assert f() == Head().curve()
        same(f(), expected(5))
        also_same(b=1, one=1, other=np.exp(1))
        assert f() == golden
        assert f(x) == y
        same(f(), f())
    """
    files = {"tests/oracle.py": dedent(oracle), "tests/test_it.py": dedent(tests)}
    found = [(one.line, one.origins) for one in findings(files)]
    power, table, curve = (f"tests/oracle.py:{line}" for line in (6, 3, 9))
    here = "tests/test_it.py:{}".format
    assert found == [
        (14, (power,)),
        (15, (power,)),
        (16, (table,)),
        (17, (curve,)),
        (18, (power,)),
        (19, (here(19),)),
        (20, (here(11),)),
        (21, (here(12),)),
    ]
