"""Weights of the rotated pairs from the query and key projections of a checkpoint.

For inputs x whose components are uncorrelated and of variance 1, row j of a projection W gives a
component of variance |W_j|^2. Pair i turns two of them, so that queries and keys have the energies

    Q_i = |Wq_j|^2 + |Wq_k|^2,    K_i = |Wk_j|^2 + |Wk_k|^2,     (j, k) the dimensions of pair i

[Men2024] appendix A compares a key k* = q + noise with one that has nothing to do with the query:
E[q' R k*] - E[q' R k] = sum_i Q_i cos(m theta_i). Its key is as large as its query; where the two
projections differ, the value for Q_i is the largest that the pair can then bring,

    |E[q_i conj(k_i)]| <= sqrt(Q_i K_i) = w_i                               (Cauchy-Schwarz)

which is Q_i again where Wq = Wk. Means, and so biases, cancel in the difference.

A normalisation of each head's queries and keys after the projection (q_norm, k_norm) multiplies
component j by its own factor, and all of a head's by one that they share, which is left out.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ropecalc.errors import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.isolated import isolated
from ropecalc.models.raw import text_keys
from ropecalc.models.safetensors_file import Checkpoint
from ropecalc.results import CheckpointWeights
from ropecalc.spectrum import check_dims, shown

if TYPE_CHECKING:
    from ropecalc.results import Rope

Array = NDArray[np.float64]
PROJECTION = re.compile(
    r"(?:^|\.)layers\.(?P<layer>\d{1,5})\.(?:self_attn|attention|attn)\.(?P<part>q_proj|k_proj|wq|wk)"
    r"\.weight"
)
ELSEWHERE = ("vision", "visual", "audio", "encoder", "mtp")  # towers with heads of their own
LAYOUTS = ("half", "interleaved")
PARTS = ("both", "queries", "keys")
# transformers 5.23: their apply_rotary_pos_emb takes x[..., 0::2] and x[..., 1::2]
INTERLEAVED = frozenset("codegen cohere cohere2 ernie4_5 ernie4_5_moe glm glm4 gptj helium".split())
ONE_PLUS = ("gemma3", "gemma3_text")  # transformers 5.23: their RMSNorm multiplies by 1 + weight


@isolated
def checkpoint_weights(
    source: str | os.PathLike[str],
    layer: int,
    *,
    head: int | None = None,
    head_dim: int | None = None,
    rotary_dim: int | None = None,
    layout: str | None = None,
    of: str = "both",
) -> CheckpointWeights:
    """The energy of each rotated pair in one layer of a checkpoint, as weights for the similarity.

        w_i = sqrt(Q_i K_i)    (``of`` both),    Q_i (queries),    K_i (keys)

    over the mean of the same over the head's unrotated pairs, or over all where there are none. A
    key head belongs to each query head that uses it. Only the tensors needed are read, one head
    at a time.

    Parameters
    ----------
    source : a .safetensors file, a model.safetensors.index.json, or a folder with one of them
    layer : int, from 0
    head : query head, from 0; the mean of all heads unless given
    head_dim, rotary_dim : as in Spectrum; from the config.json beside the file unless given, and
        the whole head where there is none
    layout : "half", pair i is the dimensions i and i + rotary_dim / 2 (transformers' LLaMA);
        "interleaved", 2i and 2i + 1 (Meta's own files, GPT-J, Cohere, GLM); by the model's type
        and its tensors' names unless given
    of : "both", "queries" or "keys"

    Raises
    ------
    ConfigError
        The file cannot be read, has no such layer or head, or safetensors is not installed.
    UnsupportedError
        Its tensors are quantized.
    InvalidValueError
        A parameter outside its domain.

    References
    ----------
    [Men2024] appendix A, with an estimate of our own for keys unlike queries: see the module.
    """
    _check_choices(layout, of)
    checkpoint = Checkpoint(source)
    names = _projections(checkpoint, layer)
    model = _Model.beside(checkpoint.folder, head_dim, rotary_dim)
    queries = _Projection.of(checkpoint, names[0], model)
    keys = _Projection.of(checkpoint, names[1], model)
    if queries.heads % keys.heads or queries.heads != (model.heads or queries.heads):
        fact = f"{names[0]} has {queries.heads} heads, {names[1]} {keys.heads}"
        raise UnsupportedError(f"{checkpoint.name}: {fact}; check --dim")
    heads = range(queries.heads) if head is None else [_checked(head, "head", queries.heads)]
    layout = layout or _layout(names[0], model.model_type)
    share = queries.heads // keys.heads
    energies = [
        _energies(queries.row_energies(h), keys.row_energies(h // share), model, layout, of)
        for h in heads
    ]
    return CheckpointWeights(
        source=checkpoint.name,
        layer=layer,
        head=head,
        heads=queries.heads,
        key_heads=keys.heads,
        head_dim=model.head_dim,
        rotary_dim=model.rotary_dim,
        layout=layout,
        of=of,
        weights=_normalised(np.mean(energies, axis=0), model.rotary_dim // 2, checkpoint.name),
        tensors=tuple(name for p in (queries, keys) for name in (p.tensor, p.norm) if name),
    )


def _check_choices(layout: str | None, of: str) -> None:
    if layout is not None and layout not in LAYOUTS:
        raise InvalidValueError("layout", f"layout must be half or interleaved, got {layout!r}")
    if of not in PARTS:
        raise InvalidValueError("of", f"of must be both, queries or keys, got {of!r}")


def _checked(value: int, parameter: str, count: int) -> int:
    if not 0 <= value < count:
        raise InvalidValueError(
            parameter, f"{parameter} must be from 0 to {count - 1}, got {shown(value)}"
        )
    return value


def _projections(checkpoint: Checkpoint, layer: int) -> tuple[str, str]:
    """The names of a layer's query and key projections."""
    found: dict[int, dict[str, str]] = {}
    for name in sorted(checkpoint.files):
        match = PROJECTION.search(name)
        ours = match and match.end() == len(name) and not any(x in name for x in ELSEWHERE)
        if match and ours:
            kind = {"q": "queries", "k": "keys"}[match["part"].removeprefix("w")[0]]
            found.setdefault(int(match["layer"]), {}).setdefault(kind, name)
    whole = {at: pair for at, pair in found.items() if len(pair) == 2}
    if not whole:
        raise UnsupportedError(
            f"{checkpoint.name}: no layer has q_proj.weight and k_proj.weight, or wq and wk; "
            "fused projections and latent attention are not read"
        )
    if layer not in whole:
        raise InvalidValueError(
            "layer",
            f"layer must be one of the model's, {min(whole)} to {max(whole)}, got {shown(layer)}",
        )
    return whole[layer]["queries"], whole[layer]["keys"]


def _layout(tensor: str, model_type: str | None) -> str:
    """How the rows of a projection are paired: Meta's files keep the two of a pair together."""
    return "interleaved" if ".wq." in tensor or model_type in INTERLEAVED else "half"


@dataclass(frozen=True)
class _Model:
    """What the config says of the heads."""

    head_dim: int
    rotary_dim: int
    heads: int | None
    model_type: str | None

    @classmethod
    def beside(cls, folder: str, head_dim: int | None, rotary_dim: int | None) -> _Model:
        """From the config.json in a folder; what was given goes before it."""
        rope, model_type, heads = _config(folder)
        if head_dim is None:
            if rope is None:
                raise InvalidValueError(
                    "head_dim", "head_dim must be given where there is no config.json beside it"
                )
            head_dim = rope.head_dim
            rotary_dim = rope.rotary_dim if rotary_dim is None else rotary_dim
        rotary_dim = head_dim if rotary_dim is None else rotary_dim
        check_dims(head_dim, rotary_dim)
        return cls(int(head_dim), int(rotary_dim), heads, model_type)

    @property
    def norm_offset(self) -> float:
        """What is added to the stored factors of q_norm and k_norm."""
        return 1.0 if self.model_type in ONE_PLUS else 0.0


def _config(folder: str) -> tuple[Rope | None, str | None, int | None]:
    """(rope, model_type, query heads) of the config.json in a folder, where it has one."""
    from ropecalc.models.reading import read_config

    path = os.path.join(folder, "config.json")  # noqa: PTH118
    if not os.path.lexists(path):
        return None, None, None
    model = read_config(path)
    if len({(rope.head_dim, rope.rotary_dim) for rope in model.ropes}) > 1:
        raise InvalidValueError(
            "head_dim", "head_dim must be given: the model's layers have heads of several kinds"
        )
    heads = text_keys(model.document).get("num_attention_heads")
    return model.rope, model.model_type, heads if isinstance(heads, int) else None


@dataclass(frozen=True)
class _Projection:
    """A query or key projection, and the normalisation after it."""

    checkpoint: Checkpoint
    tensor: str
    norm: str | None
    heads: int
    head_dim: int
    norm_offset: float

    @classmethod
    def of(cls, checkpoint: Checkpoint, tensor: str, model: _Model) -> _Projection:
        """That of a tensor; raises ConfigError unless its rows are whole heads."""
        shape = checkpoint.shape(tensor)
        if len(shape) != 2 or shape[0] == 0 or shape[0] % model.head_dim:
            fact = f"{tensor} is {list(shape)}, which is no multiple of head_dim {model.head_dim}"
            raise ConfigError(f"{checkpoint.name}: {fact}; check --dim")
        stem = tensor.removesuffix("_proj.weight")
        norm = f"{stem}_norm.weight"
        known = norm if stem != tensor and norm in checkpoint.files else None
        heads = shape[0] // model.head_dim
        return cls(checkpoint, tensor, known, heads, model.head_dim, model.norm_offset)

    def row_energies(self, head: int) -> Array:
        """The variance of each component of one head, shape (head_dim,)."""
        start, stop = head * self.head_dim, (head + 1) * self.head_dim
        rows = self.checkpoint.rows(self.tensor, start, stop)
        energies: Array = (rows * rows).sum(axis=1)
        return energies * self._gains(start, stop)

    def _gains(self, start: int, stop: int) -> Array:
        """The squared factors of the normalisation: one list for every head, or one for all."""
        if self.norm is None:
            return np.ones(self.head_dim)
        shape = self.checkpoint.shape(self.norm)
        if shape not in ((self.head_dim,), (self.heads * self.head_dim,)):
            fact = f"{self.norm} is {list(shape)}, and a head has {self.head_dim} dimensions"
            raise UnsupportedError(f"{self.checkpoint.name}: {fact}; check --dim")
        each = shape == (self.head_dim,)
        gains = self.checkpoint.rows(self.norm, *((0, self.head_dim) if each else (start, stop)))
        squares: Array = (gains + self.norm_offset) ** 2
        return squares


def _energies(queries: Array, keys: Array, model: _Model, layout: str, of: str) -> Array:
    """w_i of each pair of one head, the rotated ones first, then the unrotated."""
    q, k = (_pairs(energies, model.rotary_dim, layout) for energies in (queries, keys))
    found: Array = {"both": np.sqrt(q * k), "queries": q, "keys": k}[of]
    return found


def _pairs(energies: Array, rotary_dim: int, layout: str) -> Array:
    """The sums over the two dimensions of each pair; unrotated dimensions by neighbours."""
    rotated, rest = energies[:rotary_dim], energies[rotary_dim:].reshape(-1, 2)
    pairs = rotated.reshape(2, -1).T if layout == "half" else rotated.reshape(-1, 2)
    return np.append(pairs.sum(axis=1), rest.sum(axis=1))


def _normalised(energies: Array, n_pairs: int, name: str) -> tuple[float, ...]:
    """In units of the mean of the unrotated pairs; of the rotated ones where there are none."""
    rotated, rest = energies[:n_pairs], energies[n_pairs:]
    unit = float(rest.mean()) if rest.size and rest.any() else float(rotated.mean())
    if not rotated.any() or not unit > 0:
        raise ConfigError(f"{name}: the projections of this layer are zero; pick another layer")
    return tuple((rotated / unit).tolist())
