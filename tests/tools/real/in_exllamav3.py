"""ExLlamaV3: the config of its architecture and the tables of its RoPE."""

from __future__ import annotations

import torch._inductor.compile_fx  # noqa: F401 (before there is a Triton to find)

from tests.tools.real import standins

standins.install("exllamav3.ext exllamav3_ext flash_attn flashinfer xformers triton".split())

from collections.abc import Iterator
from typing import Any

from exllamav3 import Config, Model
from exllamav3.util.rope import RoPE

from tests.tools.real.worker import Json, folder, serve, stage


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """The keys of an override stand in for those of a file that was changed."""
    del ctx, argv
    with folder({**config, **(override or {})}) as path:
        with stage("config"):
            loaded = Config.from_directory(path)
        with stage("build"):
            model = Model.from_config(loaded)
        with stage("forward"):
            return {"layers": dict(_layers(model)), "class": type(loaded).__name__}


def _layers(model: Any) -> Iterator[tuple[str, Json]]:
    found = [module for module in _all(model.modules) if hasattr(module, "rope_settings")]
    for number, module in enumerate(found):
        told: Json = {"scaling": module.sm_scale}
        if module.rope_settings is not None:
            rope = RoPE("cpu", module.rope_settings)
            factor = float(rope.attn_factor)
            told |= {"freqs": rope.inv_freq.tolist(), "mag": [factor, factor]}
        yield str(number), told


def _all(modules: Any) -> Iterator[Any]:
    for module in modules:
        yield module
        yield from _all(module.modules)


if __name__ == "__main__":
    serve(real)
