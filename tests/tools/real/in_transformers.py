"""transformers: a config and a model of its classes, the forward of its rotary modules, and of all.

``whole`` is what stops the whole model once its rotary modules have run.
"""

from __future__ import annotations

from typing import Any

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

from tests.tools.real import rotary
from tests.tools.real.worker import Json, StoppedError, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """Overriding keys are passed to ``from_pretrained``; ctx is the length of the forward."""
    del argv
    with stage("config"), folder(config) as path:
        loaded = AutoConfig.from_pretrained(path, **(override or {}))
    told: dict[str, Any] = {"rope_parameters": getattr(loaded, "rope_parameters", None)}
    with stage("build", **told):
        model = AutoModelForCausalLM.from_config(loaded)
    length = ctx or loaded.get_text_config().max_position_embeddings
    with stage("forward", **told):
        layers: Json = {}
        for layer, scaling in rotary.scalings(model):
            layers.setdefault(layer, {}).setdefault("scaling", scaling)
        layers.update(rotary.forwards(model, length - 1))
    try:
        with torch.no_grad(), stage("model"):
            model(torch.tensor([[1, 2]]), use_cache=False)
    except StoppedError as stopped:
        told["whole"] = stopped.told["error"]
    return {"layers": layers, "class": type(model).__name__, **told}


if __name__ == "__main__":
    transformers.logging.set_verbosity_error()
    serve(real)
