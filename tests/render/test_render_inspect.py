"""``inspect`` as a person reads it: whole output at pinned widths, and what varies."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from ropecalc.render.human import show_inspection
from ropecalc.render.scalings import method
from ropecalc.results import (
    Finding,
    Inspection,
    Known,
    LayerInspection,
    ModelConfig,
    Rope,
    Severity,
    Trained,
)
from ropecalc.scaling import default
from tests.tools.render_samples import BROKEN, HOLDS, Stream

YARN = Rope(
    "full_attention",
    "yarn",
    1e6,
    128,
    128,
    {"factor": 4.0, "original_context": 8192, "truncate": False},
    context=32_768,
    layers=12,
)
SLIDING = Rope("sliding_attention", "default", 1e4, 128, 128, {}, 32_768, window=1024, layers=36)
FULL_LAYER = LayerInspection(
    rope=YARN,
    length=32_768,
    spectrum=replace(default(1e6, 128), attention_factor=1.138629436111989),
    check=BROKEN,
    unfinished_pairs=17,
    turned_context=8_192,
    shortest_wavelength=2 * math.pi,
    longest_wavelength=12_345_678.9,
    minimum_base=629978.262855044,
    safe_base=3325000.5,
)
SLIDING_LAYER = replace(
    FULL_LAYER,
    rope=SLIDING,
    spectrum=default(1e4, 128),
    check=replace(HOLDS, base=1e4, context=1024, worst_distance=1001),
    unfinished_pairs=1,
    turned_context=8_192,
    longest_wavelength=math.inf,
    safe_base=None,
)
FINDINGS = (
    Finding("long-note", Severity.NOTE, "This is so.", "", "all stacks"),
    Finding(
        "missing-length",
        Severity.ERROR,
        "original_max_position_embeddings is absent, and transformers takes 32,768 for it.",
        "Write it.",
        "transformers 5.0 and later",
        "full_attention",
    ),
)
MODEL = ModelConfig(
    source="model/config.json",
    form="transformers-5",
    model_type="example",
    ropes=(YARN, SLIDING),
    context=32_768,
    known=Known(("a model",), matched=False, trained=Trained(8_192, "a source"), recipe=None),
    unrotated_layers=2,
    assumptions=("head_dim is absent: 4096 / 32",),
)
TWO = Inspection(MODEL, 32_768, (FULL_LAYER, SLIDING_LAYER), FINDINGS)
ONE = Inspection(replace(MODEL, ropes=(YARN,), assumptions=()), 32_768, (FULL_LAYER,), ())

GOLDEN = {
    "two 60 ascii": """
no: model/config.json breaks the bound for 32,768 tokens,
first at a distance of 27,115, in its full_attention layers

  read as           config.json with rope_parameters, as
                    transformers 5 writes it
  model type        example
  context           32,768 tokens configured
  original context  8,192 tokens
  trained context   8,192 tokens: a source
  no rotation       in 2 layers

no: full_attention (12) breaks the bound at 32,768 tokens

  method               yarn, factor 4 from 8,192 tokens
                       (truncate false)
  attention factor     1.13863, multiplies cos and sin
  base                 1,000,000
  head                 head_dim 128
  wavelengths          6.283 to 12,350,000 tokens
  slow pairs           17 of 64 never finish a turn within
                       the trained 8,192 tokens
  first violation      27,115 tokens
  violating distances  12 of 32,768 (0.037%)
  worst distance       27,146 tokens, S(27,146) = -0.321
  minimum base         629,978.2629 without scaling, for
                       32,768 tokens
  safe base            3,326,000

yes: sliding_attention (36) meets the bound within its
window of 1,024 tokens

  method               default: the plain powers of the base
  base                 10,000
  head                 head_dim 128
  wavelengths          6.283 to inf tokens
  slow pairs           1 of 64 never finishes a turn within
                       the trained 8,192 tokens
  window               1,024 tokens: no layer of this kind
                       looks back further
  first violation      none in 1,024 tokens
  violating distances  0 of 1,024
  worst distance       1,001 tokens, S(1,001) = 1.25
  minimum base         629,978.2629 for 1,024 tokens
  safe base            not computed

The bound requires S(m) >= 0 at every distance that occurs.
It is one criterion, and no measure of quality: models that
are known to work break it. For a longer context:
  ropecalc plan model/config.json --to 65536

  assumed  head_dim is absent: 4096 / 32

Findings: 1 error, 1 note

error: missing-length, full_attention
  what   original_max_position_embeddings is absent, and
         transformers takes 32,768 for it.
  cure   Write it.
  where  transformers 5.0 and later

note: long-note
  what   This is so.
  where  all stacks
""",
    "one 80 utf-8": """
✗ model/config.json breaks the bound for 32,768 tokens, first at a distance of
27,115

  read as           config.json with rope_parameters, as transformers 5 writes
                    it
  model type        example
  context           32,768 tokens configured
  original context  8,192 tokens
  trained context   8,192 tokens: a source
  no rotation       in 2 layers

  method               yarn, factor 4 from 8,192 tokens (truncate false)
  attention factor     1.13863, multiplies cos and sin
  base                 1,000,000
  head                 head_dim 128
  wavelengths          6.283 to 12,350,000 tokens
  slow pairs           17 of 64 never finish a turn within the trained 8,192
                       tokens
  first violation      27,115 tokens
  violating distances  12 of 32,768 (0.037%)
  worst distance       27,146 tokens, S(27,146) = -0.321
  minimum base         629,978.2629 without scaling, for 32,768 tokens
  safe base            3,326,000

The bound requires S(m) ≥ 0 at every distance that occurs. It is one criterion,
and no measure of quality: models that are known to work break it. For a longer
context:
  ropecalc plan model/config.json --to 65536
""",
    "two 120 utf-8": """
✗ model/config.json breaks the bound for 32,768 tokens, first at a distance of 27,115, in its
full_attention layers

  read as           config.json with rope_parameters, as transformers 5 writes it
  model type        example
  context           32,768 tokens configured
  original context  8,192 tokens
  trained context   8,192 tokens: a source
  no rotation       in 2 layers

✗ full_attention (12) breaks the bound at 32,768 tokens

  method               yarn, factor 4 from 8,192 tokens (truncate false)
  attention factor     1.13863, multiplies cos and sin
  base                 1,000,000
  head                 head_dim 128
  wavelengths          6.283 to 12,350,000 tokens
  slow pairs           17 of 64 never finish a turn within the trained 8,192 tokens
  first violation      27,115 tokens
  violating distances  12 of 32,768 (0.037%)
  worst distance       27,146 tokens, S(27,146) = -0.321
  minimum base         629,978.2629 without scaling, for 32,768 tokens
  safe base            3,326,000

✓ sliding_attention (36) meets the bound within its window of 1,024 tokens

  method               default: the plain powers of the base
  base                 10,000
  head                 head_dim 128
  wavelengths          6.283 to ∞ tokens
  slow pairs           1 of 64 never finishes a turn within the trained 8,192 tokens
  window               1,024 tokens: no layer of this kind looks back further
  first violation      none in 1,024 tokens
  violating distances  0 of 1,024
  worst distance       1,001 tokens, S(1,001) = 1.25
  minimum base         629,978.2629 for 1,024 tokens
  safe base            not computed

The bound requires S(m) ≥ 0 at every distance that occurs. It is one criterion, and no measure of
quality: models that are known to work break it. For a longer context:
  ropecalc plan model/config.json --to 65536

  assumed  head_dim is absent: 4096 / 32

Findings: 1 error, 1 note

error: missing-length, full_attention
  what   original_max_position_embeddings is absent, and transformers takes 32,768 for it.
  cure   Write it.
  where  transformers 5.0 and later

note: long-note
  what   This is so.
  where  all stacks
""",
}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(result: Inspection, width: int = 80, encoding: str = "utf-8") -> str:
        monkeypatch.setenv("COLUMNS", str(width))
        stream = Stream(encoding)
        show_inspection(result, stream)
        return stream.text()

    return run


@pytest.mark.parametrize("case", GOLDEN)
def test_whole_output(shown: Callable[..., str], case: str) -> None:
    name, width, encoding = case.split()
    result = {"two": TWO, "one": ONE}[name]
    assert shown(result, int(width), encoding) == GOLDEN[case].lstrip("\n")


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("result", [TWO, ONE], ids=["two", "one"])
def test_it_fits_and_says_everything(
    shown: Callable[..., str], result: Inspection, width: int
) -> None:
    text = shown(result, width, "ascii")
    assert text.isascii()
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.replace("\\\n", "\n").split())  # a long command goes on
    wide = " ".join(shown(result, 200, "ascii").split())
    assert sorted(words.split()) == sorted(wide.split())


def test_a_model_that_meets_the_bound_everywhere(shown: Callable[..., str]) -> None:
    held = replace(FULL_LAYER, check=HOLDS)
    text = shown(replace(ONE, layers=(held,)))
    assert text.startswith("✓ model/config.json meets the bound for 32,768 tokens\n")
    assert "first violation      none in 32,768 tokens\n" in text


def test_without_a_context_it_says_what_to_do(shown: Callable[..., str]) -> None:
    model = replace(MODEL, context=None, known=None)
    unknown = replace(FULL_LAYER, length=None, check=None, unfinished_pairs=None)
    text = shown(replace(ONE, model=model, context=None, layers=(unknown,)))
    first = "model/config.json: no context is known, so its full_attention layers were not checked"
    assert " ".join(text.split("\n\n")[0].split()) == first
    assert "pass --ctx" in text
    assert "slow pairs" not in text


def test_at_two_lengths_the_longer_one_decides(shown: Callable[..., str]) -> None:
    rope = replace(YARN, layer_type="all", rope_type="longrope", layers=None)
    short = replace(FULL_LAYER, rope=rope, length=8192, check=replace(BROKEN, context=8192))
    long = replace(FULL_LAYER, rope=rope, check=HOLDS)
    text = shown(replace(ONE, layers=(short, long)))
    assert text.startswith("✓ model/config.json meets the bound")
    assert "\n✗ every layer breaks the bound at 8,192 tokens\n" in text
    assert "\n✓ every layer meets the bound at 32,768 tokens\n" in text


def test_a_base_that_was_not_looked_for_comes_with_its_command(shown: Callable[..., str]) -> None:
    text = shown(replace(ONE, layers=(replace(FULL_LAYER, minimum_base=None, safe_base=None),)))
    assert text.endswith("\n  ropecalc min-base --dim 128 --ctx 32768\n")
    assert "safe base" not in text


def test_a_head_that_any_base_suits(shown: Callable[..., str]) -> None:
    rope = replace(YARN, rotary_dim=64)
    layer = replace(FULL_LAYER, rope=rope, check=HOLDS, minimum_base=1.0, safe_base=1.0)
    counted = replace(layer, spectrum=default(1e6, 128, rotary_dim=64))
    text = " ".join(shown(replace(ONE, layers=(counted,))).split())
    assert "minimum base any: every base meets the bound with such a head" in text
    assert "--ignore-unrotated" in text
    assert "rotary_dim 64 (32 unrotated pairs counted)" in text


def test_text_from_the_file_cannot_steer_the_terminal(shown: Callable[..., str]) -> None:
    evil = "\x1b[2Jx\n"
    finding = replace(FINDINGS[0], message=evil, layer_type=evil)
    model = replace(MODEL, source=evil, model_type=evil, assumptions=(evil,))
    rope = replace(YARN, layer_type=evil)
    layers = (replace(FULL_LAYER, rope=rope), SLIDING_LAYER)
    text = shown(Inspection(model, 32_768, layers, (finding,)))
    assert "\x1b" not in text
    assert r"\x1b[2Jx\n" in text


def test_a_command_in_a_cure_stays_on_one_line(shown: Callable[..., str]) -> None:
    cure = "For bases that meet the bound see ropecalc min-base --dim 128 --ctx 131072."
    text = shown(replace(ONE, findings=(replace(FINDINGS[0], cure=cure),)), 60)
    assert "see\n         ropecalc min-base --dim 128 --ctx 131072.\n" in text


def test_colour_changes_no_words(
    shown: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = shown(TWO)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = shown(TWO)
    assert coloured != plain
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("rope_type", "parameters", "length", "words"),
    [
        ("default", {}, None, "default: the plain powers of the base"),
        ("linear", {"factor": 8.0}, None, "linear, factor 8"),
        (
            "dynamic",
            {"factor": 2, "original_context": 2048},
            4096,
            "dynamic NTK, factor 2 from 2,048 tokens",
        ),
        (
            "longrope",
            {"short_factor": [1, 2], "long_factor": [1, 9], "original_context": 64},
            8192,
            "longrope from 64 tokens (short_factor 1 to 2, long_factor 1 to 9); long_factor in use",
        ),
        (
            "yarn",
            {"factor": 4, "original_context": 64, "truncate": False, "mscale": None},
            None,
            "yarn, factor 4 from 64 tokens (truncate false)",
        ),
    ],
)
def test_methods_in_words(
    rope_type: str, parameters: dict[str, object], length: int | None, words: str
) -> None:
    assert method(Rope("all", rope_type, 1e4, 4, 4, parameters), length) == words
