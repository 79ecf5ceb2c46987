"""torchtitan: the rope that a line of a model's config makes (``argv``)."""

from __future__ import annotations

import torch._inductor.compile_fx

from tests.tools.real import standins

standins.install("triton spmd_types torchdata datasets tensorboard torchao wandb".split())

from torchtitan.models.common import rope

from tests.tools.real import rotary
from tests.tools.real.worker import Json, serve, stage

NAMES = {"ComplexRoPE": rope.ComplexRoPE, "CosSinRoPE": rope.CosSinRoPE}


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """Only what the lines say."""
    del config, override, ctx
    with stage("config"):
        made = eval(argv[0], dict(NAMES))
    with stage("build"):
        module = NAMES[type(made).__qualname__.split(".")[0]](made)
    with stage("forward"):
        cache = module.cache
        if cache.is_complex():
            cache = torch.cat([cache.real, cache.imag], dim=-1)
        else:  # cosines twice, then sines twice
            quarter = cache.shape[-1] // 4
            cache = torch.cat([cache[:, :quarter], cache[:, 2 * quarter : 3 * quarter]], dim=-1)
        return {"length": made.max_seq_len, "layers": {"-1:all": rotary.of_table(cache)}}


if __name__ == "__main__":
    serve(real)
