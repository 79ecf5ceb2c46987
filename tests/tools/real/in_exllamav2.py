"""ExLlamaV2: its config and rope parameters; ``argv`` has rope_alpha and rope_scale."""

from __future__ import annotations

from tests.tools.real import standins

standins.install(["exllamav2.ext", "exllamav2_ext", "flash_attn", "xformers"])

from exllamav2.config import ExLlamaV2Config
from exllamav2.rope import get_rope_params

from tests.tools.real.worker import Json, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """As TabbyAPI and its own command line set alpha and the scale after the config was read."""
    with stage("config"), folder({**config, **(override or {})}) as path:
        loaded = ExLlamaV2Config()
        loaded.model_dir = path
        loaded.prepare(no_tensors=True)
        for word in argv:
            key, value = word.removeprefix("--").split("=")
            name = {"rope_alpha": "scale_alpha_value", "rope_scale": "scale_pos_emb"}[key]
            setattr(loaded, name, float(value))
        if ctx is not None:
            loaded.max_seq_len = ctx
    with stage("forward"):
        inv_freq, factor = get_rope_params("cpu", loaded, loaded.rotary_embedding_base)
        freqs = (inv_freq / (loaded.scale_pos_emb or 1.0)).tolist()
    layer = {"freqs": freqs, "mag": [float(factor), float(factor)]}
    return {"length": loaded.max_seq_len, "layers": {"-1:all": layer}}


if __name__ == "__main__":
    serve(real)
