"""torchtune: the component that a recipe names (``argv``), with small sizes."""

from __future__ import annotations

from importlib import import_module

from tests.tools.real import standins

standins.install("torchao datasets omegaconf".split())

import torch
import yaml

from tests.tools.real import rotary
from tests.tools.real.worker import Json, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """The heads are those of the config.json."""
    del override, ctx
    with stage("config"):
        keys = yaml.safe_load(argv[0])["model"]
        module, name = keys.pop("_component_").rsplit(".", 1)
        component = getattr(import_module(module), name)
    heads = {
        "vocab_size": 128,
        "num_layers": 1,
        "num_heads": config["num_attention_heads"],
        "num_kv_heads": config["num_key_value_heads"],
        "embed_dim": config["hidden_size"],
        "intermediate_dim": 64,
    }
    with stage("build"):
        model = component(**heads, **keys)
    with stage("forward"):
        cache = next(module.cache for module in model.modules() if hasattr(module, "rope_init"))
        table = torch.cat([cache[..., 0], cache[..., 1]], dim=-1)
        return {"length": model.max_seq_len, "layers": {"-1:all": rotary.of_table(table)}}


if __name__ == "__main__":
    serve(real)
