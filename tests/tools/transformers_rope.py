"""What the real transformers computes from a config.json: frequencies, factors, complaints.

Makes the golden file that ``tests/models/test_transformers.py`` holds ropecalc against:

    python -m tests.tools.transformers_rope        (needs the extra "transformers")

Nothing here knows ropecalc, and no formula is written here: the numbers come out of the buffers of
the model's own rotary embedding, after a forward pass at the wanted length.
"""

from __future__ import annotations

import copy
import importlib
import json
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.tools.places import DATA

Document = Mapping[str, Any]

COMMAND = "python -m tests.tools.transformers_rope"
GOLDEN = DATA / "transformers-rope.json"
SEED = 20_240_529  # any: it only has to be the same next time
RANDOM_CASES = 180


@dataclass(frozen=True, slots=True)
class Layer:
    """What one kind of layer multiplies its positions by, rad/token, and its cos and sin."""

    inv_freq: list[float]
    attention_factor: float


@dataclass(frozen=True, slots=True)
class Computed:
    """All that transformers says to one config at one length."""

    layers: dict[str, Layer]
    """By layer type; ``"all"`` where the model has only one kind."""
    softmax_factor: float | None
    """The attention's own scale over qk_head_dim^(-1/2), for multi-head latent attention."""
    warnings: list[str]


def compute(document: Document, length: int | None = None, *, double: bool = False) -> Computed:
    """What transformers uses for a sequence of ``length`` tokens, or before any where it is None.

    With ``double`` the same code runs with float64 in the place of float32: transformers' formulas
    without its rounding. Raises whatever transformers raises on such a config.
    """
    with ExitStack() as stack:
        heard = stack.enter_context(_listening())
        if double:
            stack.enter_context(_double_precision())
        config = _text_config(document)
        module = _modeling_module(config)
        rotary = _rotary_embedding(module, config)
        layers = {name: _layer(rotary, name, length) for name in _layer_types(rotary)}
        return Computed(layers, _softmax_factor(module, config), list(heard))


def complaints(document: Document) -> list[str]:
    """The warnings of transformers on this config, and the error if it refuses it."""
    with _listening() as heard:
        try:
            config = _text_config(document)
            module = _modeling_module(config)
            if _rotary_classes(module):  # GPT-J and CodeGen have none
                _rotary_embedding(module, config)
        except Exception as error:  # noqa: BLE001 - transformers raises all kinds
            heard.append(f"{type(error).__name__}: {error}")
        return list(heard)


@contextmanager
def _listening() -> Iterator[list[str]]:
    """A list that fills with what transformers says about ropes, each message once."""
    heard: list[str] = []
    handler = logging.Handler(logging.WARNING)

    def hear(message: str) -> None:
        plain = _sorted_sets(message.strip())
        if "rope" in plain.lower() and plain not in heard:
            heard.append(plain)

    handler.emit = lambda record: hear(record.getMessage())  # type: ignore[method-assign]
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: hear(str(message))
        from transformers.utils import logging as own

        own.get_logger()  # lets transformers set its handlers up, which then give way to ours
        own.warning_once.cache_clear()  # or a second case would pass in silence
        root = logging.getLogger("transformers")
        level = root.level
        root.setLevel(logging.WARNING)  # others may have silenced it
        try:
            with mock.patch.object(root, "handlers", [handler]):
                yield heard
        finally:
            root.setLevel(level)


def _sorted_sets(message: str) -> str:
    """A message with the members of any printed set in order: a set's own order is random."""

    def order(match: re.Match[str]) -> str:
        return "{" + ", ".join(sorted(match[1].split(", "))) + "}"

    return re.sub(r"\{('[^{}:]*')\}", order, message)


@contextmanager
def _double_precision() -> Iterator[None]:
    """float64 wherever transformers asks torch for float32."""
    import torch

    ambient = torch.get_default_dtype()
    patches = {"float": torch.float64, "float32": torch.float64}
    torch.set_default_dtype(torch.float64)
    try:
        with (
            mock.patch.multiple(torch, **patches),
            mock.patch.object(torch.Tensor, "float", torch.Tensor.double),
        ):
            yield
    finally:
        torch.set_default_dtype(ambient)


def _text_config(document: Document) -> Any:
    from transformers import CONFIG_MAPPING

    own = copy.deepcopy(dict(document))  # transformers writes into what it reads
    return CONFIG_MAPPING[own["model_type"]].from_dict(own).get_text_config()


def _modeling_module(config: Any) -> Any:
    name = type(config).__module__.replace(".configuration_", ".modeling_")
    return importlib.import_module(name)


def _rotary_classes(module: Any) -> list[str]:
    """The names of the rotary embeddings for text that a modeling module has."""
    names = [name for name in vars(module) if name.endswith("RotaryEmbedding")]
    names = [name for name in names if not re.search("Vision|Audio", name)]
    return [name for name in names if "Text" in name] or names


def _rotary_embedding(module: Any, config: Any) -> Any:
    """The rotary embedding of the model's text layers, as the model builds it."""
    (name,) = _rotary_classes(module)
    return vars(module)[name](config=config)


def _layer_types(rotary: Any) -> list[str]:
    """The layer types of an embedding that has buffers for each, else ``["all"]``."""
    names = [name for name, _ in rotary.named_buffers()]
    ending = "_original_inv_freq"
    return sorted(name.removesuffix(ending) for name in names if name.endswith(ending)) or ["all"]


def _layer(rotary: Any, name: str, length: int | None) -> Layer:
    """The buffers of one layer type after a forward pass over ``length`` positions."""
    import torch

    prefix = "" if name == "all" else f"{name}_"
    if length is not None:
        layer = {} if name == "all" else {"layer_type": name}
        rotary(torch.zeros(1), torch.tensor([[length - 1]]), **layer)
    inv_freq = getattr(rotary, f"{prefix}inv_freq")
    return Layer(inv_freq.tolist(), float(getattr(rotary, f"{prefix}attention_scaling")))


def _softmax_factor(module: Any, config: Any) -> float | None:
    import torch

    if not hasattr(module, "yarn_apply_mscale"):
        return None
    (name,) = [name for name in vars(module) if re.fullmatch("[A-Z].*(?<!Flash)Attention", name)]
    with torch.device("meta"):  # the weights are never needed
        attention = vars(module)[name](config, layer_idx=0)
    return float(attention.scaling / attention.qk_head_dim**-0.5)


def class_defaults() -> Iterator[tuple[str, Document]]:
    """(model type, config.json) of every model that can be asked, as transformers 5 saves it."""
    from transformers import CONFIG_MAPPING

    for model_type in sorted(CONFIG_MAPPING.keys()):
        with _listening():
            try:
                document = CONFIG_MAPPING[model_type]().to_dict()
                compute(document)
            except Exception:  # noqa: BLE001 - no text model, or none without more arguments
                continue
        yield model_type, json.loads(json.dumps(document, default=str))


def golden_case(name: str, document: Document, length: int | None) -> dict[str, Any]:
    """One case as the golden file has it.

    ``inv_freq`` has the nine digits that tell any two float32 apart, ``double`` the same from
    float64 arithmetic, to 12 digits.
    """
    single, double = compute(document, length), compute(document, length, double=True)
    layers = {
        layer_type: {
            "inv_freq": _rounded(layer.inv_freq, 9),
            "double": _rounded(double.layers[layer_type].inv_freq, 12),
            "attention_factor": layer.attention_factor,
        }
        for layer_type, layer in single.layers.items()
    }
    case: dict[str, Any] = {"name": name, "config": document, "length": length, "layers": layers}
    if single.softmax_factor is not None:
        case["softmax_factor"] = single.softmax_factor
    if single.warnings:
        case["warnings"] = single.warnings
    return case


def _rounded(values: list[float], digits: int) -> list[float]:
    return [float(f"{value:.{digits}g}") for value in values]


def versions() -> dict[str, str]:
    import torch
    import transformers

    return {"transformers": transformers.__version__, "torch": torch.__version__}


def write(path: Path = GOLDEN) -> None:
    """Compute all cases and write them, one to a line."""
    from tests.tools.rope_cases import random_cases
    from tests.tools.rope_models import model_cases

    cases = [*model_cases(), *random_cases(SEED, RANDOM_CASES)]
    head = {**versions(), "command": COMMAND}
    lines = [
        json.dumps(golden_case(*case), separators=(",", ":"), allow_nan=False) for case in cases
    ]
    body = ",\n".join(lines)
    path.write_text(f'{json.dumps(head)[:-1]}, "cases": [\n{body}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    write()
