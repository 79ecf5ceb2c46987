"""Settings that other stacks have words for, as real models of transformers 5.23.0 took them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ropecalc.errors import RopecalcError
from ropecalc.stacks.running import as_run
from ropecalc.stacks.unread import parse_leniently
from tests.tools.class_replay import difference
from tests.tools.class_siblings import siblings

NO_ROPE = "RoPE sets no limit"


def said(case: Mapping[str, Any]) -> dict[str, Any]:
    """What transformers is said to make of a file, in the form of ``class_probe.answer``."""
    try:
        model = parse_leniently(case["file"], "config.json")
        runs = [as_run(model, rope, "transformers", case["length"]) for rope in model.ropes]
    except RopecalcError as error:
        if NO_ROPE in str(error):
            return {"groups": [], "unrotated": None, "context": None}
        return {"refused": str(error)}
    groups = []
    for rope, run in zip(model.ropes, runs, strict=True):
        if run.refusal is not None:
            return {"refused": run.refusal.text}
        assert run.spectrum is not None
        assert run.rope is not None
        theta = run.spectrum.angular_frequencies.tolist()
        groups.append(
            {
                "layers": rope.layers,
                "theta": [value for value in theta if value > 0],
                "af": run.spectrum.attention_factor,
                "head_dim": run.rope.head_dim,
                "window": None if "chunked" in rope.layer_type else rope.window,
            }
        )
    return {"groups": groups, "unrotated": model.unrotated_layers, "context": model.context}


def differing(cases: list[Mapping[str, Any]]) -> dict[str, str]:
    found = {case["id"]: difference(said(case), case["real"]) for case in cases}
    return {name: how for name, how in found.items() if how}


def test_all_are_what_the_models_did() -> None:
    assert len(siblings()) >= 400
    assert differing(siblings()) == {}


def test_a_difference_is_found() -> None:
    case = next(case for case in siblings() if "groups" in case["real"])
    assert difference({"refused": "so"}, case["real"])
    group = said(case)["groups"][0]
    off = {**group, "theta": [1.001 * value for value in group["theta"]]}
    assert difference({**said(case), "groups": [off]}, case["real"])
