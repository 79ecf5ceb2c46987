"""Known models: the table against an independent transcription, names, the command, completion."""

from __future__ import annotations

import csv
import io
import json
import math
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc.cli.names import complete_model
from ropecalc.errors import InvalidValueError
from ropecalc.models import known as models
from ropecalc.models.known import (
    KnownModel,
    find_model,
    known_models,
    model_names,
    unrotated_models,
)
from ropecalc.render.human import show_models
from ropecalc.results import ModelConfig, Rope
from ropecalc.scaling import default, from_rope
from tests.tools.places import DATA
from tests.tools.render_samples import Stream
from tests.tools.speeds import every_quick, first_quick

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

TABLE = DATA / "model_table.tsv"
DOCUMENT = tomllib.loads(
    (Path(ropecalc.__file__).parent / "data" / "models.toml").read_text(encoding="utf-8")
)
CONFIGS = {known.name: known.config() for known in known_models()}
ROPES = [(name, rope) for name, config in CONFIGS.items() for rope in config.ropes]
MINICPM3 = (1.0591234137867171, 16.940876586213285)
FIXED_BASE = {"GPT-J-6B", "CodeGen"}  # their classes have a base of 10,000 and no key for one


def by_method(method: str) -> list[Any]:
    return [
        pytest.param(rope, id=f"{name}-{rope.layer_type}")
        for name, rope in ROPES
        if rope.rope_type == method
    ]


# --- the numbers --------------------------------------------------------------------------------


def expected() -> list[tuple[str, Mapping[str, str]]]:
    """(name, row) for every model and kind of layer of the transcription."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", strict=True))
    return [(name, row) for row in rows for name in row["names"].split(", ")]


def number(text: str) -> float | None:
    return float(text) if text else None


@pytest.mark.parametrize(
    ("name", "row"),
    [pytest.param(name, row, id=f"{name}-{row['layer_type']}") for name, row in expected()],
)
def test_a_model_reads_as_the_table_says(name: str, row: Mapping[str, str]) -> None:
    (rope,) = [r for r in CONFIGS[name].ropes if r.layer_type == row["layer_type"]]
    found = (rope.head_dim, rope.rotary_dim, rope.base, rope.rope_type, rope.factor)
    assert found == (
        int(row["head_dim"]),
        int(row["rotary_dim"]),
        float(row["base"]),
        row["rope_type"],
        number(row["factor"]),
    )
    assert rope.original_context == number(row["original_context"])
    assert rope.context == CONFIGS[name].context == int(row["context"])


def test_the_table_and_the_transcription_have_the_same_models_and_layers() -> None:
    ours = Counter((name, rope.layer_type) for name, rope in ROPES)
    theirs = Counter((name, row["layer_type"]) for name, row in expected())
    assert ours == theirs
    assert len(CONFIGS) >= 100


def test_every_model_says_where_its_numbers_come_from() -> None:
    for known in known_models():
        assert len(known.source) >= 8, known.name
        assert known.repo is None or known.repo.count("/") == 1
    assert all(row["source"] for _, row in expected())


def test_files_leave_nothing_open_but_a_fixed_base() -> None:
    chunked = {
        name for name in CONFIGS if name.endswith("-1M") and "2.5" in name and "Qwen" in name
    }
    assert {name for name, config in CONFIGS.items() if config.assumptions} == FIXED_BASE | chunked
    for name in chunked:
        assert "dual_chunk" in CONFIGS[name].assumptions[0]


@pytest.mark.parametrize("name", every_quick(6, CONFIGS))
def test_every_model_evaluates(name: str) -> None:
    for rope in CONFIGS[name].ropes:
        spectrum = from_rope(rope)
        assert spectrum.head_dim == rope.head_dim
        assert np.all(np.isfinite(spectrum.angular_frequencies))
        fastest = 1 / min(1, *rope.parameters.get("short_factor", (1,)))  # MiniCPM4: 0.998
        assert 0 < spectrum.angular_frequencies[0] <= fastest
        assert spectrum.attention_factor >= 1


def ratios(rope: Rope, length: int | None = None) -> np.ndarray[Any, np.dtype[np.float64]]:
    """How many times slower each pair turns than without scaling."""
    plain = default(rope.base, rope.head_dim, rotary_dim=rope.rotary_dim)
    scaled = from_rope(rope, length).angular_frequencies
    return np.asarray(plain.angular_frequencies / scaled)


@pytest.mark.parametrize("rope", by_method("llama3"))
def test_llama3_keeps_the_first_pairs_and_divides_the_last(rope: Rope) -> None:
    plain = default(rope.base, rope.head_dim, rotary_dim=rope.rotary_dim)
    wavelengths = 2 * math.pi / plain.angular_frequencies
    low = rope.parameters["low_freq_factor"]
    high = rope.parameters["high_freq_factor"]
    original = rope.original_context or 0
    found = ratios(rope)
    assert found[wavelengths < original / high] == pytest.approx(1, rel=1e-14)
    assert found[wavelengths > original / low] == pytest.approx(rope.factor, rel=1e-14)
    assert (found[0], found[-1]) == pytest.approx((1, rope.factor))
    assert np.all(np.diff(found) > -1e-12)


@pytest.mark.parametrize("rope", by_method("yarn"))
def test_yarn_keeps_the_first_pair_and_divides_the_last(rope: Rope) -> None:
    found = ratios(rope)
    assert (found[0], found[-1]) == pytest.approx((1, rope.factor))
    given = rope.parameters
    mscales = [given.get(key) for key in ("mscale", "mscale_all_dim")]
    factor = 0.1 * math.log(rope.factor or 1) + 1
    if mscales[0] is not None and mscales[0] == mscales[1]:
        factor = 1.0
    factor = given.get("attention_factor", factor)
    assert from_rope(rope).attention_factor == pytest.approx(factor)


@pytest.mark.parametrize("rope", by_method("linear"))
def test_linear_divides_all_pairs(rope: Rope) -> None:
    assert ratios(rope) == pytest.approx(rope.factor)


@pytest.mark.parametrize("rope", by_method("dynamic"))
def test_dynamic_does_nothing_at_the_context_and_lowers_all_but_the_first_beyond(
    rope: Rope,
) -> None:
    assert ratios(rope) == pytest.approx(1)
    context, factor = rope.context or 0, rope.factor or 0
    found = ratios(rope, 2 * context)
    growth = 2 * factor - (factor - 1)  # of the base, to the power r/(r-2)
    exponents = np.arange(rope.rotary_dim // 2) * 2 / (rope.rotary_dim - 2)
    assert found == pytest.approx(growth**exponents)


@pytest.mark.parametrize("rope", by_method("longrope"))
def test_longrope_divides_by_its_lists(rope: Rope) -> None:
    original = rope.original_context or 0
    assert ratios(rope, original) == pytest.approx(rope.parameters["short_factor"])
    assert ratios(rope, original + 1) == pytest.approx(rope.parameters["long_factor"])
    squared = 1 + math.log((rope.context or 0) / original) / math.log(original)
    assert from_rope(rope).attention_factor == pytest.approx(math.sqrt(squared))


@pytest.mark.parametrize(
    ("name", "short", "long", "pairs"),
    [
        ("Phi-3-mini-128k", (1.1, 3.049999999999997), (1.0700000524520874, 64.76000213623047), 48),
        ("Phi-3.5-mini", (1.0, 2.8399994373321533), (1.0800000429153442, 64.83999633789062), 48),
        ("Phi-4-mini", (1.0, 1.0), (1.0, 47.77), 48),
        ("MiniCPM3-4B", MINICPM3, MINICPM3, 16),
    ],
)
def test_lists_begin_and_end_as_published_and_ascend(
    name: str, short: tuple[float, float], long: tuple[float, float], pairs: int
) -> None:
    given = CONFIGS[name].rope.parameters
    for key, ends in (("short_factor", short), ("long_factor", long)):
        values = given[key]
        assert (values[0], values[-1]) == ends
        assert len(values) == pairs
        assert list(values) == sorted(values)


@pytest.mark.parametrize("rope", by_method("proportional"))
def test_proportional_turns_a_quarter_of_the_pairs_as_if_all_turned(rope: Rope) -> None:
    found = from_rope(rope).angular_frequencies
    whole = default(rope.base, rope.head_dim).angular_frequencies
    assert found[:64] == pytest.approx(whole[:64])
    assert not np.any(found[64:])


def test_layers_without_rotation_and_windows() -> None:
    assert [CONFIGS[n].unrotated_layers for n in ("Llama-4-Scout", "SmolLM3-3B")] == [12, 9]
    assert CONFIGS["Mistral-7B-v0.1"].rope.window == 4096
    assert [rope.window for rope in CONFIGS["gpt-oss-20b"].ropes] == [None, 128]
    assert [rope.layers for rope in CONFIGS["Gemma-3-27B"].ropes] == [10, 52]


# --- names --------------------------------------------------------------------------------------


def test_a_section_at_a_time_reads_as_the_whole_file() -> None:
    assert list(model_names()) == list(DOCUMENT)
    for known in known_models():
        entry = DOCUMENT[known.name]
        assert known.document == models._with_nulls(entry["config"])
        assert (known.repo, known.source) == (entry.get("repo"), entry["source"])
        assert known.aliases == tuple(entry.get("aliases", ()))
        keys = {"repo", "aliases", "source", "trained", "recipe", "rotates", "config"}
        assert entry.keys() <= keys


def test_no_two_models_share_a_name() -> None:
    owners: dict[str, set[str]] = {}
    for known in (*known_models(), *map(models._entry, unrotated_models(""))):
        for name in known.names:
            owners.setdefault(models._key(name), set()).add(known.name)
    assert {name for name, owned in owners.items() if len(owned) > 1} == set()


@pytest.mark.parametrize(
    "name",
    [
        "Llama-3.1-8B",
        "llama-3.1-8b",
        "LLAMA_3.1 8B",
        "Meta-Llama-3.1-8B",
        "Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-8B",
        "meta-llama/Llama-3.1-8B-Instruct",
        "META-LLAMA/meta-llama-3.1-8b",
    ],
)
def test_a_model_is_found_by_all_its_names(name: str) -> None:
    found = find_model(name)
    assert (found.source, found.model_type) == ("Llama-3.1-8B", "llama")
    assert ropecalc.find_model(name) == found


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("lama-3.1-8b", "did you mean Llama-3.1-8B or "),
        ("Qwen3-8", "did you mean Qwen3-8B or "),
        ("gpt-oss", "did you mean gpt-oss-20b or gpt-oss-120b? "),
        ("DeepSeek-V33", "did you mean DeepSeek-V3 or "),
        ("mistral-nemmo", "did you mean Mistral-Nemo or "),
        ("someone/Llama-3.1-8B", "did you mean Llama-3.1-8B or "),
        ("zzz", ": run 'ropecalc models'"),
        ("", ": run 'ropecalc models'"),
        ("\x1b[31m\n" * 9999, ": run 'ropecalc models'"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        find_model(name)
    message = str(caught.value)
    assert nearest in message
    assert message.endswith("run 'ropecalc models' to list them")
    assert message.isprintable()
    assert len(message) < 1000
    assert caught.value.parameter == "model"


@pytest.mark.parametrize(
    ("search", "names"),
    [
        ("gpt oss", ["gpt-oss-20b", "gpt-oss-120b"]),
        ("OPENAI", ["gpt-oss-20b", "gpt-oss-120b"]),
        ("8b llama-3.1", ["Llama-3.1-8B"]),
        ("llama-3.2", ["Llama-3.2-1B", "Llama-3.2-3B"]),
        ("falcon 180", ["Falcon-180B"]),
        ("-", []),
        ("llama zzz", []),
    ],
)
def test_search_wants_every_word(search: str, names: list[str]) -> None:
    assert [known.name for known in known_models(search)] == names


def test_names_that_begin_with_the_search_come_first() -> None:
    found = [known.name for known in known_models("llama-3")]
    begin = [name.startswith("Llama-3") for name in found]
    assert begin == sorted(begin, reverse=True)
    assert not all(begin)  # CodeLlama-34B


# --- the command --------------------------------------------------------------------------------

SHOWN = ("gpt-oss-20b", "GLM-4-9B-chat", "InternLM2.5-7B-chat", "StarCoder2-3B")
GOLDEN = {
    80: """
4 known models for 'g'

                                                                       context
  name                 head_dim          base  scaling                [tokens]
  ────────────────────────────────────────────────────────────────────────────
  gpt-oss-20b                64    150,000     yarn 32 from 4,096 +1   131,072
  GLM-4-9B-chat             128  5,000,000     none                    131,072
  InternLM2.5-7B-chat       128  1,000,000     dynamic 2 from 32,768    32,768
  StarCoder2-3B             128    999,999.44  none                     16,384

Shown in a wider terminal, by --csv and by --json: rotary_dim.

+1: a second kind of layer has a setting or a window of its own. A name is the
MODEL of any command, such as
  ropecalc inspect gpt-oss-20b
""",
    120: """
4 known models for 'g'

  name                 head_dim  rotary_dim          base  scaling                context [tokens]
  ────────────────────────────────────────────────────────────────────────────────────────────────
  gpt-oss-20b                64          64    150,000     yarn 32 from 4,096 +1           131,072
  GLM-4-9B-chat             128          64  5,000,000     none                            131,072
  InternLM2.5-7B-chat       128         128  1,000,000     dynamic 2 from 32,768            32,768
  StarCoder2-3B             128         128    999,999.44  none                             16,384

+1: a second kind of layer has a setting or a window of its own. A name is the MODEL of any command,
such as
  ropecalc inspect gpt-oss-20b
""",
}


def listed(*names: str) -> list[tuple[KnownModel, ModelConfig]]:
    every = {known.name: known for known in known_models()}
    return [(every[name], CONFIGS[name]) for name in names]


def shown(names: tuple[str, ...], width: int, search: str = "", encoding: str = "utf-8") -> str:
    stream = Stream(encoding, terminal=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(width))
        show_models(listed(*names), search, stream)
    return stream.text()


@pytest.mark.parametrize("width", GOLDEN)
def test_the_table_for_people(width: int) -> None:
    assert shown(SHOWN, width, "g") == GOLDEN[width].lstrip("\n")


@pytest.mark.parametrize(("width", "there"), [(40, True), (60, False), (80, True)])
def test_the_mark_of_a_second_kind_is_explained_where_it_is_shown(width: int, there: bool) -> None:
    """As a block each at 40 columns; without the scaling at 60."""
    text = shown(("DeepSeek-R1-Distill-Llama-70B", "DeepSeek-V4-Flash"), width, "deepseek")
    assert ("65,536 +1" in " ".join(text.split())) == there
    assert ("a second kind of layer" in " ".join(text.split())) == there


@pytest.mark.parametrize("width", first_quick(2, [40, 80, 60, 100, 200]))
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_whole_list_fits_and_names_everyone(width: int, encoding: str) -> None:
    text = shown(tuple(CONFIGS), width, encoding=encoding)
    assert max(map(len, text.splitlines())) <= width
    assert all(name in text for name in CONFIGS)
    assert text.startswith(f"{len(CONFIGS)} known models\n")
    assert text.endswith("  ropecalc inspect Qwen3-8B\n")


def test_json_has_every_kind_of_layer_and_csv_a_row_for_each(run_batch: RunBatch) -> None:
    ask = "models gemma-3-27b"
    as_json, as_csv, piped, bare = run_batch(
        [
            f"{ask} {form}".split()
            for form in ("--json", "--csv --all-fields", "--tsv --all-fields", "-q")
        ]
    )
    document = json.loads(as_json.stdout)
    assert document["inputs"] == {"search": "gemma-3-27b"}
    (result,) = document["results"]
    assert (result["name"], result["repo"]) == ("Gemma-3-27B", "google/gemma-3-27b-it")
    assert (result["context"], result["trained_context"]) == (131072, 32768)
    assert "2503.19786" in result["trained_source"]
    assert (result["original_context"], result["recipe"]) == (None, None)
    full, sliding = result["layers"]
    assert full == {
        "layer_type": "full_attention",
        "layers": 10,
        "head_dim": 128,
        "rotary_dim": 128,
        "base": 1e6,
        "rope_type": "linear",
        "factor": 8.0,
        "original_context": None,
        "window": None,
    }
    assert (sliding["base"], sliding["window"], sliding["factor"]) == (1e4, 1024, None)
    rows = list(csv.DictReader(io.StringIO(as_csv.stdout), strict=True))
    assert rows == list(csv.DictReader(io.StringIO(piped.stdout), delimiter="\t", strict=True))
    assert [(row["layer_type"], row["factor"], row["window"]) for row in rows] == [
        ("full_attention", "8", ""),
        ("sliding_attention", "", "1024"),
    ]
    assert {row["source"] for row in rows} == {DOCUMENT["Gemma-3-27B"]["source"]}
    assert bare.stdout == "Gemma-3-27B\n"
    assert {done.stderr for done in (as_json, as_csv, piped, bare)} == {""}


def test_no_match_exits_1_with_a_line(run_batch: RunBatch) -> None:
    line, quiet, as_json = run_batch(
        [["models", "gpt-oss-20c"], ["models", "zzz", "-q"], ["models", "zzz", "--json"]]
    )
    assert [done.returncode for done in (line, quiet, as_json)] == [1, 1, 1]
    assert line.stderr.startswith(
        "No known model has 'gpt-oss-20c' in its names; did you mean gpt-oss-20b or "
    )
    assert quiet.stderr == ""
    assert (line.stdout, quiet.stdout) == ("", "")
    assert json.loads(as_json.stdout)["results"] == []


def test_quiet_lists_all_names(run_cli: RunCli) -> None:
    assert run_cli("models", "-q").stdout.splitlines() == [known.name for known in known_models()]


# --- completion ---------------------------------------------------------------------------------


def completions(run_cli: RunCli, line: str, shell: str = "bash") -> list[str]:
    """What the shell is offered at the end of a line."""
    words = line.split(" ")
    asked = {
        "_ROPECALC_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
    }
    done = run_cli(env=asked)
    assert done.stderr == ""
    return done.stdout.split()


def test_a_shell_completes_the_names(run_cli: RunCli) -> None:
    offered = completions(run_cli, "ropecalc check --model Qwen3-4")
    assert offered == ["Qwen3-4B", "Qwen3-4B-2507"]
    assert completions(run_cli, "ropecalc min-base --model gpt-o") == [
        "gpt-oss-20b",
        "gpt-oss-120b",
    ]


def test_completion_in_another_case_goes_on_in_it(run_cli: RunCli) -> None:
    offered = completions(run_cli, "ropecalc max-ctx --model llama-3.2")
    assert offered == ["llama-3.2-1B", "llama-3.2-3B"]
    assert [find_model(name).source for name in offered] == ["Llama-3.2-1B", "Llama-3.2-3B"]


def test_zsh_is_offered_names_too(run_cli: RunCli) -> None:
    line = "ropecalc check --model gpt-oss-2"
    assert "gpt-oss-20b" in " ".join(completions(run_cli, line, "zsh"))


def test_completion_knows_what_begins_so_and_nothing_else() -> None:
    assert complete_model("") == list(model_names())
    assert complete_model("PHI-4-M") == ["PHI-4-Mini"]
    assert complete_model("oss") == []


def test_completion_loads_nothing_slow(run_python: RunCli) -> None:
    code = (
        "import atexit, sys\n"
        "slow = {'numpy', 'mpmath', 'rich', 'tomllib', 'ropecalc.scaling'}\n"
        "atexit.register(lambda: print('LOADED', *slow & {*sys.modules}))\n"
        "sys.argv = ['ropecalc']\n"
        "from ropecalc.cli.app import main\n"
        "sys.exit(main())"
    )
    asked = {
        "_ROPECALC_COMPLETE": "complete_bash",
        "COMP_WORDS": "ropecalc check --model gpt-oss-2",
        "COMP_CWORD": "3",
    }
    assert run_python("-c", code, env=asked).stdout.split() == ["gpt-oss-20b", "LOADED"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("qwen/qwen3-8b", ()),
        ("Qwen3-8B-FP8", ()),
        ("Qwen3-8B-Base", ()),
        (
            "GLM-4-9B",
            ("'GLM-4-9B' is taken for GLM-4-9B-chat, its sibling; its own config was not",),
        ),
        ("Llama-2-7b-chat", ("'Llama-2-7b-chat' is taken for Llama-2-7B, its sibling; its own ",)),
        ("Yi-6B-200K-Chat", ("no source has 'Yi-6B-200K-Chat': these are the numbers of Yi-",)),
    ],
)
def test_a_name_that_is_not_the_models_own_is_said(given: str, said: tuple[str, ...]) -> None:
    found = ropecalc.find_model(given).assumptions
    assert len(found) == len(said)
    assert all(text.startswith(start) for text, start in zip(found, said, strict=True))
