"""Arguments of Megatron-LM: its own scripts' shapes, its defaults, shells, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ropecalc import scaling
from ropecalc.errors import ConfigError, RopecalcError, UnsupportedError
from ropecalc.models.megatron import parse_arguments
from ropecalc.models.shell import read_options
from tests.tools.effort import little_work

SIZES = "--num-layers 32 --hidden-size 4096 --num-attention-heads 32 "
ROPE = SIZES + "--position-embedding-type rope "
LLAMA3_SCRIPT = r"""#!/bin/bash
# Llama 3.1 8B: don't change --rotary-base 10000 here
export CUDA_DEVICE_MAX_CONNECTIONS=1
SEQ_LEN=${SEQ_LEN:-8192}
MAX_POS="131072"
CHECKPOINT=$1

DISTRIBUTED_ARGS=(
    --nproc_per_node $GPUS_PER_NODE
    --nnodes $NUM_NODES
)
MODEL_ARGS=(
    --use-mcore-models
    --num-layers 32
    --hidden-size 4096
    --num-attention-heads 32
    --group-query-attention
    --num-query-groups 8
    --kv-channels 128
    --seq-length $SEQ_LEN
    --max-position-embeddings ${MAX_POS}
    --position-embedding-type rope
    --rotary-base 1000000 # corrected below
    --rotary-percent 1.0
    --use-rope-scaling
    --swiglu
)
EXTRA="--rotary-base 500000 \
       --attention-dropout 0.0"

torchrun ${DISTRIBUTED_ARGS[@]} pretrain_gpt.py \
    ${MODEL_ARGS[@]} \
    $EXTRA --load "$CHECKPOINT"
"""
SIZE = "--hidden-size $A0"
YARN = ROPE.replace("rope", "yarn") + "--rotary-base 150000 --kv-channels 64 "
DEEPSEEK = (  # DeepSeek-V2-Lite
    "--multi-latent-attention --num-layers 27 --hidden-size 2048 --num-attention-heads 16 "
    "--qk-head-dim 128 --qk-pos-emb-head-dim 64 --v-head-dim 128 --kv-lora-rank 512 "
    "--position-embedding-type rope --rotary-base 10000 --rotary-scaling-factor 40 "
    "--mscale 0.707 --mscale-all-dim 0.707 --max-position-embeddings 163840 "
)


def read(text: str) -> Any:
    return parse_arguments(text, "train.sh")


def refusal(text: str, kind: type[ConfigError] = ConfigError) -> str:
    with little_work(), pytest.raises(ConfigError) as caught:
        read(text)
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert message.startswith("train.sh: ")
    assert message.isprintable()
    assert "; " in message
    assert len(message) < 300
    assert caught.value.__cause__ is None
    return message


def test_a_script_for_llama_3_1() -> None:
    config = read(LLAMA3_SCRIPT)
    rope = config.rope
    assert (rope.base, rope.head_dim, rope.rotary_dim, rope.layers) == (5e5, 128, 128, 32)
    assert (config.context, config.original_context, config.form) == (131072, 8192, "megatron")
    expected = scaling.llama3(500000, 128, factor=8, original_context=8192)
    found = scaling.from_rope(rope).angular_frequencies
    assert found.tolist() == expected.angular_frequencies.tolist()
    assert config.assumptions == ()
    assert config.document["rotary-base"] == "500000"


def test_a_plain_model_with_the_defaults_of_the_parser() -> None:
    config = read(ROPE + "--seq-length 4096")
    assert (config.rope.base, config.rope.head_dim, config.context) == (10000, 128, 4096)
    assert (config.rope.rope_type, config.original_context) == ("default", None)
    older = read(SIZES + "--use-rotary-position-embeddings --seq-length=4096")
    assert (older.ropes, older.assumptions) == (config.ropes, ())


def test_a_factor_other_than_8_is_taken_and_told() -> None:
    text = ROPE + "--use-rope-scaling --rope-scaling-factor 32"
    config = read(text)
    assert config.rope.factor == 32
    assert "6306" in config.assumptions[0]
    assert read(text.replace("32.", "8")).rope.rope_type == "llama3"
    unused = read(ROPE + "--rope-scaling-factor 32")
    assert (unused.rope.rope_type, unused.assumptions) == ("default", ())


def test_interpolation() -> None:
    config = read(ROPE + "--rotary-seq-len-interpolation-factor 4 --max-position-embeddings 16384")
    assert (config.rope.rope_type, config.rope.factor) == ("linear", 4)
    assert (config.context, config.original_context) == (16384, None)
    assert read(ROPE + "--rotary-seq-len-interpolation-factor 1").rope.rope_type == "default"


@pytest.mark.parametrize(("percent", "dim"), [("0.5", 64), ("0.25", 32), ("1", 128)])
def test_partial_rotation(percent: str, dim: int) -> None:
    assert read(ROPE + f"--rotary-percent {percent}").rope.rotary_dim == dim


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.707, 0.0), (0.707, 0.5), (0.0, 0.0)])
def test_yarn_weighs_amplitudes_by_megatron_s_own_rule(weights: tuple[float, float]) -> None:
    """Unlike in transformers, an mscale counts where mscale_all_dim is 0."""
    own, whole = weights
    options = f"--rotary-scaling-factor 32 --mscale {own} --mscale-all-dim {whole}"
    spectrum = scaling.from_rope(read(YARN + options).rope)
    stretched = [1 + 0.1 * weight * math.log(32) for weight in weights]
    assert spectrum.attention_factor == pytest.approx(stretched[0] / stretched[1])


def test_yarn_of_gpt_oss() -> None:
    text = YARN + (
        "--rotary-scaling-factor 32.0 --yarn-original-max-position-embeddings 4096 "
        "--yarn-beta-fast 32.0 --yarn-beta-slow 1.0 --no-yarn-correction-range-round-to-int "
        "--max-position-embeddings 131072 --window-size 127,0 --window-attn-skip-freq 2 "
    )
    config = read(text)
    expected = scaling.yarn(150000, 64, factor=32, original_context=4096, truncate=False)
    spectrum = scaling.from_rope(config.rope)
    assert spectrum.angular_frequencies.tolist() == expected.angular_frequencies.tolist()
    assert spectrum.attention_factor == pytest.approx(expected.attention_factor)
    found = [(rope.layer_type, rope.window, rope.layers) for rope in config.ropes]
    assert found == [("full_attention", None, 16), ("sliding_attention", 128, 16)]
    assert (config.context, config.original_context) == (131072, 4096)
    rounded = read(text + "--yarn-correction-range-round-to-int").rope
    assert "truncate" not in read(text.replace("--no-yarn", "--yarn")).rope.parameters
    assert rounded.rope_type == "yarn"


def test_yarn_defaults() -> None:
    config = read(YARN + "--rotary-scaling-factor 4 --rotary-percent 0.5")
    assert config.rope.original_context == 4096
    assert config.rope.rotary_dim == 64  # its YaRN turns the whole head
    assert len(config.assumptions) == 2
    assert read(YARN).rope.rope_type == "default"  # --rotary-scaling-factor is 1 then


def test_latent_attention() -> None:
    config = read(DEEPSEEK)
    rope = config.rope
    assert (rope.head_dim, rope.rotary_dim, rope.latent) == (192, 64, True)
    assert (rope.rope_type, rope.original_context) == ("yarn", 4096)
    spectrum = scaling.from_rope(rope)
    assert spectrum.attention_factor == 1
    assert spectrum.softmax_factor == pytest.approx((1 + 0.0707 * math.log(40)) ** 2)
    plain = read(DEEPSEEK + "--rope-type rope").rope
    theta = 10000.0 ** (-np.arange(32) / 32)
    np.testing.assert_allclose(scaling.from_rope(plain).angular_frequencies, theta, rtol=1e-14)
    bare = read("--multi-latent-attention --num-attention-heads 16").rope
    assert (bare.head_dim, bare.rotary_dim, bare.rope_type) == (192, 64, "default")
    assert "not read" in read(DEEPSEEK + "--use-rope-scaling").assumptions[0]


def test_layers_without_rotation() -> None:
    config = read(ROPE + "--no-rope-freq 4")
    assert (config.rope.layers, config.unrotated_layers) == (24, 8)


def test_rope_is_assumed_where_its_options_are() -> None:
    config = read(SIZES + "--rotary-base 1000000")
    assert "learned_absolute" in config.assumptions[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("--a 1 --a 2", "2"),
        ("--a=1", "1"),
        ("--a '1'", "1"),
        ('--a "1"', "1"),
        ("--a \\\n  1", "1"),
        ("--a \\\r\n  1", "1"),
        ("--a 1 # --a 2", "1"),
        ("# it's\n--a 1", "1"),
        ("ARGS=(--a 1)", "1"),
        ("ARGS=(\n--a 1\n)", "1"),
        ("ARGS+=(--b 2 --a 1)", "1"),
        ('ARGS="--a 1 --b 2"', "1"),
        ("N=1\n--a $N", "1"),
        ("N=1; --a ${N}".replace(";", "\n"), "1"),
        ("--a ${N:-1}", "1"),
        ("--a ${N-1}", "1"),
        ("N=1\n--a ${N:-2}", "1"),
        ("N=${N:-1}\n--a $N", "1"),
        ("N=${1:-1}\n--a $N", "1"),
        ("M=1\nN=$M\nexport K=${N}\n--a $K", "1"),
        ("N=1\nN=1\n--a $N", "1"),
        ("--flag N=1 --a $N", "1"),
        ("--b --a 1", "1"),
        ("--a -1", "-1"),
    ],
)
def test_shells(text: str, value: str) -> None:
    assert read_options(text, "x").value("a") == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("--hidden-size $HIDDEN", "HIDDEN is not assigned"),
        ("--hidden-size=${HIDDEN}", "HIDDEN is not assigned"),
        ("--hidden-size $1", "1 is not assigned"),
        ("H=$HIDDEN\n--hidden-size $H", "HIDDEN is not assigned"),
        ("H=1\nH=2\n--hidden-size $H", "H is assigned several values"),
        ("H=$H\n--hidden-size $H", "refers to itself"),
        ("A=$B\nB=$A\n--hidden-size $A", "refers to itself"),
        ("--hidden-size $((64*64))", "running the script"),
        ("--hidden-size `cat size`", "running the script"),
        ("--hidden-size", "--hidden-size has no value"),
        ("--hidden-size --swiglu", "--hidden-size has no value"),
        ("--hidden-size 'a", "quote"),
        ("--hidden-size abc", "--hidden-size must be an integer"),
        ("--hidden-size 4096.0", "--hidden-size must be an integer"),
        ("--hidden-size -4096", "--hidden-size must be an integer"),
        ("--hidden-size 0", "--hidden-size must be an integer"),
        ("--hidden-size " + "9" * 3000, "--hidden-size must be an integer"),
        ("--hidden-size ٤٠٩٦", "--hidden-size must be an integer"),
        ("--hidden-size 4097", "cannot divide --hidden-size"),
        ("--rotary-base 1e6", "--rotary-base must be an integer of at least 2, in digits, got 1e6"),
        ("--rotary-base 1", "--rotary-base"),
        ("--rotary-percent nan", "--rotary-percent"),
        ("--rotary-percent 1.5", "--rotary-percent"),
        ("--rotary-percent 0", "--rotary-percent"),
        ("--rotary-percent 0.01", "rotary_dim"),
        ("--kv-channels 127", "head_dim"),
        ("--kv-channels 999999999", "head_dim"),
        ("--use-rope-scaling --rope-scaling-factor x", "--rope-scaling-factor"),
        ("--use-rope-scaling --rope-scaling-factor -8", "--rope-scaling-factor"),
        ("--use-rope-scaling --rope-scaling-factor inf", "--rope-scaling-factor"),
        ("--rotary-seq-len-interpolation-factor 1.5", "interpolation-factor"),
        ("--max-position-embeddings many", "--max-position-embeddings"),
        ("--position-embedding-type yarn --rotary-scaling-factor 4 --mscale -1", "--mscale"),
        ("--multi-latent-attention --rope-type ntk", "--rope-type"),
        ("--window-size wide", "--window-size"),
        ("--no-rope-freq 0", "--no-rope-freq"),
    ],
)
def test_what_cannot_be_read(text: str, words: str) -> None:
    assert words in refusal(ROPE + "\n" + text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SIZES, "learned_absolute"),
        (SIZES + "--position-embedding-type learned_absolute", "learned_absolute"),
        (SIZES + "--position-embedding-type none", "none"),
        (SIZES + "--position-embedding-type mrope", "mrope"),
        (
            ROPE + "--use-rope-scaling --rotary-seq-len-interpolation-factor 2",
            "are combined",
        ),
        (ROPE + "--no-rope-freq ([0]*3+[1]*1)*8", "--no-rope-freq"),
    ],
)
def test_what_is_not_evaluated(text: str, words: str) -> None:
    assert words in refusal(text, UnsupportedError)


def test_missing_sizes() -> None:
    assert "--hidden-size" in refusal("--position-embedding-type rope")
    text = "--position-embedding-type rope --hidden-size 8"
    assert "--num-attention-heads" in refusal(text)


@pytest.mark.parametrize("text", ["", "hello", "--swiglu --lr 1e-4", "\0", "#" * 1000])
def test_no_arguments_of_megatron(text: str) -> None:
    assert "holds no arguments" in refusal(text)


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "x" * 200_000,
        "'" + "x" * 100_000,
        ROPE + "--rotary-base " + "$A" * 60_000,
        ROPE + "".join(f"\nA{i}=" + f"$A{i + 1}" * 900 for i in range(30)) + f"\nA30=1\n{SIZE}",
        ROPE + "".join(f"\nA{i}=$A{i + 1}" for i in range(9000)) + f"\nA9000=8\n{SIZE}",
    ],
)
def test_hostile_texts_are_refused_quickly(text: str) -> None:
    refusal(text)


PIECES = [
    *ROPE.split(), "--kv-channels", "--rotary-base", "--use-rope-scaling", "128", "$N", "N=64",
    "N=$M", "M=${N:-2}", "'", '"', "\\", "\n", "#", "(", ")", "=", "--", "--multi-latent-attention",
    "1e9", "-1", "nan", "--rotary-percent", "0.5", "yarn", "--rotary-scaling-factor", "4",
    "--window-size", "128,0", "--window-attn-skip-freq", "--no-rope-freq", "\x00", "é",
]  # fmt: skip


@pytest.mark.slow
@given(st.lists(st.sampled_from(PIECES), max_size=30))
def test_whatever_the_words_only_our_errors(words: list[str]) -> None:
    try:
        for rope in read(ROPE + " ".join(words)).ropes:
            scaling.from_rope(rope)
    except RopecalcError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()
