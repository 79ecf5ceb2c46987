"""The environments that the real stacks run in: one folder, some 3 GB, made once.

    python -m tests.tools.real.environment DIR [STACK...]

A CPU build of PyTorch and the small dependencies go into DIR/env; the wheel of each stack and the
transformers that it takes are downloaded without their dependencies and unpacked into
DIR/NAME-VERSION, folders that are put on a run's path.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

# What each stack's process has on its path; the first is the stack itself.
FOUR = ("transformers==4.57.6", "huggingface_hub==0.36.0", "tokenizers==0.22.1")
STACKS = {
    "transformers": ("transformers==5.23.0",),
    "transformers4": FOUR,
    "vllm": ("vllm==0.33.0", "transformers==5.20.0"),
    "sglang": ("sglang==0.5.23", "transformers==5.19.0"),
    "mlx": ("mlx-lm==0.32.2", "transformers==5.23.0"),
    "exllamav2": ("exllamav2==0.3.2", "transformers==5.23.0"),
    "exllamav3": ("exllamav3==1.6.5", "transformers==5.23.0"),
    "lmdeploy": ("lmdeploy==0.18.0", "transformers==5.20.0"),
    "litgpt": ("litgpt==0.5.13", "transformers==5.23.0"),
    "torchtune": ("torchtune==0.6.1", "transformers==5.23.0"),
    "torchtitan": ("torchtitan==0.3.0",),
    "megatron_lm": ("megatron-core==0.16.1",),
    "axolotl": ("axolotl==0.19.0", "transformers==5.20.0"),
    "llama_factory": ("llamafactory==0.9.5", *FOUR),
}
SERVERS = ("transformers", "vllm", "sglang")
TORCH = "torch==2.13.0"
# What the imports of the stacks request; what needs a GPU has a stand-in.
SMALL = """
    addict aiohttp anthropic blake3 cachetools cbor2 cloudpickle compressed-tensors dill einops
    fastapi gguf huggingface_hub ijson IPython jinja2 jsonschema lark mcp mistral_common mlx[cpu]
    model-hosting-container-standards msgspec ninja numpy openai opencv-python-headless orjson
    oss-harmony partial-json-parser pillow prometheus_client protobuf psutil py-cpuinfo pybase64
    pydantic python-json-logger python-multipart pyyaml pyzmq regex requests safetensors scipy
    sentencepiece setproctitle tiktoken tokenizers tomli tqdm tyro uvloop watchfiles xxhash
    zstandard
""".split()


def path_of(stack: str, folder: Path) -> list[str]:
    """The folders that a stack's process has on its path."""
    return [str(folder / wheel.replace("==", "-")) for wheel in STACKS[stack]]


def python_of(folder: Path) -> str:
    """The Python of the environment."""
    return str(folder / "env" / "bin" / "python")


def make(folder: Path, stacks: Iterable[str] = STACKS) -> None:
    """Make what is not there yet."""
    if not Path(python_of(folder)).exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder / "env")], check=True)
        _pip(folder, "install", "--extra-index-url", "https://download.pytorch.org/whl/cpu", TORCH)
        _pip(folder, "install", *SMALL)
    for wheel in dict.fromkeys(wheel for stack in stacks for wheel in STACKS[stack]):
        target = folder / wheel.replace("==", "-")
        if target.exists():
            continue
        downloads = folder / "wheels"
        _pip(folder, "download", "--no-deps", "--dest", str(downloads), wheel)
        name, version = wheel.split("==")
        (found,) = downloads.glob(f"{name.replace('-', '_')}-{version}-*.whl")
        with zipfile.ZipFile(found) as archive:
            archive.extractall(target)


def _pip(folder: Path, *words: str) -> None:
    subprocess.run([python_of(folder), "-m", "pip", "-q", *words], check=True)


if __name__ == "__main__":
    make(Path(sys.argv[1]).absolute(), sys.argv[2:] or STACKS)
