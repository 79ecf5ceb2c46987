"""vLLM: its serve parser, ModelConfig and VllmConfig, and the model class of its registry."""

from __future__ import annotations

import json
import os

os.environ.update(
    VLLM_TARGET_DEVICE="cpu",
    VLLM_LOGGING_LEVEL="ERROR",
    VLLM_NO_USAGE_STATS="1",
    VLLM_CPU_KVCACHE_SPACE="1",
    HF_HUB_OFFLINE="1",
    CUDA_VISIBLE_DEVICES="",
)

from tests.tools.real import standins

standins.install(["xgrammar", "llguidance", "vllm._C"])

from typing import Any

import torch
from vllm.config import set_current_vllm_config
from vllm.distributed.parallel_state import (
    destroy_model_parallel,
    ensure_model_parallel_initialized,
    init_distributed_environment,
)
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.entrypoints.common.cli_args import make_arg_parser
from vllm.model_executor.layers import rotary_embedding
from vllm.model_executor.model_loader.utils import initialize_model
from vllm.model_executor.models import registry
from vllm.utils.argparse_utils import FlexibleArgumentParser
from vllm.utils.network_utils import get_open_port

from tests.tools.real import rotary
from tests.tools.real.worker import Json, StoppedError, folder, serve, stage

LONGER = "VLLM_ALLOW_LONG_MAX_MODEL_LEN"
BEYOND = "is greater than the derived"
COMMON = ["--skip-tokenizer-init", "--load-format", "dummy", "--dtype", "float32"]
registry._run_in_subprocess = lambda inspect: inspect()  # where the stand-ins are not
PARSER = make_arg_parser(FlexibleArgumentParser())


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """A length beyond what it allows is told as ``beyond``, and run with the variable set."""
    words = [*COMMON, *argv]
    if override is not None:
        words += ["--hf-overrides", json.dumps(override)]
    if ctx is not None:
        words += ["--max-model-len", str(ctx)]
    with folder(config) as path:
        os.environ[LONGER] = "0"
        try:
            return _run([path, *words])
        except StoppedError as stopped:
            if BEYOND not in stopped.told["error"]:
                raise
            os.environ[LONGER] = "1"
            return {"beyond": stopped.told["error"], **_run([path, *words])}


def _run(words: list[str]) -> Json:
    with stage("arguments"):
        parsed = PARSER.parse_args(words)
        parsed.model = parsed.model_tag
        arguments = AsyncEngineArgs.from_cli_args(parsed)
    with stage("ModelConfig"):
        arguments.create_model_config()
    with stage("VllmConfig"):
        config = arguments.create_engine_config()
    model_config = config.model_config
    text = model_config.hf_text_config
    told: dict[str, Any] = {
        "length": model_config.max_model_len,
        "rope_parameters": getattr(text, "rope_parameters", None),
    }
    with stage("build", **told), set_current_vllm_config(config):
        torch.set_default_dtype(torch.float32)
        _clear()
        destroy_model_parallel()  # whose groups are those of the model before
        ensure_model_parallel_initialized(1, 1)
        model = initialize_model(config)
    with stage("forward", **told), set_current_vllm_config(config):
        layers = _layers(model, model_config.max_model_len)
    _release(model)
    return {"layers": layers, "class": type(model).__name__, **told}


def _release(model: Any) -> None:
    """Free the tables: caches of vLLM keep its modules."""
    for module in model.modules():
        module._buffers.clear()
        module._parameters.clear()


def _clear() -> None:
    """Have no rope kept from the case before."""
    rotary_embedding._ROPE_DICT.clear()


def _layers(model: Any, length: int) -> Json:
    layers: Json = {}
    for layer, scaling in rotary.scalings(model):
        layers.setdefault(layer, {}).setdefault("scaling", scaling)
    for layer, attention in getattr(model, "attention_instances", {}).items():
        layers.setdefault(str(layer), {}).setdefault("scaling", attention.impl.scale)
    for name, module in model.named_modules():
        layer = rotary.layer_of(name) or f"-1:{name}"
        table = getattr(module, "cos_sin_cache", None)
        if table is not None:
            rope = rotary.of_table(table)
        elif hasattr(module, "long_short_cos_sin_cache"):
            start = module.original_max_position_embeddings if module.use_long_rope else 0
            rope = rotary.of_table(module.long_short_cos_sin_cache[start:])
            rope["use_long"] = module.use_long_rope
        else:
            continue
        layers.setdefault(layer, {}).update(rotary.named(name, module, rope))
    layers.update(rotary.forwards(model, length - 1))
    return layers


if __name__ == "__main__":
    init_distributed_environment(1, 0, f"tcp://127.0.0.1:{get_open_port()}", 0, "gloo")
    serve(real)
