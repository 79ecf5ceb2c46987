"""Config files of published models: each gives what its model card, or its stack's code, says.

``tests/data/configs/PROVENANCE.tsv`` has one line a file and kind of layer: where the file comes
from, when it was read there, and what is expected of it on what basis. An empty cell expects
nothing there but for the context, where it says that the file has none.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
from collections import defaultdict

import pytest

from ropecalc import scaling
from ropecalc.errors import ConfigError
from ropecalc.models.reading import read_config
from ropecalc.results import ModelConfig, Rope
from tests.tools.places import DATA
from tests.tools.speeds import every_quick

FOLDER = DATA / "configs"
Line = dict[str, str]
REFUSED = {
    "AlignmentLab-AI--teensyorca--before.json": (
        'rope_scaling must be an object, got "dynamic"; correct it'
    ),
}
FORMS = {
    "hf4": ("transformers-4",),
    "hf5": ("transformers-5",),
    "params.json": ("params",),
    "other": ("params",),
}


def provenance() -> dict[str, list[Line]]:
    by_file = defaultdict(list)
    with (FOLDER / "PROVENANCE.tsv").open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            by_file[line["file"]].append(line)
    return dict(by_file)


LINES = provenance()
READ = sorted(LINES.keys() - REFUSED)


def test_every_file_has_a_public_source() -> None:
    assert {file.name for file in FOLDER.iterdir()} == LINES.keys() | {"PROVENANCE.tsv"}
    assert len(READ) >= 40
    for line in (line for lines in LINES.values() for line in lines):
        assert line["source"].startswith(
            ("https://huggingface.co/", "https://github.com/", "https://gitcode.com/")
        )
        assert line["model"]
        assert line["basis"]
        assert dt.date.fromisoformat(line["read"]) >= dt.date(2026, 1, 1)
        assert line["form"] in FORMS


def test_the_files_are_of_many_kinds() -> None:
    configs = [read_config(FOLDER / name) for name in READ]
    methods = {rope.rope_type for config in configs for rope in config.ropes}
    assert methods >= {"default", "linear", "dynamic", "yarn", "llama3", "longrope"}
    assert {config.form for config in configs} == {"transformers-4", "transformers-5", "params"}
    assert len({config.model_type for config in configs}) > 30


@pytest.mark.parametrize("name", READ)
def test_reads_as_its_model_is(name: str) -> None:
    config = read_config(FOLDER / name)
    lines = LINES[name]
    assert config.form in FORMS[lines[0]["form"]]
    assert config.context == number(lines[0]["context"])
    assert sum(line["rotary_dim"] != "0" for line in lines) in (1, len(config.ropes))
    for rope in config.ropes:
        compare(rope, line_of(rope, lines))
    for line in lines:
        check_unrotated(config, line)


def compare(rope: Rope, line: Line) -> None:
    found = {
        "head_dim": rope.head_dim,
        "rotary_dim": rope.rotary_dim,
        "base": rope.base,
        "rope_type": rope.rope_type,
        "factor": rope.factor,
        "original_context": rope.original_context,
    }
    expected = {key: cell(key, line) for key in found}
    if rope.rope_type == "dynamic":  # transformers takes the context for the trained one
        expected["original_context"] = rope.context
    if rope.rope_type == "longrope" and expected["factor"] is None:
        assert rope.context is not None
        expected["factor"] = rope.context / int(line["original_context"])
    unknown = () if line["rope_type"] else ("rope_type", "original_context")
    assert {k: v for k, v in found.items() if k not in unknown} == {
        k: v for k, v in expected.items() if k not in unknown
    }


def line_of(rope: Rope, lines: list[Line]) -> Line:
    """The line of the rope's kind of layer; what rotates, where only one kind does."""
    named = {line["layer_type"]: line for line in lines}
    rotating = [line for line in lines if line["rotary_dim"] != "0"]
    return named.get(rope.layer_type) or rotating[0]


def check_unrotated(config: ModelConfig, line: Line) -> None:
    if line["rotary_dim"] == "0":
        assert config.unrotated_layers > 0
        assert line["layer_type"] not in {rope.layer_type for rope in config.ropes}


def cell(key: str, line: Line) -> float | str | None:
    return line[key] if key == "rope_type" else number(line[key])


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize("name", every_quick(4, READ))
def test_evaluates(name: str) -> None:
    for rope in read_config(FOLDER / name).ropes:
        spectrum = scaling.from_rope(rope)
        assert (spectrum.head_dim, spectrum.rotary_dim) == (rope.head_dim, rope.rotary_dim)
        fastest = max(spectrum.exact_frequencies)
        assert 0 < min(spectrum.exact_frequencies) <= fastest <= 1


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config(FOLDER / name)
    assert str(caught.value) == f"{os.fspath(FOLDER / name)}: {REFUSED[name]}"
