"""GGUF files, written by the gguf package: what llama.cpp makes of them, and hostile ones."""

from __future__ import annotations

import io
import math
import os
import struct
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import scaling
from ropecalc.errors import ConfigError, NoRotationError, RopecalcError, UnsupportedError
from ropecalc.models import gguf_file
from ropecalc.models.gguf import UNROTATED, WITHOUT_ROPE, from_container, read_gguf
from ropecalc.models.gguf_file import parse_container
from ropecalc.models.reading import read_config
from ropecalc.results import ModelConfig
from tests.tools.effort import little_work
from tests.tools.laws import laws

if TYPE_CHECKING:
    from tests.conftest import RunBatch

with warnings.catch_warnings():  # what another package does on import is not our concern
    warnings.simplefilter("ignore")
    gguf = pytest.importorskip("gguf")

Tensors = dict[str, np.ndarray[Any, Any]]
LLAMA: dict[str, Any] = {
    "llama.context_length": 131072,
    "llama.embedding_length": 4096,
    "llama.block_count": 32,
    "llama.attention.head_count": 32,
    "llama.rope.dimension_count": 128,
    "llama.rope.freq_base": 500000.0,
}
FREQS = "rope_freqs.weight"
LONG, SHORT = "rope_factors_long.weight", "rope_factors_short.weight"


def add(writer: Any, key: str, value: Any) -> None:
    kinds = {bool: "bool", int: "uint32", float: "float32", str: "string", list: "array"}
    getattr(writer, f"add_{kinds[type(value)]}")(key, value)


@pytest.fixture(name="write")
def _write(tmp_path: Path) -> Any:
    def write(arch: str, keys: dict[str, Any], tensors: Tensors | None = None) -> Path:
        path = tmp_path / f"{arch}.gguf"
        writer = gguf.GGUFWriter(str(path), arch)
        for key, value in keys.items():
            add(writer, key, value)
        blocks = {f"blk.{i}.attn_norm.weight": np.ones(32, np.float32) for i in range(2)}
        for name, values in ({} if tensors is None else blocks | tensors).items():
            writer.add_tensor(name, values)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path

    return write


def with_keys(arch: str, **changed: Any) -> dict[str, Any]:
    """Llama's keys under another name, with some changed (``__`` for a dot) or dropped (None)."""
    keys = {key.replace("llama.", f"{arch}.", 1): value for key, value in LLAMA.items()}
    keys |= {f"{arch}.{key.replace('__', '.')}": value for key, value in changed.items()}
    return {key: value for key, value in keys.items() if value is not None}


def refusal(source: Any, kind: type[ConfigError] = ConfigError) -> str:
    """The message of the refusal, after checks of what all of them share."""
    with little_work(), pytest.raises(ConfigError) as caught:
        read_gguf(source)
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert message.isprintable()
    assert "; " in message  # the cure
    assert len(message) < 300 + len(os.fspath(source))
    assert caught.value.__cause__ is None
    return message


def frequencies(config: ModelConfig, at: int = 0) -> Any:
    return scaling.from_rope(config.ropes[at]).angular_frequencies


def test_plain_llama_and_the_fields_that_the_package_reads(write: Any) -> None:
    path = write("llama", LLAMA | {"tokenizer.ggml.tokens": ["a", "b"], "general.name": "x"}, {})
    config = read_gguf(path)
    rope = config.rope
    fields = {key: value.contents() for key, value in gguf.GGUFReader(str(path)).fields.items()}
    assert rope.base == fields["llama.rope.freq_base"]
    assert rope.rotary_dim == fields["llama.rope.dimension_count"] == rope.head_dim
    assert config.context == fields["llama.context_length"]
    assert (config.form, config.model_type) == ("gguf", fields["general.architecture"])
    assert (rope.rope_type, rope.parameters, rope.layers) == ("default", {}, 32)
    assert config.source == str(path)
    assert config.assumptions == ()
    scalars = {key: fields[key] for key in (*LLAMA, "general.name", "general.architecture")}
    assert config.document == scalars


def llama3_divisors(factor: float = 8.0) -> Any:
    """Meta's rule, pair by pair, as the converter writes it into rope_freqs.weight."""
    divisors = []
    for i in range(64):
        wavelength = 2 * math.pi * 500000 ** (2 * i / 128)
        if wavelength < 8192 / 4:
            divisors.append(1.0)
        elif wavelength > 8192:
            divisors.append(factor)
        else:
            smooth = (8192 / wavelength - 1) / 3
            divisors.append(1 / ((1 - smooth) / factor + smooth))
    return np.array(divisors, np.float32)


def test_llama_3_1_has_its_scaling_in_a_tensor(write: Any) -> None:
    config = read_gguf(write("llama", LLAMA, {FREQS: llama3_divisors()}))
    assert config.rope.rope_type == "divided"
    assert config.original_context is None
    expected = scaling.llama3(500000, 128, factor=8, original_context=8192)
    np.testing.assert_allclose(frequencies(config), expected.angular_frequencies, rtol=2e-7)
    assert scaling.from_rope(config.rope).attention_factor == 1


@pytest.mark.parametrize("alignment", [32, 64, 8])
def test_the_data_begin_at_a_multiple_of_the_alignment(tmp_path: Path, alignment: int) -> None:
    writer = gguf.GGUFWriter(str(tmp_path / "a.gguf"), "llama")
    writer.add_custom_alignment(alignment)
    for key, value in LLAMA.items():
        add(writer, key, value)
    writer.add_tensor("first", np.zeros(3, np.float32))
    writer.add_tensor(FREQS, np.arange(1, 65, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    divisors = read_gguf(tmp_path / "a.gguf").rope.parameters["divisors"]
    assert divisors == tuple(range(1, 65))


def test_half_precision_factors(write: Any) -> None:
    halves = np.linspace(1, 8, 64).astype(np.float16)
    config = read_gguf(write("llama", LLAMA, {FREQS: halves}))
    assert config.rope.parameters["divisors"] == tuple(halves.astype(float))


def test_bfloat16_factors(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(str(tmp_path / "b.gguf"), "llama")
    for key, value in LLAMA.items():
        add(writer, key, value)
    upper = (np.linspace(1, 8, 64).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
    kind = gguf.GGMLQuantizationType.BF16
    writer.add_tensor(FREQS, upper.view(np.uint8), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    expected = (upper.astype(np.uint32) << 16).view(np.float32)
    assert read_gguf(tmp_path / "b.gguf").rope.parameters["divisors"] == tuple(expected.tolist())


def test_quantised_factors_are_refused(write: Any) -> None:
    path = write("llama", LLAMA, {FREQS: np.ones(64, np.int32)})
    assert "quantised" in refusal(path, UnsupportedError)


def test_qwen2_with_yarn(write: Any) -> None:
    keys = with_keys("qwen2", context_length=131072, rope__freq_base=1e6)
    scaled = {
        "qwen2.rope.scaling.type": "yarn",
        "qwen2.rope.scaling.factor": 4.0,
        "qwen2.rope.scaling.original_context_length": 32768,
    }
    config = read_gguf(write("qwen2", keys | scaled))
    spectrum = scaling.from_rope(config.rope)
    expected = scaling.yarn(1e6, 128, factor=4, original_context=32768)
    assert spectrum.angular_frequencies.tolist() == expected.angular_frequencies.tolist()
    assert spectrum.attention_factor == pytest.approx(1 + 0.1 * math.log(4), rel=1e-15)
    assert (config.context, config.original_context) == (131072, 32768)


def test_yarn_without_an_original_length_takes_the_context(write: Any) -> None:
    keys = with_keys("qwen2", rope__scaling__type="yarn", rope__scaling__factor=4.0)
    config = read_gguf(write("qwen2", keys))
    assert config.rope.original_context == 131072
    assert "original_context_length is absent" in config.assumptions[0]


@pytest.mark.parametrize(("arch", "reads"), [("mistral3", True), ("qwen2", False)])
def test_yarn_betas_and_amplitude(write: Any, arch: str, reads: bool) -> None:
    keys = with_keys(arch, rope__scaling__type="yarn", rope__scaling__factor=4.0) | {
        f"{arch}.rope.scaling.yarn_beta_fast": 16.0,
        f"{arch}.rope.scaling.yarn_beta_slow": 2.0,
        f"{arch}.rope.scaling.attn_factor": 0.5,
    }
    config = read_gguf(write(arch, keys))
    parameters = config.rope.parameters
    expected = {"beta_fast": 16.0, "beta_slow": 2.0} if reads else {}
    assert {key: parameters[key] for key in parameters if "beta" in key} == expected
    assert any("yarn_beta_fast" in line for line in config.assumptions) is not reads
    assert parameters["attention_factor"] == pytest.approx(0.5 * (1 + 0.1 * math.log(4)))


def test_phi3_longrope(write: Any) -> None:
    amplitude = math.sqrt(1 + math.log(32) / math.log(4096))
    keys = with_keys("phi3", embedding_length=3072, rope__freq_base=10000.0) | {
        "phi3.rope.dimension_count": 96,
        "phi3.rope.scaling.original_context_length": 4096,
        "phi3.rope.scaling.attn_factor": amplitude,
        "phi3.attention.sliding_window": 262144,
    }
    factors = {
        LONG: np.linspace(1, 60, 48, dtype=np.float32),
        SHORT: np.linspace(1, 3, 48, dtype=np.float32),
    }
    config = read_gguf(write("phi3", keys, factors))
    assert (config.rope.rope_type, config.original_context) == ("longrope", 4096)
    for length, name in ((4096, SHORT), (4097, LONG)):
        spectrum = scaling.from_rope(config.rope, length)
        plain = 10000.0 ** (-np.arange(48) / 48)
        np.testing.assert_allclose(
            spectrum.angular_frequencies, plain / factors[name].astype(float), rtol=1e-13
        )
        assert spectrum.attention_factor == pytest.approx(1.190238, abs=1e-6)
    assert config.rope.window is None  # llama.cpp does not use Phi-3's window
    assert "sliding_window" in config.assumptions[0]


def test_gemma3_has_a_base_of_its_own_in_windows(write: Any) -> None:
    keys = with_keys("gemma3", rope__freq_base=1e6, block_count=62) | {
        "gemma3.attention.key_length": 128,
        "gemma3.attention.sliding_window": 1024,
        "gemma3.rope.scaling.type": "linear",
        "gemma3.rope.scaling.factor": 8.0,
    }
    for local in (10000.0, 20000.0):
        given_base = {} if local == 10000 else {"gemma3.rope.freq_base_swa": local}
        full, window = read_gguf(write("gemma3", keys | given_base)).ropes
        assert (full.layer_type, full.base, full.factor) == ("full_attention", 1e6, 8)
        assert (full.window, full.layers) == (None, 10)  # layers 6, 12, ... 60 of 62
        assert (window.layer_type, window.base) == ("sliding_attention", local)
        assert (window.rope_type, window.window, window.layers) == ("default", 1024, 52)
        assert window.reach == 1024


@pytest.mark.parametrize(
    ("pattern", "windows"),
    [(2, 16), (4, 24), (0, 32), ([True, True, False, True], 24), ([False] * 31 + [True], 1)],
)
def test_patterns_of_windows(write: Any, pattern: Any, windows: int) -> None:
    keys = with_keys("gpt-oss", attention__sliding_window=128)
    ropes = read_gguf(
        write("gpt-oss", keys | {"gpt-oss.attention.sliding_window_pattern": pattern})
    ).ropes
    counts = {rope.layer_type: rope.layers for rope in ropes}
    assert counts.get("sliding_attention") == windows
    assert counts.get("full_attention", 0) == 32 - windows


def test_layers_without_rotation(write: Any) -> None:
    command = read_gguf(write("cohere2", with_keys("cohere2", attention__sliding_window=4096)))
    assert [rope.layer_type for rope in command.ropes] == ["sliding_attention"]
    assert (command.rope.layers, command.unrotated_layers) == (24, 8)
    for window in (None, 4096):  # whatever the file says, it is 8,192
        keys = with_keys("llama4", block_count=48, attention__sliding_window=window)
        scout = read_gguf(write("llama4", keys))
        assert (scout.rope.layer_type, scout.rope.window) == ("chunked_attention", 8192)
        assert (scout.rope.layers, scout.unrotated_layers) == (36, 12)
    whole = read_gguf(write("llama4", with_keys("llama4", attention__sliding_window=0)))
    assert (whole.rope.layer_type, whole.unrotated_layers) == ("all", 0)
    small = read_gguf(write("smollm3", with_keys("smollm3", block_count=36)))
    assert (small.rope.layers, small.unrotated_layers) == (27, 9)


@pytest.mark.parametrize("weight", [1.0, 0.707])
def test_deepseek2_latent_attention(write: Any, weight: float) -> None:
    keys = with_keys("deepseek2", context_length=163840, rope__freq_base=10000.0) | {
        "deepseek2.attention.key_length": 576,
        "deepseek2.attention.key_length_mla": 192,
        "deepseek2.attention.kv_lora_rank": 512,
        "deepseek2.rope.dimension_count": 64,
        "deepseek2.rope.scaling.type": "yarn",
        "deepseek2.rope.scaling.factor": 40.0,
        "deepseek2.rope.scaling.original_context_length": 4096,
        "deepseek2.rope.scaling.yarn_log_multiplier": 0.1 * weight,
    }
    rope = read_gguf(write("deepseek2", keys)).rope
    assert (rope.head_dim, rope.rotary_dim, rope.latent) == (192, 64, True)
    spectrum = scaling.from_rope(rope)
    assert spectrum.attention_factor == pytest.approx(1, rel=1e-15)
    softmax = (1 + 0.1 * weight * math.log(40)) ** 2
    assert spectrum.softmax_factor == pytest.approx(softmax, rel=1e-6)
    silent = {key: value for key, value in keys.items() if "log_multiplier" not in key}
    spectrum = scaling.from_rope(read_gguf(write("deepseek2", silent)).rope)
    assert spectrum.softmax_factor == pytest.approx((1 + 0.1 * math.log(40)) ** 2, rel=1e-12)
    assert spectrum.attention_factor == pytest.approx(1 + 0.1 * math.log(40), rel=1e-12)
    older = {key: value for key, value in keys.items() if "mla" not in key}
    assert (
        read_gguf(write("deepseek2", older | {"deepseek2.attention.key_length": 192})).rope == rope
    )


def test_gemma4_leaves_pairs_unrotated_by_a_huge_divisor(write: Any) -> None:
    keys = with_keys("gemma4", rope__freq_base=1e6, rope__freq_base_swa=1e4) | {
        "gemma4.attention.key_length": 512,
        "gemma4.attention.key_length_swa": 256,
        "gemma4.rope.dimension_count": 512,
        "gemma4.rope.dimension_count_swa": 256,
        "gemma4.attention.sliding_window": 1024,
        "gemma4.attention.sliding_window_pattern": ([True] * 5 + [False]) * 5 + [True, True],
    }
    divisors = np.array([1.0] * 64 + [1e30] * 192, np.float32)
    full, window = read_gguf(write("gemma4", keys, {FREQS: divisors})).ropes
    assert (full.layers, window.layers, window.head_dim, window.base) == (5, 27, 256, 1e4)
    assert window.rope_type == "default"
    expected = scaling.proportional(1e6, 512, rotary_dim=128).angular_frequencies
    found = scaling.from_rope(full).angular_frequencies
    assert found[:64].tolist() == expected.tolist()
    assert max(found[64:]) < 1e-30


def test_mistral3_stores_the_multiplier_itself(write: Any) -> None:
    keys = with_keys("mistral3", rope__scaling__type="yarn", rope__scaling__factor=16.0)
    given_weight = keys | {"mistral3.rope.scaling.yarn_log_multiplier": 1.0}
    assert read_gguf(write("mistral3", given_weight)).rope.parameters["attention_factor"] == 1


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"rope__scaling__factor": 8.0}, ("linear", {"factor": 8.0})),  # the type's default
        ({"rope__scale_linear": 8.0}, ("linear", {"factor": 8.0})),
        ({"rope__scaling__type": "linear", "rope__scaling__factor": 1.0}, ("default", {})),
        ({"rope__scaling__factor": 0.0}, ("default", {})),
        ({"rope__scaling__type": "none", "rope__scaling__factor": 8.0}, ("default", {})),
        ({"rope__scaling__type": "yarn"}, ("default", {})),
    ],
)
def test_scaling_by_a_factor(write: Any, changed: dict[str, Any], expected: Any) -> None:
    rope = read_gguf(write("llama", with_keys("llama", **changed))).rope
    assert (rope.rope_type, rope.parameters) == expected


def test_what_the_file_leaves_to_llama_cpp(write: Any) -> None:
    keys = with_keys("llama", rope__freq_base=None, rope__dimension_count=None)
    keys["llama.attention.head_count"] = [0, 32, 32]
    config = read_gguf(write("llama", keys))
    assert (config.rope.base, config.rope.head_dim, config.rope.rotary_dim) == (10000, 128, 128)
    assert config.assumptions == ("rope.freq_base is absent: 10,000, as llama.cpp takes it",)


def test_a_guessed_base_is_said_where_only_a_number_is_printed(
    write: Any, run_batch: RunBatch
) -> None:
    """Under -q as well: the number rests on it. What a class has is known, and not said there."""
    keys = with_keys("llama", rope__freq_base=None, context_length=4096)
    file = str(write("llama", keys))
    plan, reach, known = run_batch(
        [["plan", file, "--to", "128k", "-q"], ["max-ctx", file, "-q"], ["max-ctx", "Yi-34B", "-q"]]
    )
    for answer in (plan, reach):
        assert float(answer.stdout) > 1
        assert answer.stderr == f"{file}: rope.freq_base is absent: 10,000, as llama.cpp takes it\n"
    assert known.stderr == ""


def test_part_of_a_split_model(write: Any) -> None:
    path = write("llama", LLAMA | {"split.count": 3})
    assert "split into 3 files" in read_gguf(path).assumptions[0]


ONES = np.ones(64, np.float32)
YARN = {"rope__scaling__type": "yarn", "rope__scaling__factor": 4.0}


@pytest.mark.parametrize(
    ("changed", "tensors", "words"),
    [
        (YARN, {FREQS: ONES}, "YaRN are combined"),
        (YARN, {LONG: ONES, SHORT: ONES}, "YaRN are combined"),
        ({"rope__scaling__factor": 2.0}, {LONG: ONES, SHORT: ONES}, "rope.scaling.factor"),
        ({"rope__scaling__type": "dynamic"}, {}, "dynamic"),
        ({"rope__scaling__attn_factor": 2.0}, {}, "attn_factor"),
    ],
)
def test_what_is_not_evaluated(write: Any, changed: Any, tensors: Any, words: str) -> None:
    message = refusal(write("llama", with_keys("llama", **changed), tensors), UnsupportedError)
    assert words in message


def test_the_extrapolation_factor_is_read_for_grok_alone(write: Any) -> None:
    """grok.cpp reads LLM_KV_ROPE_SCALING_YARN_EXT_FACTOR; no other load_arch_hparams does."""
    changed = YARN | {"rope__scaling__yarn_ext_factor": 0.5}
    message = refusal(write("grok", with_keys("grok", **changed), {}), UnsupportedError)
    assert "yarn_ext_factor" in message
    model = read_config(write("llama", with_keys("llama", **changed), {}))
    assert model == read_config(write("llama", with_keys("llama", **YARN), {}))


@pytest.mark.parametrize("arch", sorted(WITHOUT_ROPE))
def test_architectures_without_rotation(write: Any, arch: str) -> None:
    if arch in UNROTATED:
        assert f"no layer of {arch} rotates" in refusal(write(arch, {}), NoRotationError)
    else:
        assert f"{arch} has no rotary embeddings" in refusal(write(arch, {}), UnsupportedError)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rope__freq_base": "1e6"}, "llama.rope.freq_base"),
        ({"rope__freq_base": float("nan")}, "llama.rope.freq_base"),
        ({"rope__freq_base": float("inf")}, "llama.rope.freq_base"),
        ({"rope__freq_base": 1.0}, "llama.rope.freq_base"),
        ({"context_length": 0}, "llama.context_length"),
        ({"context_length": [1, 2]}, "llama.context_length"),
        ({"attention__head_count": None}, "attention.head_count"),
        ({"attention__head_count": 0}, "attention.head_count"),
        ({"attention__head_count": 33}, "cannot divide"),
        ({"embedding_length": None}, "embedding_length"),
        ({"rope__dimension_count": 127}, "rotary_dim"),
        ({"rope__dimension_count": 130}, "rotary_dim"),
        ({"attention__key_length": 2**31}, "head_dim"),
        ({"rope__scaling__factor": -2.0}, "rope.scaling.factor"),
        ({"rope__scaling__factor": "8"}, "rope.scaling.factor"),
        ({"rope__scaling__type": 2}, "rope.scaling.type"),
        ({"block_count": 2**31}, "block_count"),
        ({"block_count": "32"}, "block_count"),
    ],
)
def test_values_outside_their_domain(write: Any, changed: dict[str, Any], words: str) -> None:
    assert words in refusal(write("llama", with_keys("llama", **changed)))


def test_one_list_of_factors_without_the_other(write: Any) -> None:
    assert LONG in refusal(write("phi3", with_keys("phi3"), {LONG: ONES}))


def container(pairs: bytes = b"", count: int = 1, tensors: int = 0, version: int = 3) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", version, tensors, count) + pairs


def text(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


ARCH = text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
LIST = text(b"tokens") + struct.pack("<I", 9)
HUGE = 2**60
HOSTILE = {
    "empty": b"",
    "zeros": bytes(4096),
    "magic alone": b"GGUF",
    "another magic": b"GGML" + bytes(100),
    "version 0": container(version=0),
    "version 4": container(version=4),
    "2^60 keys": container(ARCH, HUGE),
    "2^64 keys": container(ARCH, 2**64 - 1),
    "65,536 keys, none there": container(b"", 65536),
    "2^60 tensors": container(ARCH, 1, HUGE),
    "100,000 tensors, none there": container(ARCH, 1, 100_000),
    "key of 2^63 bytes": container(struct.pack("<Q", 2**63)),
    "key of 60,000 bytes, none there": container(struct.pack("<Q", 60_000)),
    "string of 2^63 bytes": container(text(b"a") + struct.pack("<IQ", 8, 2**63)),
    "string of 2^40 bytes": container(text(b"a") + struct.pack("<IQ", 8, 2**40)),
    "unknown type": container(text(b"a") + struct.pack("<I", 99)),
    "list of 2^60 numbers": container(LIST + struct.pack("<IQ", 6, HUGE)),
    "list of 2^62 numbers": container(LIST + struct.pack("<IQ", 12, 2**62)),
    "list of 2^60 strings": container(LIST + struct.pack("<IQ", 8, HUGE)),
    "list of 2^64 strings": container(LIST + struct.pack("<IQ", 8, 2**64 - 1)),
    "list of strings, one of 2^63": container(
        LIST + struct.pack("<IQ", 8, 3) + text(b"a") + struct.pack("<Q", 2**63) + bytes(99)
    ),
    "3 million empty strings": container(LIST + struct.pack("<IQ", 8, 3_000_000) + bytes(2**25)),
    "nested lists": container(LIST + struct.pack("<IQ", 9, 1) * 10_000),
    "list of unknown type": container(LIST + struct.pack("<IQ", 99, 1)),
    "key twice": container(ARCH + ARCH, 2),
    "no architecture": container(text(b"a") + struct.pack("<IB", 7, 1)),
    "architecture a number": container(text(b"general.architecture") + struct.pack("<II", 4, 1)),
    "architecture not text": container(
        text(b"general.architecture") + struct.pack("<I", 8) + text(b"\xff\x00\n")
    ),
    "tensor of 2^32 dimensions": container(ARCH + text(b"t") + struct.pack("<I", 2**32 - 1), 1, 1),
    "factors of 2^60 values": container(
        ARCH + text(FREQS.encode()) + struct.pack("<IQIQ", 1, HUGE, 0, 0), 1, 1
    ),
    "factors in a table": container(
        ARCH + text(FREQS.encode()) + struct.pack("<IQQIQ", 2, 8, 8, 0, 0), 1, 1
    ),
    "factors at 2^63": container(
        ARCH + text(FREQS.encode()) + struct.pack("<IQIQ", 1, 64, 0, 2**63), 1, 1
    ),
    "alignment 0": container(
        ARCH
        + text(b"general.alignment")
        + struct.pack("<II", 4, 0)
        + text(FREQS.encode())
        + struct.pack("<IQIQ", 1, 64, 0, 0),
        2,
        1,
    ),
    "second part of a split": container(text(b"split.no") + struct.pack("<IH", 2, 1)),
    "part of a kind that is none": container(text(b"split.no") + struct.pack("<I", 8) + text(b"a")),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_files(tmp_path: Path, case: str) -> None:
    (tmp_path / "x.gguf").write_bytes(HOSTILE[case])
    assert refusal(tmp_path / "x.gguf").startswith(f"{tmp_path / 'x.gguf'}: ")


def spread(path: Path, head: bytes, each: bytes, count: int) -> Path:
    """A file whose strings of 2 MiB lie behind each other, and which takes little disk."""
    with path.open("wb") as file:
        file.write(head)
        for _ in range(count):
            file.write(each + struct.pack("<Q", 2**21))
            file.seek(2**21, io.SEEK_CUR)
        file.truncate()
    return path


@pytest.mark.slow
def test_files_that_would_take_long_or_much(tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    strings = container(LIST + struct.pack("<IQ", 8, 1000))
    assert "further than any" in refusal(spread(path, strings, b"", 1000))
    assert "twice" in refusal(
        spread(path, container(b"", 1000), text(b"k") + bytes([8, 0, 0, 0]), 9)
    )
    lists = b"".join(
        text(b"%d" % i) + struct.pack("<IIQ", 9, 0, 4096) + bytes(4096) for i in range(2000)
    )
    path.write_bytes(container(lists, 2000))
    assert "more metadata than any" in refusal(path)
    tensors = (text(b"n" * 200) + struct.pack("<IQIQ", 1, 32, 0, 0)) * 100_000
    path.write_bytes(container(ARCH, 1, 100_000) + tensors)
    assert "llama.embedding_length" in refusal(path)  # all were read
    path.write_bytes(container(ARCH, 1, 1) + text(b"n" * 300))
    assert "a name of 300 bytes" in refusal(path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (container(version=1), "version 1"),
    ],
)
def test_other_versions(tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "x.gguf").write_bytes(data)
    assert words in refusal(tmp_path / "x.gguf", UnsupportedError)


def test_version_2_reads_like_version_3(write: Any) -> None:
    path = write("llama", LLAMA)
    expected = read_gguf(path)
    data = bytearray(path.read_bytes())
    data[4] = 2
    path.write_bytes(data)
    assert read_gguf(path) == expected


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for source, words in [
        (tmp_path / "absent", "no such file"),
        (tmp_path, "is a directory"),
        (tmp_path / "loop", "cannot be read"),
        ("a\0b", "cannot be read"),
        ("", "no such file"),
    ]:
        assert words in refusal(source)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(write: Any) -> None:
    path = write("llama", LLAMA)
    path.chmod(0)
    assert "no permission" in refusal(path)


def test_no_permission_whoever_runs_this(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    path = write("llama", LLAMA)
    monkeypatch.setattr(gguf_file, "open", denied, raising=False)
    assert "no permission" in refusal(path)


def test_standard_input(write: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("llama", LLAMA, {FREQS: llama3_divisors()})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    config = read_config("-")
    assert config.source == "standard input"
    assert config.ropes == read_gguf(path).ropes


def test_a_file_cut_short_after_its_list_of_tensors(write: Any) -> None:
    plain = write("llama", LLAMA, {})
    whole = read_gguf(plain)
    data = plain.read_bytes()
    begin = gguf.GGUFReader(str(plain)).data_offset
    plain.write_bytes(data[:begin])
    assert read_gguf(plain) == whole
    scaled = write("llama", LLAMA, {FREQS: llama3_divisors()})
    scaled.write_bytes(scaled.read_bytes()[:-1])
    message = refusal(scaled)
    assert f"lists {FREQS} and ends before its values; download it again, or more" in message


def test_every_cut_is_told(write: Any) -> None:
    data = write("llama", LLAMA, {FREQS: llama3_divisors()}).read_bytes()
    for end in {*range(0, len(data), 7), len(data) - 1}:
        with pytest.raises(ConfigError, match=r"^x: .+; .+"):
            parse_container(io.BytesIO(data[:end]), "x")
    assert FREQS in parse_container(io.BytesIO(data), "x").factors


def test_a_large_vocabulary_is_passed_over(tmp_path: Path) -> None:
    words = b"".join(text(b"token %d" % i) for i in range(150_000))
    vocabulary = b"".join(
        text(name) + struct.pack("<IIQ", 9, 8, 150_000) + words for name in (b"tokens", b"merges")
    )
    context = text(b"llama.context_length") + struct.pack("<II", 4, 8192)
    heads = text(b"llama.attention.key_length") + struct.pack("<II", 4, 128)
    (tmp_path / "x.gguf").write_bytes(container(ARCH + vocabulary + context + heads, 5))
    config = read_gguf(tmp_path / "x.gguf")
    assert (config.context, config.rope.head_dim) == (8192, 128)
    assert "tokens" not in config.document


SMALL = container(
    ARCH
    + text(b"llama.context_length")
    + struct.pack("<II", 4, 8192)
    + text(b"llama.attention.key_length")
    + struct.pack("<II", 4, 8)
    + text(b"llama.rope.freq_base")
    + struct.pack("<If", 6, 1e4)
    + text(b"llama.rope.scaling.factor")
    + struct.pack("<If", 6, 8)
    + text(b"llama.attention.sliding_window_pattern")
    + struct.pack("<IIQ4B", 9, 7, 4, 1, 0, 1, 0)
    + text(b"tokens")
    + struct.pack("<IIQ", 9, 8, 2)
    + text(b"one")
    + text(b"two")
    + text(FREQS.encode())
    + struct.pack("<IQIQ", 1, 4, 0, 0),
    7,
    1,
)
SMALL += bytes(-len(SMALL) % 32) + struct.pack("<4f", 1, 2, 4, 8)


def test_the_seed_of_the_fuzzing_is_whole() -> None:
    rope = from_container(parse_container(io.BytesIO(SMALL), "x")).rope
    assert rope.parameters == {"divisors": (1.0, 2.0, 4.0, 8.0), "factor": 8.0}


@pytest.mark.slow
@laws(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(
            st.integers(0, len(SMALL) - 1),
            st.sampled_from([b"\0", b"\x01", b"\x7f", b"\x80", b"\xff", b"\xff" * 8, b"\0" * 8]),
        ),
        max_size=6,
    ),
    end=st.integers(0, len(SMALL) + 8),
)
def test_mutated_bytes_raise_nothing_but_our_errors(
    changes: list[tuple[int, bytes]], end: int
) -> None:
    data = bytearray(SMALL)
    for at, what in changes:
        data[at : at + len(what)] = what
    try:
        config = from_container(parse_container(io.BytesIO(bytes(data[:end])), "x"))
        for rope in config.ropes:
            scaling.from_rope(rope)
    except RopecalcError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()


@laws(max_examples=100)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_header(data: bytes) -> None:
    try:
        from_container(parse_container(io.BytesIO(container(data, 3, 2)), "x"))
    except RopecalcError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()
