"""LLaMA-Factory: its ``configure_rope``, then the model of transformers 4.57.6."""

from __future__ import annotations

from types import SimpleNamespace

from tests.tools.real import standins

standins.install("trl peft accelerate datasets torchvision omegaconf".split())

import yaml
from llamafactory.model.model_utils.rope import configure_rope
from transformers import AutoConfig, AutoModelForCausalLM

from tests.tools.real import rotary
from tests.tools.real.worker import Json, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """``argv`` has the keys of its YAML: rope_scaling and cutoff_len."""
    del override, ctx
    keys = yaml.safe_load(argv[0]) if argv else {}
    with stage("config"), folder(config) as path:
        loaded = AutoConfig.from_pretrained(path)
        length = keys.get("cutoff_len")
        asked = SimpleNamespace(rope_scaling=keys.get("rope_scaling"), model_max_length=length)
        configure_rope(loaded, asked)
    with stage("build"):
        model = AutoModelForCausalLM.from_config(loaded)
    with stage("forward"):
        layers = dict(rotary.forwards(model, (length or loaded.max_position_embeddings) - 1))
    return {"length": length, "layers": layers, "class": type(model).__name__}


if __name__ == "__main__":
    serve(real)
