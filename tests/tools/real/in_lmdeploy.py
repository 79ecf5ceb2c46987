"""LMDeploy's PyTorch engine: the rotary module that it builds from a config of transformers."""

from __future__ import annotations

import torch._inductor.compile_fx

from tests.tools.real import standins

standins.install("triton mmengine peft ray shortuuid fire xgrammar torchvision dlslime".split())

from lmdeploy.pytorch.backends.default import DefaultOpsBackend
from lmdeploy.pytorch.config import override_hf_config
from lmdeploy.pytorch.models.patch import BuildModelContext, build_model_context
from lmdeploy.pytorch.nn import rotary_embedding
from transformers import AutoConfig

from tests.tools.real import rotary
from tests.tools.real.worker import Json, folder, serve, stage

# The rotary module of every device but dlinfer's; only its application has kernels.
rotary_embedding.get_backend = lambda: DefaultOpsBackend


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """The override is the object of --hf-overrides."""
    del ctx, argv
    with stage("config"), folder(config) as path:
        loaded = AutoConfig.from_pretrained(path)
        override_hf_config(loaded, override or {})
    with stage("build"), build_model_context(BuildModelContext()):
        module = rotary_embedding.build_rotary_embedding_from_config(loaded)
    with stage("forward"):
        cos, sin = module(torch.zeros(1, 2, 8), torch.arange(2)[None])
        half = cos.shape[-1] // 2
        table = torch.cat([cos[0, :, :half], sin[0, :, :half]], dim=-1)
        rope = rotary.of_table(table)
    return {"layers": {"-1:all": {"freqs": rope["freqs"], "mag": rope["mag"]}}}


if __name__ == "__main__":
    serve(real)
