"""What a person reads: whole output at pinned widths, and promises that hold at any width."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import TextIO

import numpy as np
import pytest

from ropecalc.render.human import (
    edges_for,
    show_check,
    show_curves,
    show_frequencies,
    show_max_context,
    show_min_base,
)
from ropecalc.results import Status, WindowStatus
from tests.tools.render_samples import (
    BEYOND,
    BROKEN,
    EVERY_BASE,
    HOLDS,
    MINIMUM,
    NO_BASE,
    VIOLATED,
    Stream,
    frequencies,
    similarity_envelope,
)
from tests.tools.speeds import every_quick

Show = Callable[[TextIO], None]
SEVERAL = [
    replace(
        MINIMUM,
        context=1024,
        minimum_base=4293.437612345,
        critical_distance=1001,
        window_end=4300.125,
        round_base=4300.0,
        integer_base=4294,
        continuum_estimate=1024 / 0.6165,
    ),
    MINIMUM,
    EVERY_BASE,
]
PARTIAL = replace(
    MINIMUM,
    head_dim=192,
    rotary_dim=64,
    margin=0.05,
    count_unrotated=False,
    continuum_estimate=None,
    refined_estimate=None,
)

GOLDEN = {
    "minimum 60 ascii": """
Use base 2,000,000 (2e6) for 32,768 tokens, head_dim 128

  recommended base    2,000,000 (2e6), with 1% of room on
                      both sides
  minimum base        629,980
  critical distance   30,704 tokens
  first window        629,980 to 630,980 (0.16% wide)
  safe base           not computed
  first 2-digit base  630,000 (6.3e5)
  found by            first-violation sweep, 1,234 steps

No smaller base keeps S(m) >= 0 at every distance
m < 32,768. Just above 630,980 the bound breaks again. Ends
are rounded into their window. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 32768
""",
    "minimum 80 utf-8": """
Use base 2,000,000 (2e6) for 32,768 tokens, head_dim 128

  recommended base    2,000,000 (2e6), with 1% of room on both sides
  minimum base        629,980
  critical distance   30,704 tokens
  first window        629,980 to 630,980 (0.16% wide)
  safe base           not computed
  first 2-digit base  630,000 (6.3e5)
  found by            first-violation sweep, 1,234 steps

No smaller base keeps S(m) ≥ 0 at every distance m < 32,768. Just above 630,980
the bound breaks again. Ends are rounded into their window. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 32768
""",
    "minimum 120 utf-8": """
Use base 2,000,000 (2e6) for 32,768 tokens, head_dim 128

  recommended base    2,000,000 (2e6), with 1% of room on both sides
  minimum base        629,980
  critical distance   30,704 tokens
  first window        629,980 to 630,980 (0.16% wide)
  safe base           not computed
  first 2-digit base  630,000 (6.3e5)
  found by            first-violation sweep, 1,234 steps

No smaller base keeps S(m) ≥ 0 at every distance m < 32,768. Just above 630,980 the bound breaks
again. Ends are rounded into their window. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 32768
""",
    "several minima 60 ascii": """
Minimum bases, head_dim 128

                                     critical    first
   context  recommended     minimum  distance  2-digit
  [tokens]         base        base  [tokens]     base
  ----------------------------------------------------
     1,024    2,000,000    4,293.44     1,001    4,300
    32,768    2,000,000  629,980       30,704  630,000
         1                 any base

Shown in a wider terminal, by --csv and by --json: first
window ends, first integer base.

A minimum base is the smallest one that meets the bound at
every distance in its context, here rounded up into its
window. Larger bases may fail again beyond the end of the
first window. A recommended base has two digits and 1% of
room on both sides. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 1024
""",
    "several minima 80 utf-8": """
Minimum bases, head_dim 128

                                     critical       first    first    first
   context  recommended     minimum  distance      window  2-digit  integer
  [tokens]         base        base  [tokens]        ends     base     base
  ─────────────────────────────────────────────────────────────────────────
     1,024    2,000,000    4,293.44     1,001    4,300.12    4,300    4,294
    32,768    2,000,000  629,980       30,704  630,980     630,000  629,979
         1                 any base

A minimum base is the smallest one that meets the bound at every distance in its
context, here rounded up into its window. Larger bases may fail again beyond the
end of the first window. A recommended base has two digits and 1% of room on
both sides. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 1024
""",
    "several minima 120 utf-8": """
Minimum bases, head_dim 128

                                     critical       first    first    first
   context  recommended     minimum  distance      window  2-digit  integer
  [tokens]         base        base  [tokens]        ends     base     base
  ─────────────────────────────────────────────────────────────────────────
     1,024    2,000,000    4,293.44     1,001    4,300.12    4,300    4,294
    32,768    2,000,000  629,980       30,704  630,980     630,000  629,979
         1                 any base

A minimum base is the smallest one that meets the bound at every distance in its context, here
rounded up into its window. Larger bases may fail again beyond the end of the first window. A
recommended base has two digits and 1% of room on both sides. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 1024
""",
    "mixed heads 80 utf-8": """
Minimum bases

                                                                  first    first
                                 context  recommended  minimum   window  2-digit
  head_dim  rotary_dim  margin  [tokens]         base     base     ends     base
  ──────────────────────────────────────────────────────────────────────────────
       128         128    0       32,768    2,000,000  629,980  630,980  630,000
       192          64    0.05    32,768    2,000,000  629,980  630,980  630,000
       128         128    0.99     4,096                  none

Shown in a wider terminal, by --csv and by --json: critical distance, first
integer base.

A minimum base is the smallest one that meets the bound at every distance in its
context, here rounded up into its window. Larger bases may fail again beyond the
end of the first window. A recommended base has two digits and 1% of room on
both sides. To check a base:
  ropecalc check --base 2000000 --dim 128 --ctx 32768
""",
    "mixed heads 40 utf-8": """
Minimum bases

  head_dim                    128
  rotary_dim                  128
  margin                      0
  context [tokens]            32,768
  recommended base            2,000,000
  minimum base                629,980
  critical distance [tokens]  30,704
  first window ends           630,980
  first 2-digit base          630,000
  first integer base          629,979

  head_dim                    192
  rotary_dim                  64
  margin                      0.05
  context [tokens]            32,768
  recommended base            2,000,000
  minimum base                629,980
  critical distance [tokens]  30,704
  first window ends           630,980
  first 2-digit base          630,000
  first integer base          629,979

  head_dim          128
  rotary_dim        128
  margin            0.99
  context [tokens]  4,096
  minimum base      none

A minimum base is the smallest one that
meets the bound at every distance in its
context, here rounded up into its
window. Larger bases may fail again
beyond the end of the first window. A
recommended base has two digits and 1%
of room on both sides. To check a base:
  ropecalc check --base 2000000 \\
    --dim 128 --ctx 32768
""",
    "every base 80 utf-8": """
Every base meets the bound for 1 token, head_dim 128

S(m) ≥ 0 at every distance m < 1 whatever the base.
""",
    "no base 80 utf-8": """
No base is enough for 4,096 tokens, head_dim 128, margin 0.99

No base up to 1e300 keeps S(m) ≥ 0.99 · S(0) at every distance m < 4,096. Try a
shorter --ctx, a smaller --margin or more rotated pairs.
""",
    "broken 60 ascii": """
no: Base 1,000,000 breaks the bound for 32,768 tokens,
head_dim 128

  first violation      27,115 tokens
  violating distances  12 of 32,768 (0.037%)
  worst distance       27,146 tokens
  similarity there     S(27,146) = -0.321, -0.005016 of S(0)
  next base with room  2,000,000 (2e6)
  found by             block evaluation

The bound requires S(m) >= 0 at every distance m < 32,768;
m = 27,115 is the first to break it. A base that meets it:
  ropecalc min-base --dim 128 --ctx 32768
""",
    "broken 80 utf-8": """
✗ Base 1,000,000 breaks the bound for 32,768 tokens, head_dim 128

  first violation      27,115 tokens
  violating distances  12 of 32,768 (0.037%)
  worst distance       27,146 tokens
  similarity there     S(27,146) = -0.321, -0.005016 of S(0)
  next base with room  2,000,000 (2e6)
  found by             block evaluation

The bound requires S(m) ≥ 0 at every distance m < 32,768; m = 27,115 is the
first to break it. A base that meets it:
  ropecalc min-base --dim 128 --ctx 32768
""",
    "holds 80 utf-8": """
✓ Base 5,000,000 meets the bound for 32,768 tokens, head_dim 128

  violating distances  0 of 32,768
  worst distance       27,146 tokens
  similarity there     S(27,146) = 1.25, 0.01953 of S(0)
  found by             block evaluation

S(m) ≥ 0 at every distance m < 32,768. How much further it holds:
  ropecalc max-ctx --base 5000000 --dim 128
""",
    "several checks 80 utf-8": """
1 of 2 breaks the bound, head_dim 128

                                  first                worst
              context         violation  violating  distance  next base
       base  [tokens]  holds   [tokens]  distances  [tokens]  with room
  ─────────────────────────────────────────────────────────────────────
  1,000,000    32,768  no        27,115         12    27,146  2,000,000
  5,000,000    32,768  yes                       0    27,146

Shown in a wider terminal, by --csv and by --json: least S(m)/S(0).

The bound breaks where the least S(m)/S(0) is below the margin, 0 unless given.
""",
    "violated 80 utf-8": """
Base 1,000,000 supports 27,115 tokens, head_dim 128

  max context      27,115 tokens
  first violation  S(27,115) = -0.0123
  found by         block evaluation

S(m) ≥ 0 at every distance m < 27,115, and not at that one. To see the curve:
  ropecalc curve --base 1000000 --dim 128
""",
    "beyond 80 utf-8": """
Base 500,000,000 supports at least 16,777,216 tokens, head_dim 128

  max context  at least 16,777,216 tokens
  found by     block evaluation

S(m) ≥ 0 at every distance m < 16,777,216, where the search ended. To look
further:
  ropecalc max-ctx --base 500000000 --dim 128 --limit 33554432
""",
    "several contexts 60 cp1252": """
Longest contexts, head_dim 128

                               S at the
                 max context      first
         base       [tokens]  violation
  -------------------------------------
    1,000,000         27,115    -0.0123
  500,000,000  >= 16,777,216

The max context is the first distance that breaks the bound;
shorter contexts meet it.
""",
    "frequencies 60 ascii": """
Base 10,000, head_dim 12: 6 rotated pairs

             angular
           frequency                turns
               theta  wavelength   in 256
  pair   [rad/token]    [tokens]   tokens
  ---------------------------------------
     0  1.000000e+00        6.28  40.7437
     1  2.154435e-01       29.16   8.7780
     2  4.641589e-02      135.37   1.8912
  ---------------------------------------
     3  1.000000e-02      628.32   0.4074
     4  2.154435e-03    2,916.40   0.0878
     5  4.641589e-04   13,536.71   0.0189

3 of 6 pairs turn less than once in 256 tokens. What they
add up to over the distance:
  ropecalc curve --base 10000 --dim 12
""",
    "frequencies 120 utf-8": """
Base 10,000, head_dim 12: 6 rotated pairs

  pair  angular frequency θ [rad/token]  wavelength [tokens]  turns in 256 tokens
  ───────────────────────────────────────────────────────────────────────────────
     0                     1.000000e+00                 6.28              40.7437
     1                     2.154435e-01                29.16               8.7780
     2                     4.641589e-02               135.37               1.8912
  ───────────────────────────────────────────────────────────────────────────────
     3                     1.000000e-02               628.32               0.4074
     4                     2.154435e-03             2,916.40               0.0878
     5                     4.641589e-04            13,536.71               0.0189

3 of 6 pairs turn less than once in 256 tokens. What they add up to over the distance:
  ropecalc curve --base 10000 --dim 12
""",
    "curves 80 utf-8": """
Similarity S(m) / S(0), m = 1 to 4,095, head_dim 32

     1 ┤⠐⠐⠐⠰⠶⠄⢤⣤⣄⢀⣀⣀⣀⣀⠤⢄⣀⡀  ⢀⡠⣀      ⡀
       │         ⠈⠉⠉⠉⠉⠉⠉⠉⠚⠳⠶⠓⠑⠢⡑⡩⠓⡄⢎⠊⡨⡶⡴⣱⡀⡠⠢⠒⢄⢄⡠⡀  ⡠B
       │                       ⠈    ⠓⠁ ⠉⠸⠬⠓⠉⠲⢱⣀⠕⠛⣎⢍⠁A⠮⡪⡦⣰⠱⠔⠑⠤⢤⢢ ⢀⣀⡔⢄ ⢀  ⢀⢀B
     0 ┤⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡀⡈⡈⡀⡀⡁⡘⡊⡀⡀⡃⣣⡜⡒⡉A⣆⡀⡨⡳⡣⡀⡀⡈⡉⡃⡓⣤⡃⡃⡈⡖⡴⣱⡀
       │                                                    ⠈⠉  ⠁⠱⠔⠉⠈⠊⢆⡠⠊⠢⡔⡄⢀⡜⢌
       │                                                              ⠈    ⠑⠁ ⠈
       └┬────┬─────┬─────┬─────┬─────┬─────┬─────┬─────┬────A┬─────┬─────┬────┬
        1    2     4     8    16    32    64    128   256   512   1k    2k   4k
        A  base 10,000     first violation at 474
        B  base 1,000,000  no violation below 4,096
        ⢕  where curves overlap

A column shows the least value of all its distances, in tokens.
""",
    "curves 60 ascii": """
Similarity S(m) / S(0), m = 1 to 4,095, head_dim 32

     1 +#####B    B
       |     A####A######B##B#BB BBB   B
       |                 A  A AA#AAA##B #BBBBBBB BB
     0 +- - - - - - - - - - - - - - - AA-AAAA -AB -BBBBBB -
       |                                     AA AAAAAAAAA##
       |
       ++-------+--------+-------+--------+--A----+-------+
        1       4       16      64       256     1k      4k
        A  base 10,000     first violation at 474
        B  base 1,000,000  no violation below 4,096
        #  where curves overlap

A column shows the least value of all its distances, in
tokens.
""",
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(show: Show, width: int = 80, encoding: str = "utf-8") -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        stream = Stream(encoding)
        show(stream)
        return stream.text()

    return run


def curves(file: TextIO) -> None:
    edges = edges_for(file, 0, 4096)
    found = [similarity_envelope(base, 32, edges) for base in (1e4, 1e6)]
    firsts = [replace(VIOLATED, base=1e4, first_violation=474), replace(BEYOND, limit=4096)]
    show_curves(found, firsts, file, height=6)


SHOWS: dict[str, Show] = {
    "minimum": lambda file: show_min_base([MINIMUM], file),
    "estimates": lambda file: show_min_base([MINIMUM], file, everything=True),
    "several minima": lambda file: show_min_base(SEVERAL, file),
    "every base": lambda file: show_min_base([EVERY_BASE], file),
    "no base": lambda file: show_min_base([NO_BASE], file),
    "partial rotation": lambda file: show_min_base([PARTIAL], file),
    "mixed heads": lambda file: show_min_base([MINIMUM, PARTIAL, NO_BASE], file),
    "broken": lambda file: show_check(BROKEN, file),
    "holds": lambda file: show_check(HOLDS, file),
    "several checks": lambda file: show_check([BROKEN, HOLDS], file),
    "violated": lambda file: show_max_context([VIOLATED], file),
    "beyond": lambda file: show_max_context([BEYOND], file),
    "several contexts": lambda file: show_max_context([VIOLATED, BEYOND], file),
    "frequencies": lambda file: show_frequencies(frequencies(), file),
    "curves": curves,
}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_whole_output_at_a_pinned_width(name: str, shown: Callable[..., str]) -> None:
    what, width, encoding = re.fullmatch(r"(.+) (\d+) (\S+)", name).groups()  # type: ignore[union-attr]
    assert shown(SHOWS[what], int(width), encoding) == GOLDEN[name].lstrip("\n")


@pytest.mark.parametrize("width", every_quick(4, [40, 50, 60, 80, 120, 200]))
@pytest.mark.parametrize("encoding", every_quick(2, ["utf-8", "cp1252", "ascii"]))
@pytest.mark.parametrize("what", SHOWS)
def test_every_line_fits_and_nothing_is_cut(
    what: str, encoding: str, width: int, shown: Callable[..., str]
) -> None:
    text = shown(SHOWS[what], width, encoding)
    lines = [line for line in text.splitlines() if not line.startswith("  ropecalc ")]
    assert max(map(len, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    assert "…" not in text
    assert "..." not in text
    assert not text.startswith("\n")
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert encoding == "utf-8" or text.isascii()


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_numbers_are_whole_at_any_width(width: int, shown: Callable[..., str]) -> None:
    text = shown(SHOWS["minimum"], width)
    for number in ("629,980", "30,704", "630,980", "630,000 (6.3e5)", "2,000,000"):
        assert number in text
    assert "2,000,000 (2e6)" in shown(SHOWS["broken"], width)


def test_what_a_narrow_terminal_leaves_out_is_named(shown: Callable[..., str]) -> None:
    text = shown(SHOWS["several minima"], 40).replace("\n", " ")
    for heading in ("critical distance", "first window ends", "first integer base"):
        assert heading in text


def test_the_minimum_shown_meets_the_bound_itself(shown: Callable[..., str]) -> None:
    sliver = replace(MINIMUM, window_end=629978.2628550442)
    text = shown(lambda file: show_min_base([sliver], file))
    value = re.search(r"minimum base +([0-9,.]+)", text)
    assert value is not None
    assert 629978.262855044 <= float(value[1].replace(",", "")) <= 629978.2628550442


def test_digits_that_were_asked_for_stay_on_one_line(shown: Callable[..., str]) -> None:
    digits = "629978.26285504" + "4" * 86
    result = replace(MINIMUM, minimum_base_digits=Decimal(digits))
    text = shown(lambda file: show_min_base([result], file), 60)
    assert f"To 100 digits, rounded up:\n  {digits}\n" in text


def test_answers_that_were_not_asked_for_are_not_shown(shown: Callable[..., str]) -> None:
    bare = replace(
        MINIMUM,
        window_status=WindowStatus.NOT_SOUGHT,
        window_end=None,
        round_digits=None,
        round_base=None,
        integer_base=None,
        recommended_base=None,
    )
    text = shown(lambda file: show_min_base([bare], file))
    assert "629,978.262855044" in text  # to the last bit: how far one may round is not known
    for absent in ("first window", "digit", "integer", "ropecalc check", "None"):
        assert absent not in text


def test_a_window_is_said_to_end_only_where_it_does(shown: Callable[..., str]) -> None:
    endless = replace(MINIMUM, window_status=WindowStatus.ENDLESS, window_end=None)
    text = shown(lambda file: show_min_base([endless], file))
    assert "629,978.2629 and every larger base" in text
    assert "Every larger base keeps it" in " ".join(text.split())
    followed = replace(MINIMUM, window_status=WindowStatus.AT_LEAST)
    text = shown(lambda file: show_min_base([followed], file), 120)
    assert "629,980 to at least 630,980" in text
    assert "beyond, some may fail" in text


def test_the_command_to_run_next_repeats_the_head(shown: Callable[..., str]) -> None:
    command = (
        "ropecalc check --base 2000000 --dim 192 --rotary-dim 64 --ignore-unrotated "
        "--margin 0.05 --ctx 32768"
    )
    assert f"\n  {command}\n" in shown(SHOWS["partial rotation"], 120)
    narrow = shown(SHOWS["partial rotation"], 60)
    assert max(map(len, narrow.splitlines())) <= 60
    assert f"  {command}\n" in re.sub(r" \\\n +", " ", narrow)  # as a shell reads it


def test_a_minimum_of_one_is_no_more_than_that(shown: Callable[..., str]) -> None:
    none = {"enclosure": None, "critical_distance": None, "recommended_base": None}
    least = replace(MINIMUM, minimum_base=1.0, **none)  # type: ignore[arg-type]
    text = shown(lambda file: show_min_base([least], file))
    assert text.startswith("Minimum base 1 for 32,768 tokens")
    assert "Bases from 1 on keep S(m) ≥ 0" in text
    assert "smaller base" not in text


def test_weighted_pairs_have_no_command(shown: Callable[..., str]) -> None:
    text = shown(lambda file: show_min_base([replace(MINIMUM, weighted=True)], file))
    assert "weighted pairs" in text
    assert "ropecalc check" not in text


def test_a_spectrum_without_a_base_goes_by_its_label(shown: Callable[..., str]) -> None:
    check = replace(
        BROKEN, base=None, next_base=None, recommended_base=None, label="my\x1b[31m scaling"
    )
    text = shown(lambda file: show_check(check, file))
    assert "my\\x1b[31m scaling breaks the bound" in text
    assert "ropecalc " not in text
    longest = replace(VIOLATED, base=None, label="")
    assert shown(lambda file: show_max_context([longest], file)).startswith(
        "This spectrum supports"
    )


def test_a_label_beyond_the_encoding_is_escaped(shown: Callable[..., str]) -> None:
    check = replace(BROKEN, base=None, label="模型")
    assert "\\u6a21\\u578b" in shown(lambda file: show_check(check, file), 80, "cp1252")


def test_the_greatest_limit_has_no_further_to_look(shown: Callable[..., str]) -> None:
    text = shown(lambda file: show_max_context([replace(BEYOND, limit=2**34)], file))
    assert "at least 17,179,869,184 tokens" in text
    assert "--limit" not in text


def test_the_greatest_limit_is_that_of_the_numerics() -> None:
    from ropecalc.render.verdicts import FARTHEST
    from ropecalc.similarity import MAX_POSITIONS

    assert FARTHEST == MAX_POSITIONS


def test_the_error_of_a_similarity_near_zero_is_told(shown: Callable[..., str]) -> None:
    near = replace(HOLDS, worst_similarity=1e-9, slack=1.5e-11)
    assert "off by at most 1.0e-12" in shown(lambda file: show_check(near, file))


def test_frequencies_of_a_constant_pair(shown: Callable[..., str]) -> None:
    from ropecalc.scaling import explicit

    spectrum = explicit([1.0, 0.0], weights=[1.0, 0.5], label="two pairs")
    thetas = spectrum.angular_frequencies
    waves = np.array([2 * np.pi, np.inf])
    result = replace(
        frequencies(),
        spectrum=spectrum,
        context=None,
        angular_frequencies=thetas,
        wavelengths=waves,
        turns=None,
    )
    text = shown(lambda file: show_frequencies(result, file))
    assert text.startswith("two pairs, head_dim 4: 2 rotated pairs")
    assert "∞" in text
    assert "weight" in text
    assert "inf" in shown(lambda file: show_frequencies(result, file), 80, "ascii")


def test_a_verdict_has_its_colour(
    shown: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert shown(SHOWS["broken"]).startswith("\x1b[1;38;5;160m✗ Base 1,000,000")
    assert shown(SHOWS["holds"]).startswith("\x1b[1;38;5;28m✓ Base 5,000,000")


@pytest.mark.parametrize("what", SHOWS)
def test_colour_changes_nothing_but_the_colour(
    what: str, shown: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = shown(SHOWS[what])
    assert "\x1b" not in plain
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = re.sub(r"\x1b\[[0-9;]*m", "", shown(SHOWS[what]))
    assert [line.rstrip() for line in coloured.splitlines()] == plain.splitlines()


def test_every_status_of_a_minimum_has_words(shown: Callable[..., str]) -> None:
    words = {
        Status.FOUND: "Use base 2,000,000 (2e6) for 32,768 tokens",
        Status.EVERY_BASE: "Every base meets the bound for 1 token,",
        Status.NO_BASE: "No base is enough for 4,096 tokens",
    }
    for result in (MINIMUM, EVERY_BASE, NO_BASE):
        text = shown(lambda file, result=result: show_min_base([result], file))
        assert text.startswith(words[result.status])
