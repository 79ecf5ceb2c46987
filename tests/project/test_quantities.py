"""Numbers as people write them: what is understood, what is refused, and the way back."""

from __future__ import annotations

import contextlib
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ropecalc.errors import InvalidValueError
from ropecalc.quantities import (
    format_base,
    format_count,
    has_suffix,
    parse_base,
    parse_context,
    parse_fraction,
    parse_int_list,
    parse_list,
    parse_positive_int,
)

CONTEXTS = {
    "1": 1,
    "32768": 32_768,
    "32_768": 32_768,
    "32,768": 32_768,
    "32k": 32_768,
    "32K": 32_768,
    "32Ki": 32_768,
    "32ki": 32_768,
    " 32k ": 32_768,
    "1M": 1_048_576,
    "1Mi": 1_048_576,
    "1G": 2**30,
    "1,048,576": 1_048_576,
    "1e6": 1_000_000,
    "1E6": 1_000_000,
    "1e+6": 1_000_000,
    "1.5k": 1_536,
    ".5k": 512,
    "4096.0": 4_096,
    "128000": 128_000,
}
NOT_CONTEXTS = (
    "32kk|| |k|-5|+5|0|0k|1.0001k|1.5|nan|inf|infinity|1e400|1e-3|1e99999|32 768|32.768,5|1e3k|k32|"
    "32b|0x10|३२|1__0|_1|1_|1,00|32,7680|1e|.|.k|,|1,|,1|32Kib|99999999999999999999"
).split("|")

BASES = {
    "1e6": 1e6,
    "1E6": 1e6,
    "500000": 5e5,
    "500k": 5e5,
    "500K": 5e5,
    "1M": 1e6,
    "2.5M": 2.5e6,
    "5_000_000": 5e6,
    "5,000,000": 5e6,
    "629978.2629": 629978.2629,
    "1.0000000000000002": 1.0000000000000002,
    "1e300": 1e300,
}
NOT_BASES = (
    "|0|1|-1|-1e6|0.5|nan|inf|-inf|1e400|1.0001e300|1e|500Ki|500kk|1.00000000000000000001|1e6e6|abc"
).split("|")


@pytest.mark.parametrize(("text", "tokens"), CONTEXTS.items())
def test_a_context_is_understood(text: str, tokens: int) -> None:
    assert parse_context(text) == tokens


@pytest.mark.parametrize("text", NOT_CONTEXTS)
def test_what_is_no_context_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"limit must be a number of tokens.*32k") as caught:
        parse_context(text, "limit")
    assert caught.value.parameter == "limit"


@pytest.mark.parametrize(("text", "base"), BASES.items())
def test_a_base_is_understood(text: str, base: float) -> None:
    assert parse_base(text) == base


@pytest.mark.parametrize("text", NOT_BASES)
def test_what_is_no_base_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"base must be a number greater than 1.*500k"):
        parse_base(text)


def test_a_message_stays_short_and_on_one_line() -> None:
    with pytest.raises(InvalidValueError) as caught:
        parse_context("1\n" * 500)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("1k,2k", (1_024, 2_048)),
        ("1024,2048", (1_024, 2_048)),
        ("32,768", (32_768,)),
        ("512,768", (512_768,)),  # documented: a space keeps them apart
        ("512, 768", (512, 768)),
        ("8,192,16,384", (8_192, 16_384)),
        ("1,024,1k", (1_024, 1_024)),
        ("1k,512", (1_024, 512)),
        ("16,32", (16, 32)),
        ("1024,512", (1_024, 512)),
    ],
)
def test_the_comma_rule_of_lists(text: str, tokens: tuple[int, ...]) -> None:
    assert parse_list(text, parse_context) == tokens


@pytest.mark.parametrize("text", ["", ",", "1k,", ",1k", "1k,,2k", "1k;2k"])
def test_a_list_with_an_empty_item_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="context must be"):
        parse_list(text, parse_context)


def test_the_comma_always_separates_head_dimensions() -> None:
    assert parse_int_list("64,128, 256", "head_dim") == (64, 128, 256)


@pytest.mark.parametrize("text", ["", "0", "-2", "1.5", "1e2", "two", "9" * 19, "64,,128"])
def test_what_is_no_positive_integer_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match=r"must be an integer (of at least|from) 1"):
        parse_int_list(text, "head_dim")


def test_positive_integers_take_underscores() -> None:
    assert parse_positive_int("1_000", "digits") == 1_000


@pytest.mark.parametrize("text", ["-0.1", "1.1", "nan", "5%", "", "1e-"])
def test_what_is_no_fraction_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError, match="margin must be a number from 0 to 1"):
        parse_fraction(text, "margin")


@pytest.mark.parametrize(("text", "value"), [("0", 0.0), ("1", 1.0), (".25", 0.25), ("5e-2", 0.05)])
def test_a_fraction_is_understood(text: str, value: float) -> None:
    assert parse_fraction(text, "margin") == value


def test_only_a_suffix_asks_for_a_word() -> None:
    assert [has_suffix(text) for text in ("32k", "32Ki", "32768", "1e6", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


@given(st.integers(1, 2**40))
@example(2**30)
@example(1_023)
@pytest.mark.slow
def test_a_context_survives_its_formats(tokens: int) -> None:
    assert parse_context(format_count(tokens)) == tokens
    assert parse_context(f"{tokens:_}") == tokens


@given(st.lists(st.integers(1, 2**30), min_size=1, max_size=5))
def test_a_list_survives_its_format(values: list[int]) -> None:
    written = ", ".join(map(format_count, values))
    assert parse_list(written, parse_context) == tuple(values)


@given(st.floats(1, 1e300, exclude_min=True))
@example(1e16)
@example(math.nextafter(1.0, 2.0))
def test_a_base_survives_its_format(base: float) -> None:
    assert parse_base(format_base(base)) == base


@pytest.mark.slow
@given(st.text(max_size=20))
def test_no_text_raises_anything_but_the_projects_own_error(text: str) -> None:
    with contextlib.suppress(InvalidValueError):
        assert parse_context(text) >= 1
    with contextlib.suppress(InvalidValueError):
        assert parse_base(text) > 1
