"""What a real model of transformers does with a config.json: run, not read.

A model is built from the file itself, in float64, and run on three equal tokens at the positions
0, 1 and L - 1. Every layer is handed the same hidden state at each of them, so that the queries
that reach the attention differ by their rotation alone: which pairs turn, by what angle, and which
layers do not turn at all can be read from them. Nothing here knows ropecalc, and no formula of a
rotary embedding is written here.

Needs the extra "transformers". Files should request small models: see ``tests.tools.class_files``.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import importlib
import math
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

Document = Mapping[str, Any]
Answer = dict[str, Any]

WITHOUT_ATTENTION = ("linear_attention", "conv", "mamba", "moe", "mlp", "recurrent")
TURNED = 1e-12  # relative difference of two queries: float64 rounding is far below
ANGLE = 1e-9
POSITIONS = {"position_ids", "kwargs"}
BESIDE = ("encoder_hidden_states",)  # what some decoders get beside their tokens
TOKENS, FILLED = 3, 19
ATTENDS = re.compile(r"Attention|SelfAttn|Attn$")
LAYER = re.compile(r"Attention|Layer|Block|Attn")


def answer(document: Document, length: int, known: dict[str, Answer] | None = None) -> Answer:
    """What the model of a file does at ``length`` tokens.

    ``groups``: layers that agree, each with ``kinds``, ``layers``, ``theta``, ``af`` (the factor on
    cos and sin), ``head_dim``, ``rotary_dim``, ``window`` and ``scaling``; ``unrotated``: layers
    that attend and do not turn; ``context``; ``layout``: [layer, group] for each that attends, -1
    for none. Or ``refused``: the stage and the error. ``known`` keeps answers: two files that load
    as the same config are run once.
    """
    known = {} if known is None else known
    stage = "load"
    try:
        with _quiet(), _double():
            config = _config(document)
            key = f"{length} {_fingerprint(config)}"
            if key in known:
                return known[key]
            stage, seen = "build", _attributes(config)
            model = _model(config)
            stage = "forward"
            try:
                found = _answer(config, _calls(model, config, length), length)
            except UnpairedError:  # a convolution over tokens: fill what it reaches before them
                calls = _calls(model, config, length, FILLED)
                found = _answer(config, calls, length)
            known[key] = {**found, "config": seen}
            return known[key]
    except Exception as error:  # noqa: BLE001 - transformers raises all kinds
        text = re.sub(r"\s+", " ", str(error))[:160]
        refused: Answer = {"refused": f"{stage}: {type(error).__name__}: {text}"}
        if stage != "load":
            refused["config"] = seen
            known[key] = refused
        return refused


ATTRIBUTES = (
    *("rope_parameters", "layer_types", "head_dim", "sliding_window", "max_position_embeddings"),
    *("num_hidden_layers", "no_rope_layers", "layers_block_type", "_rope_type_labels"),
)


def _attributes(config: Any) -> Answer:
    """What a loaded config holds of its rope and layers."""
    found = {}
    for name in ATTRIBUTES:
        with contextlib.suppress(Exception):  # absent, or kept by layer alone
            found[name] = copy.deepcopy(getattr(config, name))
    return found


def _fingerprint(config: Any) -> str:
    """A config as text, without the attributes that no code of its class has a word for."""
    module = type(config).__module__
    source = _source(module) + _source(module.replace("configuration_", "modeling_"))
    kept = {key: value for key, value in vars(config).items() if key in source or key[0] == "_"}
    return f"{module} {sorted(kept.items(), key=lambda item: item[0])}"


@functools.cache
def _source(module: str) -> str:
    """The code of a module, with that of the functions that all share."""
    import inspect

    from transformers import modeling_rope_utils

    with contextlib.suppress(ImportError, OSError):
        return inspect.getsource(importlib.import_module(module)) + inspect.getsource(
            modeling_rope_utils
        )
    return ""


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    from transformers.utils import logging as own

    own.set_verbosity(own.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextlib.contextmanager
def _double() -> Iterator[None]:
    """float64 wherever transformers asks torch for float32."""
    import torch

    ambient = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        with (
            mock.patch.multiple(torch, float=torch.float64, float32=torch.float64),
            mock.patch.object(torch.Tensor, "float", torch.Tensor.double),
        ):
            yield
    finally:
        torch.set_default_dtype(ambient)


def words_of(model_type: str) -> str:
    """The code of a class, its config's and its model's."""
    from transformers import CONFIG_MAPPING

    module = CONFIG_MAPPING[model_type].__module__
    return _source(module) + _source(module.replace("configuration_", "modeling_"))


def loaded(document: Document) -> Any:
    """The config of the text part, as transformers loads it. Raises what transformers raises."""
    with _quiet():
        return _config(document)


def _config(document: Document) -> Any:
    from transformers import CONFIG_MAPPING

    own = copy.deepcopy(dict(document))  # transformers writes into what it reads
    return text_part(CONFIG_MAPPING[own["model_type"]].from_dict(own))


def text_part(config: Any) -> Any:
    """The config of the language model in a composite; of an encoder and a decoder the latter."""
    try:
        return config.get_text_config()
    except ValueError:  # more than one
        return config.get_text_config(decoder=True)


def _model(config: Any) -> Any:
    import torch
    from transformers import PreTrainedModel

    torch.set_num_threads(1)  # tiny products: threads only cost
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"

    def keep(tensor: Any, *_: Any, **__: Any) -> Any:
        return tensor  # all weights are set below

    with (
        mock.patch.multiple(torch.Tensor, normal_=keep, uniform_=keep),
        mock.patch.object(PreTrainedModel, "init_weights", keep),
    ):
        model = _class_of(config)(config).eval().to(torch.float64)
    for module in model.modules():
        if hasattr(getattr(module, "config", None), "_attn_implementation_internal"):
            module.config._attn_implementation_internal = "probe"
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() >= 2 or not name.endswith("weight"):
                weight.copy_(_noise(weight.numel()).view_as(weight))
    return model


def _noise(count: int) -> Any:
    """As many random numbers, the same ones each time."""
    import torch

    whole = _all_noise()
    return whole.repeat(-(-count // len(whole)))[:count].to(torch.float64)


@functools.cache
def _all_noise() -> Any:
    import torch

    return torch.randn(1_000_003, generator=torch.Generator().manual_seed(0)) * 0.3


def _class_of(config: Any) -> Any:
    """The class of the bare model for a config."""
    from transformers import MODEL_MAPPING, PreTrainedModel

    with contextlib.suppress(KeyError, ValueError):
        found = MODEL_MAPPING[type(config)]
        return found[0] if isinstance(found, tuple) else found
    module = importlib.import_module(type(config).__module__.replace("configuration_", "modeling_"))
    fits = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, PreTrainedModel)
        and getattr(value, "config_class", None) is type(config)
        and "PreTrained" not in value.__name__
    ]
    bare = [value for value in fits if value.__name__.endswith(("Model", "Decoder", "Encoder"))]
    return (bare or fits)[0]


class UnpairedError(ValueError):
    """Queries that differ by something else than a rotation of pairs."""


class _Calls(list[dict[str, Any]]):
    """What reached the attention, call by call; ``tokens``: how many there are, three or more."""

    tokens: int = TOKENS

    current: Any = None
    tables: Any = None


def _calls(model: Any, config: Any, length: int, tokens: int = TOKENS) -> _Calls:
    import torch
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS as MASKS
    from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS as FUNCTIONS

    calls = _Calls()
    calls.tokens = tokens

    def attention(module: Any, query: Any, _: Any, value: Any, *__: Any, **kwargs: Any) -> Any:
        calls.append(_call(calls, module, query, kwargs))
        like = value if value.dim() == 4 else query
        shape = (query.shape[0], query.shape[2], query.shape[1], like.shape[-1])
        return torch.zeros(shape, dtype=query.dtype), None

    ids = torch.full((1, tokens), 2, dtype=torch.long)
    positions = torch.tensor([[0] * (tokens - TOKENS) + [0, 1, length - 1]])
    handles = _hooks(model, calls)
    eager = MASKS["eager"]
    with (
        mock.patch.dict(FUNCTIONS._global_mapping, {"probe": attention}),
        mock.patch.dict(MASKS._global_mapping, {"probe": eager}),
        _own_attention(calls),
        torch.no_grad(),
    ):
        _run(model, config, calls, ids, positions)
    for handle in handles:
        handle.remove()
    return calls


def _run(model: Any, config: Any, calls: _Calls, ids: Any, positions: Any) -> None:
    import inspect

    import torch

    takes = inspect.signature(model.forward).parameters
    given: dict[str, Any] = {"position_ids": positions} if takes.keys() & POSITIONS else {}
    if "use_cache" in takes:
        given["use_cache"] = False
    hidden = torch.ones(1, calls.tokens, getattr(config, "hidden_size", 1))
    given |= {key: hidden for key in BESIDE if key in takes}
    tokens = {key: ids for key in ("input_ids", "decoder_input_ids") if key in takes}
    if not tokens:
        model(**given, inputs_embeds=hidden)
        return
    try:
        model(**given, **tokens)
    except Exception:
        if "inputs_embeds" not in takes:
            raise
        calls.clear()  # tokens of several codebooks, or none at all
        width = getattr(config, "embedding_size", None) or config.hidden_size
        with contextlib.suppress(Exception):
            model(**given, inputs_embeds=torch.ones(1, calls.tokens, width))
            return
        calls.clear()
        raise


def _call(calls: _Calls, module: Any, query: Any, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    # keys that a layer compresses lie beyond the window of the others
    compresses = getattr(module, "compressor", None) is not None
    return {
        "module": module,
        "query": query.detach(),
        "window": None if compresses else kwargs.get("sliding_window"),
        "scaling": kwargs.get("scaling"),
        "tables": calls.tables,
    }


def _hooks(model: Any, calls: _Calls) -> list[Any]:
    """Every layer gets one hidden state at all positions; attentions are told apart."""
    import torch

    def same(value: Any) -> Any:
        fits = isinstance(value, torch.Tensor) and value.dim() == 3
        fits = fits and value.shape[1] == calls.tokens
        return (
            value[:, :1].expand_as(value).contiguous()
            if fits and value.is_floating_point()
            else value
        )

    def before(module: Any, args: Any, kwargs: Any) -> Any:
        if ATTENDS.search(type(module).__name__):
            calls.current = module
            calls.tables = kwargs.get("position_embeddings", calls.tables)
        kept = {key: same(kwargs[key]) for key in kwargs if key == "hidden_states"}
        return tuple(map(same, args)), {**kwargs, **kept}

    def tables(_: Any, __: Any, output: Any) -> None:
        calls.tables = output

    handles = []
    for module in model.modules():
        name = type(module).__name__
        if "RotaryEmbedding" in name:
            handles.append(module.register_forward_hook(tables))
        elif LAYER.search(name):
            handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
    return handles


@contextlib.contextmanager
def _own_attention(calls: _Calls) -> Iterator[None]:
    """Classes that multiply queries and keys themselves: their first product is examined."""
    import torch

    product, fused = torch.matmul, torch.nn.functional.scaled_dot_product_attention

    def matmul(left: Any, right: Any, **kwargs: Any) -> Any:
        scores = (
            left.dim() == 4
            and right.dim() == 4
            and left.shape[-2] == calls.tokens
            and right.shape[-1] == calls.tokens
            and left.shape[-1] == right.shape[-2]
            and left.shape[-1] != calls.tokens
        )
        if scores and calls.current is not None:
            calls.append(_call(calls, calls.current, left, {}))
        return product(left, right, **kwargs)

    def attention(query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(_call(calls, calls.current, query, {"scaling": kwargs.get("scale")}))
        return fused(query, key, value, *args, **kwargs)

    def batched(_: Any, left: Any, right: Any, **kwargs: Any) -> Any:
        square = left.shape[-2] == right.shape[-1] == calls.tokens
        if square and calls.current is not None:
            calls.append(_call(calls, calls.current, left[None], {}))
        return added(_, left, right, **kwargs)

    added = torch.baddbmm
    with (
        mock.patch.object(torch, "matmul", matmul),
        mock.patch.object(torch, "baddbmm", batched),
        mock.patch.object(torch.Tensor, "__matmul__", matmul),
        mock.patch.object(torch.nn.functional, "scaled_dot_product_attention", attention),
    ):
        yield


def _answer(config: Any, calls: _Calls, length: int) -> Answer:
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    unrotated, layout = 0, []
    kinds = getattr(config, "layer_types", None) or ()
    for call in _once_a_layer(calls):
        at = getattr(call["module"], "layer_idx", None)
        kind = kinds[at] if isinstance(at, int) and at < len(kinds) else ""
        if kind in WITHOUT_ATTENTION:
            continue
        turned = _turned(call["query"], length)
        if not turned:
            unrotated += 1
            layout.append([at, -1])
            continue
        group = {
            "theta": turned,
            "af": _amplitude(call["tables"]),
            "head_dim": call["query"].shape[-1],
            "rotary_dim": 2 * len(turned),
            "window": call["window"],
            "scaling": None if call["scaling"] is None else float(f"{call['scaling']:.9g}"),
        }
        found = groups.setdefault(
            tuple(map(str, group.values())), {"kinds": [], "layers": 0, **group}
        )
        found["layers"] += 1
        layout.append([at, list(groups.values()).index(found)])
        found["kinds"] += [kind] if kind not in found["kinds"] else []
    context = getattr(config, "max_position_embeddings", None)
    found = {"groups": list(groups.values()), "unrotated": unrotated, "context": context}
    return {**found, "layout": layout}


def _once_a_layer(calls: _Calls) -> list[dict[str, Any]]:
    """The first call of each attention: an indexer or a value product comes after it."""
    seen: dict[int, dict[str, Any]] = {}
    for call in calls:
        if call["query"].dim() != 4 or call["query"].shape[2] != calls.tokens:
            continue
        seen.setdefault(id(call["module"]), call)
    return list(seen.values())


def _turned(query: Any, length: int) -> list[float]:
    """The angle a token of every pair that turns, rad, fastest first as the head has them."""
    import torch

    start, one, last = query[0][:, -TOKENS:].unbind(1)  # (heads, head_dim) each
    # a factor on the whole query that goes by the position is no rotation
    one, last = (q * (start.norm(dim=-1) / q.norm(dim=-1))[:, None] for q in (one, last))
    size = start.abs().amax()
    moves = ((one - start).abs() + (last - start).abs()).amax(0) > TURNED * size
    dims = moves.nonzero().flatten().tolist()
    if not dims:
        return []
    first, second = _pairs(dims, start, one, last)
    z = [torch.complex(q[:, first], q[:, second]) for q in (start, one, last)]
    return [float(f"{value:.9g}") for value in _angles(z, length).tolist()]


def _pairs(dims: list[int], start: Any, one: Any, last: Any) -> tuple[list[int], list[int]]:
    """Which dimensions turn together: halves of what turns, of the head, or neighbours."""
    low, high = dims[0] - dims[0] % 2, dims[-1] + 1
    head = start.shape[-1]
    ways = []
    for first, size in ((low, high - low), (0, head), (low, head - low), (0, high)):
        half = (size + 1) // 2
        if first + 2 * half <= head:
            ways.append([(first + at, first + half + at) for at in range(half)])
    ways.append([(at, at + 1) for at in range(low, high - 1, 2)])
    turning = set(dims)
    for way in ways:
        kept = [(a, b) for a, b in way if a in turning or b in turning]
        if len(kept) * 2 < len(dims):
            continue
        left, right = [a for a, _ in kept], [b for _, b in kept]
        before, *after = (q[:, left] ** 2 + q[:, right] ** 2 for q in (start, one, last))
        limit = ANGLE * before.amax(0)
        if all(bool(((before - length).abs() <= limit).all()) for length in after):
            return left, right
    raise UnpairedError("the queries are not turned in pairs")


def _angles(z: list[Any], length: int) -> Any:
    """The angles of one step, (pairs), to the precision that L - 1 steps give."""
    import torch

    heads = z[0].abs().argmax(0)[None]
    start, one, last = (q.gather(0, heads)[0] for q in z)
    signed = torch.angle(one / start)
    first, sign = signed.abs(), torch.where(signed < 0, -1.0, 1.0)
    many, steps = torch.angle(last / start) * sign, length - 1
    turns = torch.round((first * steps - many) / (2 * math.pi))
    precise = (many + 2 * math.pi * turns) / steps
    return torch.where((precise - first).abs() < 1e-7, precise, first)


def _amplitude(tables: Any) -> float:
    """The length of (cos, sin): 1, or what scaling multiplies both by."""
    import torch

    if isinstance(tables, dict):
        tables = next(iter(tables.values()))
    if isinstance(tables, tuple | list) and len(tables) == 2:
        cos = tables[0]
        return float(f"{float(cos.reshape(-1, cos.shape[-1])[0, 0]):.9g}")
    if isinstance(tables, torch.Tensor) and tables.is_complex():
        return float(f"{float(tables.reshape(-1)[0].abs()):.9g}")
    return 1.0
