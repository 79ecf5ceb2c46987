"""axolotl: its ``load_model_config``, then the model of transformers."""

from __future__ import annotations

from tests.tools.real import standins

standins.install("peft bitsandbytes accelerate datasets trl axolotl.telemetry".split())

import yaml
from addict import Dict
from axolotl.loaders.utils import load_model_config
from transformers import AutoModelForCausalLM

from tests.tools.real import rotary
from tests.tools.real.worker import Json, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """``argv`` has the keys of its YAML: sequence_len and overrides_of_model_config."""
    del override, ctx
    keys = yaml.safe_load(argv[0]) if argv else {}
    overrides = Dict(keys.pop("overrides_of_model_config", {}))
    with stage("config"), folder(config) as path:
        asked = Dict(base_model=path, base_model_config=path, **keys)
        asked.overrides_of_model_config = overrides
        loaded = load_model_config(asked)
        for key, value in overrides.items():  # a plain object, as its own validated config has
            setattr(loaded, key, value.to_dict() if isinstance(value, Dict) else value)
    with stage("build"):
        model = AutoModelForCausalLM.from_config(loaded)
    with stage("forward"):
        length = asked.sequence_len or loaded.max_position_embeddings
        layers = dict(rotary.forwards(model, length - 1))
    return {"length": asked.sequence_len or None, "layers": layers, "class": type(model).__name__}


if __name__ == "__main__":
    serve(real)
