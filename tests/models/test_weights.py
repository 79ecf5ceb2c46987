"""Weights from files and from checkpoints: formats, refusals, known energies."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import pytest

import ropecalc
from ropecalc import ConfigError, InvalidValueError, UnsupportedError
from ropecalc.models import safetensors_file
from ropecalc.weights import read_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import RunBatch, RunCli

Tensors = dict[str, Any]

# --- the file of --weights -----------------------------------------------------------------------

GOOD = {
    "list.json": b"[1, 0.5, 2e0, 0]",
    "with-mark.json": b"\xef\xbb\xbf[1, 0.5, 2.0, 0]\n",
    "lines.txt": b"1\n0.5\n2\n0\n",
    "windows.csv": b"1,\r\n0.5,\r\n2,0",
    "row.csv": b"1,0.5, 2, 0\n",
    "blanks": b"  1 0.5\t2 0  ",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_file_of_numbers(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(GOOD[name])
    assert read_weights(tmp_path / name) == (1.0, 0.5, 2.0, 0.0)


@pytest.mark.parametrize("kind", ["f8", ">f8", "f4", "f2", "i4", "u1"])
def test_a_npy_file(kind: str, tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.array([1, 4, 2, 0], dtype=kind))
    assert read_weights(tmp_path / "w.npy") == (1.0, 4.0, 2.0, 0.0)


def npy(values: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, np.asarray(values), **how)
    return file.getvalue()


def huge_npy() -> bytes:
    """A header of a trillion numbers, and none of them."""
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": (10**12,)}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


BAD = {
    "empty": (b"", "is empty; pass a list"),
    "none": (b"[]", "holds 0 numbers"),
    "nan": (b"1 nan", "number 2 is nan; weights must be finite and not negative"),
    "json-nan": (b"[1, NaN]", "number 2 is nan"),
    "infinite": (b"[1e999]", "number 1 is inf"),
    "long": (b"[" + b"9" * 400 + b"]", "number 1 is 9"),
    "longer": (b"[" + b"9" * 5_000 + b"]", "holds what is no list of numbers"),
    "negative": (b"1,-0.5", "number 2 is -0.5; weights must be finite and not negative"),
    "word": (b"weight\n1\n", "holds 'weight', which is no number"),
    "truth": (b"[true]", "number 1 is True"),
    "nested": (b"[[1, 2]]", "number 1 is a list of 2"),
    "text in it": (b'["1"]', "number 1 is '1'"),
    "object": (b'{"weights": [1]}', "holds JSON, but not a list"),
    "not json": (b"[1, 2", "is not valid JSON at line 1, column 6"),
    "brackets": (b"[" * 100_000, "holds what is no list of numbers"),
    "binary": (b"\xff\xfe\x00", "is not text in UTF-8"),
    "many": (b"1 " * 32_769, "holds 32,769 numbers"),
    "too large": (b"1 " * 2_200_000, "larger than 4 MiB"),
    "table": (npy(np.ones((2, 2))), r"of shape \(2, 2\)"),
    "objects": (npy(np.array([{}]), allow_pickle=True), "type object"),
    "words": (npy(np.array(["a"])), "type <U1"),
    "complex": (npy(np.ones(2, complex)), "type complex128"),
    "cut": (npy(np.ones(4))[:-1], "cut short"),
    "promise": (huge_npy(), r"of shape \(1000000000000,\)"),
    "header": (b"\x93NUMPY\x01\x00v\x00{'a': __import__('os')}", "header cannot be read"),
    "version": (b"\x93NUMPY\x09\x00", "header cannot be read"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_file_of_weights(name: str, tmp_path: Path) -> None:
    data, fact = BAD[name]
    (tmp_path / "w").write_bytes(data)
    with pytest.raises(InvalidValueError, match=fact) as caught:
        read_weights(tmp_path / "w")
    assert caught.value.parameter == "weights"
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250 + len(str(tmp_path))


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="no such file"):
        read_weights(tmp_path / "nothing")
    with pytest.raises(InvalidValueError, match="is a directory"):
        read_weights(tmp_path)


# --- checkpoints ---------------------------------------------------------------------------------

HEADS, KEY_HEADS, HEAD_DIM, HIDDEN = 4, 2, 8, 16
RNG = np.random.default_rng(11)


def projections(layer: int = 0, rows: int = HEAD_DIM, **names: str) -> Tensors:
    q, k = names.get("q", "self_attn.q_proj"), names.get("k", "self_attn.k_proj")
    prefix = names.get("prefix", "model.layers")
    return {
        f"{prefix}.{layer}.{q}.weight": RNG.normal(size=(HEADS * rows, HIDDEN)),
        f"{prefix}.{layer}.{k}.weight": RNG.normal(size=(KEY_HEADS * rows, HIDDEN)),
    }


def save(folder: Path, tensors: Tensors, name: str = "model.safetensors") -> Path:
    from safetensors.numpy import save_file

    path = folder / name
    save_file(tensors, path)
    return path


def config(folder: Path, **keys: object) -> None:
    known = {
        "model_type": "llama",
        "hidden_size": HIDDEN,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_HEADS,
        "head_dim": HEAD_DIM,
        "rope_theta": 1e4,
        "max_position_embeddings": 4096,
    }
    (folder / "config.json").write_text(json.dumps({**known, **keys}), encoding="utf-8")


def expected(tensors: Tensors, head: int, pairs: list[tuple[int, int]]) -> NDArray[np.float64]:
    """sqrt(Q_i K_i) of one head, by its definition, row after row."""
    q, k = tensors.values()
    key_head = head // (HEADS // KEY_HEADS)
    found = []
    for pair in pairs:
        energy = [
            sum(float(part[at * HEAD_DIM + j] @ part[at * HEAD_DIM + j]) for j in pair)
            for part, at in ((q, head), (k, key_head))
        ]
        found.append((energy[0] * energy[1]) ** 0.5)
    return np.array(found)


HALF = [(0, 4), (1, 5), (2, 6), (3, 7)]
NEIGHBOURS = [(0, 1), (2, 3), (4, 5), (6, 7)]


@pytest.mark.parametrize("head", range(HEADS))
def test_energies_of_one_head_and_of_its_key_head(head: int, tmp_path: Path) -> None:
    tensors = projections()
    save(tmp_path, tensors)
    config(tmp_path)
    found = ropecalc.checkpoint_weights(tmp_path, 0, head=head)
    wanted = expected(tensors, head, HALF)
    assert found.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)
    assert (found.heads, found.key_heads, found.layout) == (HEADS, KEY_HEADS, "half")
    assert found.tensors == tuple(tensors)


def test_the_mean_of_all_heads(tmp_path: Path) -> None:
    tensors = projections()
    save(tmp_path, tensors)
    found = ropecalc.checkpoint_weights(tmp_path, 0, head_dim=HEAD_DIM)
    wanted = np.mean([expected(tensors, head, HALF) for head in range(HEADS)], axis=0)
    assert found.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)
    assert found.head is None


def test_metas_own_names_keep_the_two_of_a_pair_together(tmp_path: Path) -> None:
    tensors = projections(q="attention.wq", k="attention.wk", prefix="layers")
    path = save(tmp_path, tensors, "consolidated.safetensors")
    found = ropecalc.checkpoint_weights(path, 0, head=1, head_dim=HEAD_DIM)
    wanted = expected(tensors, 1, NEIGHBOURS)
    assert found.layout == "interleaved"
    assert found.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)
    other = ropecalc.checkpoint_weights(path, 0, head=1, head_dim=HEAD_DIM, layout="half")
    wanted = expected(tensors, 1, HALF)
    assert other.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)


def test_the_type_of_the_model_says_how_rows_are_paired(tmp_path: Path) -> None:
    save(tmp_path, projections())
    config(tmp_path, model_type="cohere")
    assert ropecalc.checkpoint_weights(tmp_path, 0).layout == "interleaved"


def test_queries_and_keys_alone(tmp_path: Path) -> None:
    """Rows of known length: dimension j of a query has variance j + 1, of a key 1."""
    q, k = projections()
    lengths = np.sqrt(np.tile(np.arange(1.0, HEAD_DIM + 1), HEADS))
    tensors = {
        q: lengths[:, None] * np.eye(HEADS * HEAD_DIM, HIDDEN)[:, :1] ** 0 / HIDDEN**0.5,
        k: np.full((KEY_HEADS * HEAD_DIM, HIDDEN), HIDDEN**-0.5),
    }
    save(tmp_path, tensors)
    asked: dict[str, Any] = {"head_dim": HEAD_DIM}
    sums = np.array([1 + 5, 2 + 6, 3 + 7, 4 + 8])
    queries = ropecalc.checkpoint_weights(tmp_path, 0, of="queries", **asked)
    keys = ropecalc.checkpoint_weights(tmp_path, 0, of="keys", **asked)
    both = ropecalc.checkpoint_weights(tmp_path, 0, **asked)
    assert queries.weights == pytest.approx(sums / sums.mean())
    assert keys.weights == pytest.approx([1, 1, 1, 1])
    assert both.weights == pytest.approx(np.sqrt(sums) / np.sqrt(sums).mean())


def test_weights_are_in_units_of_the_unrotated_pairs(tmp_path: Path) -> None:
    tensors = projections()
    save(tmp_path, tensors)
    found = ropecalc.checkpoint_weights(tmp_path, 0, head=0, head_dim=HEAD_DIM, rotary_dim=4)
    wanted = expected(tensors, 0, [(0, 2), (1, 3), (4, 5), (6, 7)])
    assert found.weights == pytest.approx(wanted[:2] / wanted[2:].mean(), rel=1e-12)


@pytest.mark.parametrize(("model_type", "offset"), [("qwen3", 0.0), ("gemma3_text", 1.0)])
def test_a_normalisation_of_each_head_scales_its_components(
    model_type: str, offset: float, tmp_path: Path
) -> None:
    tensors = projections()
    q, k = tensors
    gains = {"q": RNG.uniform(0.5, 2, HEAD_DIM), "k": RNG.uniform(0.5, 2, HEAD_DIM)}
    norms = {f"model.layers.0.self_attn.{x}_norm.weight": gains[x] for x in "qk"}
    save(tmp_path, {**tensors, **norms})
    config(tmp_path, model_type=model_type)
    scaled = {
        q: tensors[q] * np.tile(gains["q"] + offset, HEADS)[:, None],
        k: tensors[k] * np.tile(gains["k"] + offset, KEY_HEADS)[:, None],
    }
    wanted = expected(scaled, 2, HALF)
    found = ropecalc.checkpoint_weights(tmp_path, 0, head=2)
    assert found.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)
    assert set(found.tensors) == {*tensors, *norms}


def test_storage_in_bfloat16_and_in_shards(tmp_path: Path) -> None:
    import ml_dtypes

    tensors = {**projections(0), **projections(1)}
    rounded = {name: value.astype(ml_dtypes.bfloat16) for name, value in tensors.items()}
    parts = [dict(list(rounded.items())[:1]), dict(list(rounded.items())[1:])]
    shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    for part, shard in zip(parts, shards, strict=True):
        save(tmp_path, part, shard)
    index = {name: s for part, s in zip(parts, shards, strict=True) for name in part}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    config(tmp_path)
    for layer in (0, 1):
        exact = {n: v.astype(float) for n, v in list(rounded.items())[2 * layer : 2 * layer + 2]}
        wanted = expected(exact, 3, HALF)
        found = ropecalc.checkpoint_weights(tmp_path, layer, head=3)
        assert found.weights == pytest.approx(wanted / wanted.mean(), rel=1e-12)


def test_the_weights_go_into_the_library(tmp_path: Path) -> None:
    save(tmp_path, projections())
    weights = ropecalc.checkpoint_weights(tmp_path, 0, head_dim=HEAD_DIM).weights
    assert sum(weights) / len(weights) == pytest.approx(1)
    plain = ropecalc.min_base(HEAD_DIM, 60, safe=None)
    found = ropecalc.min_base(HEAD_DIM, 60, weights=weights, safe=None)
    assert found.weighted
    assert found.minimum_base != plain.minimum_base
    assert found.minimum_base is not None
    assert ropecalc.check(found.minimum_base, 60, head_dim=HEAD_DIM, weights=weights).holds


def test_towers_that_are_not_the_language_model_are_left_alone(tmp_path: Path) -> None:
    ours = projections(prefix="model.language_model.layers")
    save(tmp_path, {**projections(prefix="model.vision_tower.layers"), **ours})
    found = ropecalc.checkpoint_weights(tmp_path, 0, head_dim=HEAD_DIM)
    assert found.tensors == tuple(ours)


Q, K = "model.layers.0.self_attn.q_proj.weight", "model.layers.0.self_attn.k_proj.weight"
ASKED: dict[str, dict[str, Any]] = {
    "layer": {"layer": 7},
    "head": {"head": HEADS},
    "dim": {"head_dim": None},
    "rows": {"head_dim": 10},
    "layout": {"layout": "pairs"},
    "of": {"of": "values"},
}
STORED: dict[str, Tensors] = {
    "ratio": {K: np.ones((3 * HEAD_DIM, HIDDEN))},
    "fused": {Q: None, K: None, "model.layers.0.self_attn.qkv_proj.weight": np.ones((64, 16))},
    "integers": {Q: np.ones((HEADS * HEAD_DIM, HIDDEN), np.int8)},
    "nan": {Q: np.full((HEADS * HEAD_DIM, HIDDEN), np.nan)},
    "zero": {Q: np.zeros((HEADS * HEAD_DIM, HIDDEN))},
}
INDICES: dict[str, object] = {
    "outside": {Q: "../../etc/passwd", K: "x"},
    "shard": {Q: "x.safetensors", K: "x.safetensors"},
    "index": 3,
}
DAMAGED: dict[str, Callable[[bytes], bytes | None]] = {
    "cut": lambda data: data[:-1],
    "header": lambda _: (2**60).to_bytes(8, "little") + b"{}",
    "nothing": lambda _: None,
}


def broken(folder: Path, case: str) -> dict[str, Any]:
    """Write a checkpoint that is wrong in one way; what to ask of it."""
    tensors = {**projections(), **STORED.get(case, {})}
    path = save(folder, {name: value for name, value in tensors.items() if value is not None})
    if case in INDICES:
        index = json.dumps({"weight_map": INDICES[case]})
        (folder / "model.safetensors.index.json").write_text(index, encoding="utf-8")
    if case in DAMAGED:
        data = DAMAGED[case](path.read_bytes())
        path.unlink()
        if data is not None:
            path.write_bytes(data)
    return {"layer": 0, "head_dim": HEAD_DIM, **ASKED.get(case, {})}


WRONG: dict[str, tuple[type[Exception], str]] = {
    "layer": (InvalidValueError, "layer must be one of the model's, 0 to 0, got 7"),
    "head": (InvalidValueError, "head must be from 0 to 3, got 4"),
    "dim": (InvalidValueError, "head_dim must be given where there is no config.json"),
    "rows": (ConfigError, r"is \[32, 16\], which is no multiple of head_dim 10"),
    "ratio": (UnsupportedError, "has 4 heads, .* 3"),
    "fused": (UnsupportedError, "fused projections and latent attention are not read"),
    "integers": (UnsupportedError, "is stored as I8; pass a checkpoint of plain floats"),
    "nan": (ConfigError, "is not finite"),
    "zero": (ConfigError, "are zero"),
    "layout": (InvalidValueError, "layout must be half or interleaved, got 'pairs'"),
    "of": (InvalidValueError, "of must be both, queries or keys, got 'values'"),
    "outside": (ConfigError, "names ../../etc/passwd, which is no file beside it"),
    "shard": (ConfigError, "there is no x.safetensors"),
    "index": (ConfigError, "its index has no weight_map"),
    "cut": (ConfigError, "cannot be read"),
    "nothing": (ConfigError, "has no checkpoint to be read"),
    "header": (ConfigError, "cannot be read"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_with_a_checkpoint_is_one_line(case: str, tmp_path: Path) -> None:
    error, fact = WRONG[case]
    asked = broken(tmp_path, case)
    with pytest.raises(error, match=fact) as caught:
        ropecalc.checkpoint_weights(tmp_path, **asked)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["text_config", "llm_config"])
def test_the_heads_are_counted_where_the_language_model_has_its_keys(
    key: str, tmp_path: Path
) -> None:
    save(tmp_path, projections())
    config(tmp_path)
    path = tmp_path / "config.json"
    inner = {**json.loads(path.read_text()), "num_attention_heads": HEADS // 2}
    path.write_text(json.dumps({key: inner}))
    with pytest.raises(UnsupportedError, match=f"has {HEADS} heads"):
        ropecalc.checkpoint_weights(tmp_path, 0)


BROKEN_INDICES = {
    "list": (b"[]", "holds JSON, but not an object"),
    "bytes": (b"\xff", "is not text in UTF-8"),
    "deep": (b'{"a": ' * 100_000, "is nested too deeply"),
    "digits": (b'{"a": ' + b"1" * 5000 + b"}", "holds a number too long to read"),
    "large": (b" " * 1001, "larger than 0 MiB"),
}


@pytest.mark.parametrize("case", BROKEN_INDICES)
def test_a_broken_index_is_named_and_what_to_pass_instead(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, fact = BROKEN_INDICES[case]
    index = tmp_path / "model.safetensors.index.json"
    index.write_bytes(data)
    if case == "large":
        monkeypatch.setattr(safetensors_file, "MAX_INDEX", 1000)
    for source in (tmp_path, index):
        with pytest.raises(ConfigError) as caught:
            ropecalc.checkpoint_weights(source, 0, head_dim=HEAD_DIM)
        assert str(caught.value) == f"{index}: {fact}; pass {safetensors_file.WANTED}"


def test_what_is_no_checkpoint(tmp_path: Path) -> None:
    for name in ("nothing.safetensors", "a\0b"):
        with pytest.raises(ConfigError):
            ropecalc.checkpoint_weights(str(tmp_path / name), 0, head_dim=8)
    (tmp_path / "text.safetensors").write_text("hello")
    with pytest.raises(ConfigError, match="cannot be read"):
        ropecalc.checkpoint_weights(tmp_path / "text.safetensors", 0, head_dim=8)


def test_without_safetensors_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    path = save(tmp_path, projections())
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ConfigError, match=r"pip install 'ropecalc\[weights\]'"):
        ropecalc.checkpoint_weights(path, 0, head_dim=8)


# --- the commands --------------------------------------------------------------------------------

EIGHT = [1.0, 0.5, 2.0, 0.0]
LINES = [
    "min-base --dim 8 --ctx 100",
    "check --base 1e4 --dim 8 --ctx 100",
    "max-ctx --base 1e3 --dim 8",
    "curve --base 1e3 --dim 8 --ctx 64 --every 16",
    "windows --dim 8 --ctx 100",
    "freqs --base 1e3 --dim 8",
    "plan --base 1e3 --dim 8 --from 40 --to 100 --method minimum-base --method linear",
]


@pytest.fixture(scope="module")
def weights_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("weights") / "w.json"
    path.write_text(json.dumps(EIGHT), encoding="utf-8")
    return str(path)


def test_every_command_that_evaluates_takes_weights(run_batch: RunBatch, weights_file: str) -> None:
    asked = [[*line.split(), "--json", "--weights", weights_file] for line in LINES]
    found = [json.loads(done.stdout) for done in run_batch(asked)]
    assert all(answer["inputs"]["weights"] == EIGHT for answer in found)
    least, check, longest, curve, all_windows, freqs, plan = (
        answer["results"][0] for answer in found
    )
    direct = ropecalc.min_base(8, 100, weights=EIGHT, safe=None)
    assert least["minimum_base"] == direct.minimum_base
    assert check["worst_similarity"] == pytest.approx(
        ropecalc.check(1e4, 100, head_dim=8, weights=EIGHT).worst_similarity
    )
    assert (
        longest["max_context"] == ropecalc.max_context(1e3, head_dim=8, weights=EIGHT).max_context
    )
    assert curve["values"][1] == pytest.approx(similarity(curve["distances"][1]) / sum(EIGHT))
    assert all_windows["minimum_base"] == direct.minimum_base
    assert freqs["weights"] == EIGHT
    raised, linear = plan["candidates"]
    assert raised["base"] == direct.minimum_base
    sums = [similarity(m / 2.5) for m in range(100)]
    assert linear["worst_similarity"] == pytest.approx(min(sums))
    assert linear["similarity_at_target"] == pytest.approx(sums[-1] / sum(EIGHT))


def similarity(distance: float) -> float:
    thetas = 1e3 ** (-np.arange(4) / 4)
    return float(np.cos(distance * thetas) @ np.array(EIGHT))


ROUNDED = [
    (dtype, recipe)
    for dtype in ("float32", "bfloat16", "float16")
    for recipe in ("transformers", "llama.cpp", "naive")
]


def rounded_scores(context: int, dtype: str, recipe: str) -> NDArray[np.float32]:
    """S of base 1,000 and EIGHT, pair after pair, as the recipes say; functions are mpmath's."""
    import ml_dtypes

    one, storage = np.float32, {"bfloat16": ml_dtypes.bfloat16}.get(dtype, np.dtype(dtype))

    def kept(values: Any, of: Any = storage) -> Any:
        return np.asarray(values).astype(of).astype(one)

    total, positions = np.zeros(context, one), np.arange(context).astype(one)
    step, theta = kept(float(mpmath.mpf(1000) ** -0.25), one), positions
    for pair, weight in enumerate(EIGHT):
        inverse = one(1) / kept(float(mpmath.mpf(1000) ** (pair / 4)), one)
        phase = positions * inverse if recipe == "transformers" else theta
        if recipe == "naive":
            phase = kept(kept(positions) * kept(inverse))
        cosines = [float(mpmath.cos(angle)) for angle in phase.tolist()]
        total += kept(kept(cosines, one)) * one(weight)
        theta = theta * step
    return total


@pytest.mark.slow
def test_every_command_with_an_arithmetic_takes_weights_in_it(
    run_batch: RunBatch, weights_file: str
) -> None:
    pytest.importorskip("ml_dtypes")
    lines, head = [], "--base 1e3 --dim 8 --ctx 300"
    for dtype, recipe in ROUNDED:
        how = f"--dtype {dtype} --recipe {recipe} --weights {weights_file} --json"
        lines += [f"check {head} {how}", f"curve {head} --all --raw {how}"]
    for (dtype, recipe), check, curve in zip(
        ROUNDED, *[iter(run_batch([line.split() for line in lines]))] * 2, strict=True
    ):
        values = rounded_scores(300, dtype, recipe)
        record, points = (json.loads(done.stdout)["results"][0] for done in (check, curve))
        assert points["values"] == values.tolist(), (dtype, recipe)
        rounded = record["precision"]
        assert rounded["violations"] == (values < 0).sum()
        assert rounded["worst_similarity"] == values.min()
        assert rounded["exact_violations"] == record["violations"]
        assert check.returncode == (values < 0).any()


def test_a_base_in_an_arithmetic_meets_the_weighted_bound(
    run_batch: RunBatch, weights_file: str
) -> None:
    how = f"--dtype float16 --recipe naive --weights {weights_file}"
    (done,) = run_batch([f"min-base --dim 8 --ctx 100 {how} -q".split()])
    base = done.stdout.strip()
    again, plain = run_batch(
        [
            f"check --base {base} --dim 8 --ctx 100 {how} -q".split(),
            "min-base --dim 8 --ctx 100 --dtype float16 --recipe naive -q".split(),
        ]
    )
    assert (done.returncode, again.returncode) == (0, 0)
    assert plain.stdout.strip() != base


def test_inspect_takes_weights_and_an_arithmetic_together(
    run_batch: RunBatch, tmp_path: Path
) -> None:
    weights = [1.0, 0.25] * 32
    (tmp_path / "w.json").write_text(json.dumps(weights), encoding="utf-8")
    how = f"--weights {tmp_path}/w.json --dtype float16"
    line = f"inspect Qwen3-8B --ctx 1k --no-bases --json {how}"
    (done,) = run_batch([line.split()])
    layer = json.loads(done.stdout)["results"][0]
    spectrum = ropecalc.scaling.default(1e6, weights=weights)
    direct = ropecalc.check_in_dtype(spectrum, 1024, dtype="float16")
    assert layer["precision"]["worst_similarity"] == direct.worst_similarity
    assert direct.worst_similarity == pytest.approx(layer["worst_similarity"], abs=0.05)


UNITS = [1e-31, 5e-324, 2e30, 1e300]


@pytest.mark.parametrize("unit", UNITS)
def test_weights_in_a_unit_beyond_float32_are_refused(unit: float) -> None:
    """They would overflow there, or be smaller than what the sweep takes for nothing."""
    for call in (ropecalc.min_base, ropecalc.windows):
        with pytest.raises(InvalidValueError, match="divide them all by the same number"):
            call(8, 100, weights=[unit, 0.0, unit, unit])


@pytest.mark.parametrize("unit", [1e-30, 1e30])
def test_weights_in_the_most_distant_units_have_the_same_answers(unit: float) -> None:
    here, there = (ropecalc.windows(8, 100, weights=[w] * 4) for w in (1.0, unit))
    assert there.windows == here.windows
    rounded = ropecalc.min_base_in_dtype(8, 100, weights=[unit] * 4)
    assert rounded.base == ropecalc.min_base_in_dtype(8, 100, weights=[1.0] * 4).base


def test_weights_of_a_models_head(run_batch: RunBatch, tmp_path: Path) -> None:
    (tmp_path / "w.csv").write_text("pair\n", encoding="utf-8")
    (tmp_path / "w64").write_text("2\n" * 64, encoding="utf-8")
    same, plain, word = run_batch(
        [
            ["inspect", "Qwen3-8B", "--ctx", "1k", "--json", "--weights", str(tmp_path / "w64")],
            ["inspect", "Qwen3-8B", "--ctx", "1k", "--json"],
            ["check", "--model", "Qwen3-8B", "--weights", str(tmp_path / "w.csv")],
        ]
    )
    twice, once = (json.loads(done.stdout)["results"][0] for done in (same, plain))
    assert twice["worst_similarity"] == pytest.approx(2 * once["worst_similarity"])
    assert twice["minimum_base"] == once["minimum_base"]
    assert (word.returncode, word.stdout) == (2, "")
    assert "Invalid value for '--weights'" in word.stderr


def test_a_wrong_count_names_both_numbers(run_batch: RunBatch, weights_file: str) -> None:
    lines = [line.replace("--dim 8", "--dim 128").split() for line in LINES]
    lines += [["inspect", "Qwen3-8B"], ["compare", "Qwen3-8B"], ["plan", "Qwen3-8B", "--to", "64k"]]
    for done in run_batch([[*line, "--weights", weights_file] for line in lines]):
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("Error: Invalid value for '--weights': ")
        assert "one value a rotated pair, 64, got 4" in done.stderr
        assert done.stderr.count("\n") == 1


def test_of_layers_of_several_sizes_one_is_picked(run_batch: RunBatch, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("1\n" * 128, encoding="utf-8")
    how = ["Gemma-4-31B", "--ctx", "1k", "--weights", str(tmp_path / "w"), "-q"]
    for command in ("inspect", "compare"):
        both, one = run_batch(
            [[command, *how], [command, *how, "--layer", "sliding_attention"]],
        )
        assert (both.returncode, both.stdout) == (2, "")
        assert "--weights': weights must have one value a rotated pair, 64, got 128" in both.stderr
        assert (one.returncode in (0, 1), one.stderr) == (True, "")


def test_a_checkpoint_to_a_minimum_base(run_cli: RunCli, tmp_path: Path) -> None:
    path = str(save(tmp_path, projections()))
    out = str(tmp_path / "w.json")
    done = run_cli("weights", path, "--layer", "0", "--dim", "8", "-o", out, "--csv")
    assert done.returncode == 0
    assert done.stderr == f"The weights are in {out}: give it to --weights\n"
    direct = ropecalc.checkpoint_weights(path, 0, head_dim=8).weights
    assert json.loads(Path(out).read_text("utf-8")) == list(direct)
    assert done.stdout.splitlines()[0].endswith("head,pair,weight")
    assert len(done.stdout.splitlines()) == 5
    bare = run_cli("weights", path, "--layer", "0", "--dim", "8", "-q").stdout
    piped = run_cli("min-base", "--dim", "8", "--ctx", "60", "--weights", "-", "-q", stdin=bare)
    filed = run_cli("min-base", "--dim", "8", "--ctx", "60", "--weights", out, "-q")
    least = ropecalc.min_base(8, 60, weights=direct, safe=None).minimum_base
    assert float(piped.stdout) == float(filed.stdout) == least


def test_the_weights_command_refuses_in_one_line(run_batch: RunBatch, tmp_path: Path) -> None:
    path = str(save(tmp_path, projections()))
    wrong = {
        "": "no checkpoint was named",
        path: "--layer-number is missing",
        f"{path} --layer 0": "Invalid value for '--dim'",
        f"{path} --layer 9 --dim 8": "Invalid value for '--layer-number'",
        f"{path} --layer x --dim 8": "Invalid value for '--layer-number'",
        f"{path} --layer 0 --dim 8 --head 4": "Invalid value for '--head'",
        f"{path} --layer 0 --dim 8 --layout x": "Invalid value for '--layout'",
        f"{path} --layer 0 --dim 8 --of x": "Invalid value for '--of'",
        f"{tmp_path}/none --layer 0 --dim 8": "none",
        f"{path} --layer 0 --dim 8 -o {tmp_path}/no/where.json": "cannot be written",
    }
    for (line, fact), done in zip(
        wrong.items(), run_batch([["weights", *line.split()] for line in wrong]), strict=True
    ):
        assert (done.returncode, done.stdout) == (2, ""), line
        assert fact in done.stderr
        assert done.stderr.count("\n") == 1


def test_weights_on_a_screen(tmp_path: Path) -> None:
    from ropecalc.render.checkpoint import show_weights

    found = ropecalc.checkpoint_weights(save(tmp_path, projections()), 0, head_dim=8, rotary_dim=4)
    file = io.StringIO()
    show_weights(found, file)
    lines = file.getvalue().splitlines()
    assert lines[0].startswith("Weights of layer 0, mean of all heads, head_dim 8, rotary_dim 4")
    assert "over their mean unrotated pair" in " ".join(file.getvalue().split())


def test_answers_say_that_the_pairs_have_weights() -> None:
    from ropecalc.render.human import show_check, show_max_context

    file = io.StringIO()
    show_check(ropecalc.check(1e4, 100, head_dim=8, weights=EIGHT), file)
    show_max_context([ropecalc.max_context(1e3, head_dim=8, weights=EIGHT)], file)
    assert file.getvalue().count("weighted pairs") == 2
    assert "ropecalc min-base" not in file.getvalue()  # which would be about other weights
