"""Megatron: the rotary modules of megatron-core, built from the flags of Megatron-LM (``argv``).

The flags are mapped as GPTModel of megatron-core and training/arguments.py do, which was read.
"""

from __future__ import annotations

import argparse
import shlex

import torch

torch.cuda.current_device = lambda: "cpu"  # where its tables are made

from megatron.core.models.common.embeddings.rotary_pos_embedding import RotaryEmbedding
from megatron.core.models.common.embeddings.yarn_rotary_pos_embedding import YarnRotaryEmbedding

from tests.tools.real.worker import Json, serve, stage

FLAGS = argparse.ArgumentParser(exit_on_error=False)
FLAGS.add_argument("--position-embedding-type", default="rope")
for name, default in {
    "rotary-base": 10_000,
    "rotary-percent": 1.0,
    "rotary-seq-len-interpolation-factor": None,
    "rope-scaling-factor": 8.0,
    "rotary-scaling-factor": 1.0,
    "yarn-original-max-position-embeddings": 4096,
    "yarn-beta-fast": 32.0,
    "yarn-beta-slow": 1.0,
    "mscale": 1.0,
    "mscale-all-dim": 0.0,
}.items():
    FLAGS.add_argument(f"--{name}", type=float, default=default)
for name in ("kv-channels", "seq-length", "max-position-embeddings"):
    FLAGS.add_argument(f"--{name}", type=int)
for name in ("use-rope-scaling", "yarn-correction-range-round-to-int"):
    FLAGS.add_argument(f"--{name}", action="store_true")
FLAGS.add_argument("--no-yarn-correction-range-round-to-int", action="store_true")


def real(config: Json, override: Json | None, ctx: int | None, argv: list[str]) -> Json:
    """Only what the flags say."""
    del config, override, ctx
    with stage("config"):
        asked = FLAGS.parse_args(shlex.split(argv[0]))
    common = {
        "kv_channels": asked.kv_channels,
        "rotary_percent": asked.rotary_percent,
        "seq_len_interpolation_factor": asked.rotary_seq_len_interpolation_factor,
        "rotary_base": asked.rotary_base,
        "use_cpu_initialization": True,
    }
    with stage("build"):
        if asked.position_embedding_type == "yarn":
            module = YarnRotaryEmbedding(
                **common,
                scaling_factor=asked.rotary_scaling_factor,
                original_max_position_embeddings=int(asked.yarn_original_max_position_embeddings),
                beta_fast=asked.yarn_beta_fast,
                beta_slow=asked.yarn_beta_slow,
                mscale=asked.mscale,
                mscale_all_dim=asked.mscale_all_dim,
                correction_range_round_to_int=asked.yarn_correction_range_round_to_int,
            )
        else:
            scaled = {"rope_scaling": asked.use_rope_scaling}
            scaled["rope_scaling_factor"] = asked.rope_scaling_factor
            module = RotaryEmbedding(**common, **scaled)
    with stage("forward"):
        made = module(2)
        angles, factor = made if isinstance(made, tuple) else (made, 1.0)
        freqs = angles[1].flatten().tolist()
        layer = {"freqs": freqs[: len(freqs) // 2], "mag": [float(factor)] * 2}
    return {"length": asked.max_position_embeddings, "layers": {"-1:all": layer}}


if __name__ == "__main__":
    serve(real)
