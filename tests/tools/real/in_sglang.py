"""SGLang: ServerArgs and ModelConfig from its own parser, and the model class of its registry."""

from __future__ import annotations

import json
import os
import socket
import sys

os.environ.update(HF_HUB_OFFLINE="1", CUDA_VISIBLE_DEVICES="")

import torch._inductor.compile_fx  # noqa: F401 (before there is a Triton to find)

from tests.tools.real import standins

standins.install(
    ["triton", "torchvision", "tvm_ffi", "sgl_kernel", "vllm", "cutlass", "torchaudio"]
)
sys.modules["triton"] = __import__("triton")
sys.modules["triton"].runtime = None  # type: ignore[attr-defined]  # no device to be asked for

from typing import Any

import sglang.srt.utils

for place in (sglang.srt.utils, sglang.srt.utils.common):
    place.get_device = lambda *_: "cpu"  # which it is never said to be without the CPU engine

from sglang.srt.configs.load_config import LoadConfig
from sglang.srt.configs.model_config import ModelConfig
from sglang.srt.distributed.parallel_state import (
    init_distributed_environment,
    initialize_model_parallel,
    model_parallel_is_initialized,
)
from sglang.srt.layers.dp_attention import init_dp_gathered_buffer, initialize_dp_attention
from sglang.srt.layers.moe import initialize_moe_config
from sglang.srt.layers.rotary_embedding import factory
from sglang.srt.model_loader.loader import _initialize_model
from sglang.srt.runtime_context import SpawnRanks, publish
from sglang.srt.server_args import prepare_server_args

from tests.tools.real import rotary
from tests.tools.real.worker import Json, StoppedError, folder, serve, stage

# On a GPU latent attention takes get_rope; for a CPU there is one of deepseek_yarn alone.
factory.get_rope_cpu = lambda *values: factory.get_rope(*values[:8])

LONGER = "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN"
BEYOND = "is greater than the derived"
COMMON = ["--skip-tokenizer-init", "--load-format", "dummy", "--dtype", "float32"]
COMMON += ["--device", "cpu", "--attention-backend", "triton", "--disable-radix-cache"]


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """A length beyond what it allows is told as ``beyond``, and run with the variable set."""
    words = [*COMMON, *argv]
    if override is not None:
        words += ["--json-model-override-args", json.dumps(override)]
    if ctx is not None:
        words += ["--context-length", str(ctx)]
    with folder(config) as path:
        words = ["--model-path", path, *words]
        os.environ[LONGER] = "0"
        try:
            return _run(words)
        except StoppedError as stopped:
            if BEYOND not in stopped.told["error"]:
                raise
            os.environ[LONGER] = "1"
            return {"beyond": stopped.told["error"], **_run(words)}


def _run(words: list[str]) -> Json:
    with stage("ModelConfig"):
        arguments = prepare_server_args(words)
        publish(arguments, role="scheduler", ranks=SpawnRanks(world_rank=0, gpu_id=0))
        model_config = ModelConfig.from_server_args(arguments)
    text = model_config.hf_text_config
    told: dict[str, Any] = {
        "length": model_config.context_len,
        "rope_parameters": getattr(text, "rope_parameters", None),
    }
    with stage("build", **told):
        _distribute(arguments, model_config)
        _clear()
        model = _initialize_model(model_config, LoadConfig())
    with stage("forward", **told):
        layers = _layers(model, model_config.context_len)
    scale = getattr(model_config, "scaling", None)
    return {"layers": layers, "mla_scaling": scale, "class": type(model).__name__, **told}


def _distribute(arguments: Any, model_config: Any) -> None:
    """One process on a CPU."""
    if not model_parallel_is_initialized():
        initialize_moe_config()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        init_distributed_environment(
            world_size=1,
            rank=0,
            distributed_init_method=f"tcp://127.0.0.1:{port}",
            local_rank=0,
            backend="gloo",
        )
        initialize_model_parallel()
    initialize_dp_attention(arguments)
    init_dp_gathered_buffer(model_config)


def _clear() -> None:
    """Have no rope kept from the case before."""
    factory._ROPE_DICT.clear()


def _layers(model: Any, length: int) -> Json:
    layers: Json = {}
    for layer, scaling in rotary.scalings(model):
        layers.setdefault(layer, {}).setdefault("scaling", scaling)
    for name, module in model.named_modules():
        layer = rotary.layer_of(name) or f"-1:{name}"
        if getattr(module, "cos_sin_cache", None) is not None:
            rope = rotary.of_table(module.cos_sin_cache)
        elif hasattr(module, "long_short_cos_sin_cache"):
            table, original = (
                module.long_short_cos_sin_cache,
                module.original_max_position_embeddings,
            )
            rope = {"short": rotary.of_table(table), "long": rotary.of_table(table[original:])}
        else:
            continue
        layers.setdefault(layer, {}).update(rotary.named(name, module, rope))
    layers.update(rotary.forwards(model, length - 1))
    return layers


if __name__ == "__main__":
    serve(real)
