"""LitGPT: the model that it builds from the keys of a model_config.yaml (``argv``)."""

from __future__ import annotations

from tests.tools.real import standins

standins.install("lightning lightning_utilities torchmetrics".split())

import torch
import yaml
from litgpt.config import Config
from litgpt.model import GPT

from tests.tools.real import rotary
from tests.tools.real.worker import Json, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """The heads are those of the config.json."""
    del override, ctx
    with stage("config"):
        made = Config(**{**_heads(config), **yaml.safe_load(argv[0])})
    with stage("build"):
        model = GPT(made)
    with stage("forward"):
        half = model.cos.shape[-1] // 2
        table = torch.cat([model.cos[:, :half], model.sin[:, :half]], dim=-1)
        return {"length": made.block_size, "layers": {"-1:all": rotary.of_table(table)}}


def _heads(config: Json) -> Json:
    heads = config["num_attention_heads"]
    return {
        "n_layer": 1,
        "n_embd": config["hidden_size"],
        "n_head": heads,
        "head_size": config.get("head_dim") or config["hidden_size"] // heads,
        "rotary_percentage": config.get("partial_rotary_factor", 1.0),
        "padded_vocab_size": 128,
    }


if __name__ == "__main__":
    serve(real)
