"""What findings say of transformers 5, asked of transformers itself, where it is installed."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.lint.test_lint import (
    CASES,
    DYNAMIC,
    HEAD,
    LINEAR,
    LLAMA3,
    LONGROPE,
    YARN,
    Document,
    modern,
    scaled,
)

transformers = pytest.importorskip("transformers", minversion="5.23")
pytestmark = pytest.mark.slow

WARNED = (  # the triggering file brings a warning, the other none
    "outside-domain unknown-key key-of-another-method yarn-ratio yarn-too-small factor-below-one "
    "beta-order llama3-length llama3-reversed llama3-step integer-attention-factor "
    "longrope-factor attn-factor proportional-factor nested-not-read"
).split()
HARMLESS = ("unknown-key", "proportional-factor")  # warned of, but nothing is lost
# the triggering file ends in an exception
REFUSED = ("su-name", "head-dim-null", "missing-factor", "refused-by-class")
SILENT = (  # neither brings a word
    "one-mscale beta-zero context-not-raised missing-original-length implied-theta both-objects "
    "base-twice original-length-twice nested-truncate longrope-attention missing-theta"
).split()


class Heard(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@pytest.fixture(autouse=True)
def heard() -> Iterator[Heard]:
    """What transformers logs."""
    from transformers.modeling_rope_utils import logger

    logger.warning_once.cache_clear()
    handler = Heard()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def built(document: Document) -> dict[str, Any]:
    """inv_freq and attention factor of the rotary embedding that transformers builds."""
    from importlib import import_module

    kind = document["model_type"]
    keys = {k: v for k, v in copy.deepcopy(document).items() if k != "model_type"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = transformers.AutoConfig.for_model(kind).__class__.from_dict(keys)
    module = import_module(f"transformers.models.{kind}.modeling_{kind}")
    name = next(n for n in vars(module) if n.endswith("RotaryEmbedding"))
    embedding = getattr(module, name)(config)
    found = {k: v.tolist() for k, v in embedding.named_buffers() if "original" not in k}
    return {**found, **{k: v for k, v in vars(embedding).items() if "attention_scaling" in k}}


def usable(document: Document) -> Document:
    """With the one key that Phi-3's class needs beside those that matter here."""
    return {**document, "pad_token_id": 0}


@pytest.mark.parametrize("code", WARNED)
def test_it_warns(code: str, heard: Heard) -> None:
    bad, good = map(usable, CASES[code])
    built(bad)
    assert heard.lines
    heard.lines.clear()
    built(good)
    assert heard.lines == [] or code in HARMLESS


@pytest.mark.parametrize("code", REFUSED)
def test_it_refuses(code: str) -> None:
    bad, good = map(usable, CASES[code])
    with pytest.raises(Exception, match=r"Missing required keys|NoneType|must be one of"):
        built(bad)
    assert built(good)


@pytest.mark.parametrize("code", SILENT)
def test_it_says_nothing(code: str, heard: Heard) -> None:
    built(usable(CASES[code][0]))
    assert heard.lines == []


@pytest.mark.parametrize("code", ["attn-factor", "one-mscale", "beta-zero", "legacy-type"])
def test_it_computes_as_if_the_key_were_not_there(code: str) -> None:
    document = CASES[code][0]
    drop = {"attn_factor", "mscale", "beta_fast"} | ({"type"} if code == "legacy-type" else set())
    rope = {k: v for k, v in document["rope_scaling"].items() if k not in drop}
    rope.setdefault("rope_type", "linear")
    assert built(document) == built({**document, "rope_scaling": rope})


@pytest.mark.parametrize("rope", [LINEAR, YARN, LLAMA3, LONGROPE])
def test_phimoe_refuses_a_scaling_without_its_mscales(rope: Document) -> None:
    from tests.tools.transformers_rope import compute

    keys = {**HEAD, "model_type": "phimoe"}
    with pytest.raises(Exception, match="short_mscale field must be a number"):
        compute({**keys, "rope_scaling": rope})
    compute({**keys, "rope_scaling": {**rope, "short_mscale": 1.1, "long_mscale": 1.2}})


def stops(kind: str, document: Document, *, loading: bool = False) -> bool:
    """Whether a head_dim of null ends in a TypeError, as the file is loaded or at any time."""
    from tests.tools.transformers_rope import compute

    try:
        if loading:
            transformers.CONFIG_MAPPING[kind].from_dict(copy.deepcopy(document))
        else:
            compute(copy.deepcopy(document))
    except Exception as error:  # noqa: BLE001 - its own, with the TypeError in its text
        return "TypeError" in f"{type(error)} {error}"
    return False


@pytest.mark.parametrize("kind", ["qwen3", "gemma2", "mixtral", "llama", "gpt_oss"])
def test_which_classes_have_a_head_dim_of_null_and_which_refuse_it(kind: str) -> None:
    from ropecalc.models.classes import class_or_any

    keys = {**HEAD, "model_type": kind, "num_hidden_layers": 4, "pad_token_id": 0}
    scaling = {**keys, "rope_scaling": YARN}
    assert stops(kind, scaling) == (class_or_any(kind).null_head in ("own", "always"))
    refused = class_or_any(kind).null_head == "load"
    assert stops(kind, {**keys, "head_dim": None}, loading=True) == refused


def test_a_factor_that_is_null_is_the_ratio(heard: Heard) -> None:
    good = CASES["missing-factor"][1]
    null = {**good, "rope_scaling": {**good["rope_scaling"], "factor": None}}
    assert built(null) == built(good)
    assert heard.lines


@pytest.mark.parametrize("rope", [LINEAR, DYNAMIC, LLAMA3], ids=lambda rope: rope["rope_type"])
def test_without_its_factor_another_method_is_refused(rope: Document) -> None:
    with pytest.raises(KeyError, match="factor"):
        built(scaled(rope, "factor"))


def test_truncate_in_an_inner_object_is_not_read() -> None:
    bad, good = CASES["nested-truncate"]
    assert built(bad) == built(good)


def test_the_base_in_the_object_wins() -> None:
    assert built(CASES["base-twice"][0]) == built(
        {**CASES["base-twice"][0], "rope_theta": 1_000_000.0}
    )


def test_rope_scaling_wins() -> None:
    bad = CASES["both-objects"][0]
    assert built(bad) == built({**bad, "rope_parameters": None})


def test_the_outer_length_wins() -> None:
    bad = CASES["original-length-twice"][0]
    rope = {**bad["rope_scaling"], "original_max_position_embeddings": 8192}
    assert built(bad) == built({**bad, "rope_scaling": rope})


def test_rope_type_wins() -> None:
    bad, _ = CASES["two-types"]
    assert built(bad) == built({**HEAD, "rope_scaling": LINEAR})


def test_a_missing_length_is_the_context() -> None:
    bad = CASES["missing-original-length"][0]
    rope = {**bad["rope_scaling"], "original_max_position_embeddings": 16_384}
    assert built(bad) == built({**bad, "rope_scaling": rope})


def test_a_missing_base_is_the_class_default_and_none_once_it_is_set_on_a_config() -> None:
    bad = CASES["missing-theta"][0]
    assert built(bad) == built({**bad, "rope_theta": 10_000.0})
    config = transformers.AutoConfig.for_model("llama").__class__.from_dict(
        {k: v for k, v in modern({"rope_type": "default"}).items() if k != "model_type"}
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config.rope_scaling = dict(LINEAR)
    assert config.rope_parameters["rope_theta"] is None


def test_inner_objects_are_passed_over_by_a_class_with_one_kind_of_layer() -> None:
    bad = CASES["nested-not-read"][0]
    assert built(bad) == built(dict(HEAD))


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3n_text", "t5gemma2_text", "olmo3"])
def test_a_flat_object_is_passed_over_by_classes_that_tell_layers_apart(kind: str) -> None:
    from tests.tools.transformers_rope import compute

    keys = {**HEAD, "model_type": kind, "num_hidden_layers": 6}
    flat = compute({**keys, "rope_parameters": {**LINEAR, "rope_theta": 777.0}})
    assert flat.layers == compute(keys).layers


def test_a_flat_object_is_refused_by_modernbert() -> None:
    from tests.tools.transformers_rope import compute

    keys = {**HEAD, "model_type": "modernbert", "num_hidden_layers": 6}
    with pytest.raises(Exception, match="TypeError"):
        compute({**keys, "rope_parameters": dict(LINEAR)})


@pytest.mark.parametrize("kind", ["gemma3_text", "gemma3n_text", "olmo3", "modernbert"])
def test_type_alone_scales_nothing_in_classes_that_tell_layers_apart(kind: str) -> None:
    from tests.tools.transformers_rope import compute

    keys = {**HEAD, "model_type": kind, "num_hidden_layers": 6}
    by_key = {
        key: compute({**keys, "rope_scaling": {key: "linear", "factor": 8.0}})
        for key in ("type", "rope_type")
    }
    first = {key: found.layers["full_attention"].inv_freq[0] for key, found in by_key.items()}
    assert first == {"type": 1.0, "rope_type": 0.125}
