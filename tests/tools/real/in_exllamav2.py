"""ExLlamaV2: its config and its rope parameters, with rope_alpha and rope_scale."""

from __future__ import annotations

from tests.tools.real import standins

standins.install(["exllamav2.ext", "exllamav2_ext", "flash_attn", "xformers"])

from typing import Any

import yaml
from exllamav2.config import ExLlamaV2Config
from exllamav2.rope import get_rope_params

from tests.tools.real.worker import Json, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """``argv`` has the keys of a TabbyAPI config.yml, which sets them once the file was read."""
    with stage("config"), folder({**config, **(override or {})}) as path:
        loaded = ExLlamaV2Config()
        loaded.model_dir = path
        loaded.prepare(no_tensors=True)
        keys = yaml.safe_load(argv[0])["model"] if argv else {}
        loaded.scale_alpha_value = keys.get("rope_alpha", loaded.scale_alpha_value)
        loaded.scale_pos_emb = keys.get("rope_scale", loaded.scale_pos_emb)
        loaded.max_seq_len = ctx or keys.get("max_seq_len", loaded.max_seq_len)
    with stage("forward"):
        layers = {"-1:all": _rope(loaded, loaded.rotary_embedding_base, loaded.scale_pos_emb)}
        if loaded.rotary_embedding_base_alt:
            alternative = loaded.rotary_embedding_base_alt, loaded.scale_pos_emb_alt
            layers["-1:alternative"] = _rope(loaded, *alternative)
    return {"length": loaded.max_seq_len, "layers": layers}


def _rope(loaded: Any, base: float, scale: float | None) -> Json:
    inv_freq, factor = get_rope_params("cpu", loaded, base)
    return {"freqs": (inv_freq / (scale or 1.0)).tolist(), "mag": [float(factor)] * 2}


if __name__ == "__main__":
    serve(real)
