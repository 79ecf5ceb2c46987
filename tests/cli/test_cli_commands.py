"""The commands as processes: what is on stdout, in which form, and the exit code."""

from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import sys
from decimal import Decimal, InvalidOperation
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import ropecalc
from ropecalc.render.rows import OWN_OF_PLANS
from tests.tools.speeds import first_quick

if TYPE_CHECKING:
    from tests.conftest import RunBatch, RunCli

MIN_BASE = "min-base --dim 128 --ctx 1k"
CHECK = "check --base 1e4 --ctx 2k"
STATUSES = {status.name.lower(): status.value for status in ropecalc.Status}
SHORT = {  # a quick call of every command
    "min-base": MIN_BASE,
    "curve": "curve --base 1e4 --ctx 2k --points 20",
    "max-ctx": "max-ctx --base 1e4",
    "check": CHECK,
    "freqs": "freqs --base 1e4 --dim 64 --ctx 2k",
    "windows": "windows --dim 16 --ctx 200",
    "inspect": "inspect Llama-3.1-8B --ctx 8k",
    "lint": "lint Llama-3.1-8B",
    "compare": "compare gpt-oss-20b --ctx 8k",
    "models": "models gemma-3",
    "emit": "emit Qwen3-8B",
    "plan": "plan --base 1e4 --dim 16 --from 64 --to 256",
    "temperature": "temperature --ctx 128k --from 8k",
    "evidence": "evidence Qwen3-8B",
    "criteria": "criteria --base 1e6 --ctx 32k",
}


def answer(run_cli: RunCli, line: str, code: int = 0) -> str:
    done = run_cli(*line.split())
    assert (done.returncode, done.stderr) == (code, ""), done
    return done.stdout


def json_of(run_cli: RunCli, line: str, code: int = 0) -> dict[str, Any]:
    def no_constant(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    document = json.loads(answer(run_cli, f"{line} --json", code), parse_constant=no_constant)
    assert list(document) == ["version", "command", "inputs", "results"]
    assert document["version"] == ropecalc.__version__
    assert document["command"] == line.split(maxsplit=1)[0]
    assert isinstance(document, dict)
    return document


def rows_of(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text), delimiter=delimiter, strict=True))


def rows_of_markdown(text: str) -> list[dict[str, str]]:
    header, rule, *rows = ([cell.strip() for cell in cells(line)] for line in text.splitlines())
    assert set(rule) == {"---"}
    return [dict(zip(header, row, strict=True)) for row in rows]


def cells(line: str) -> list[str]:
    assert line.startswith("|")
    assert line.endswith("|")
    parts = re.split(r"(?<!\\)\|", line[1:-1])
    return [part.replace("\\|", "|") for part in parts]


def is_short_for(key: str, told: str, value: str) -> bool:
    """Whether a cell of Markdown is a field of CSV, or a float of it on the safe side."""
    try:
        short, whole = Decimal(told), Decimal(value)
    except InvalidOperation:
        return told == value
    if key.endswith(("base", "factor", "start")):
        return whole <= short <= whole * (1 + Decimal("1e-9"))
    if key.endswith("end"):
        return whole * (1 - Decimal("1e-9")) <= short <= whole
    return abs(short - whole) <= abs(whole) * Decimal("5e-6")


# --- every command ------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", SHORT)
def test_json_and_all_rows_tell_the_same(run_batch: RunBatch, name: str) -> None:
    forms = ("--json", "--csv --all-fields", "--tsv --all-fields", "--markdown --all-fields")
    lines = [f"{SHORT[name]} {form}".split() for form in forms]
    as_json, as_csv, as_tsv, as_markdown = (done.stdout for done in run_batch(lines))
    rows = rows_of(as_csv)
    assert rows == rows_of(as_tsv, "\t")
    for row, told in zip(rows, rows_of_markdown(as_markdown), strict=True):
        assert row.keys() == told.keys()
        assert all(is_short_for(key, told[key], value) for key, value in row.items())
    assert all(None not in row and None not in row.values() for row in rows)
    renamed = OWN_OF_PLANS if name == "plan" else {}
    for own, value in json.loads(as_json)["results"][0].items():
        key = renamed.get(own, own)
        if isinstance(value, float) and key in rows[0]:
            assert float(rows[0][key]) == value
        elif isinstance(value, int | str) and not isinstance(value, bool) and key in rows[0]:
            assert rows[0][key] == str(value)


@pytest.mark.parametrize("name", first_quick(8, SHORT))
def test_rows_have_the_columns_of_the_text(run_batch: RunBatch, name: str) -> None:
    lines = [f"{SHORT[name]} --csv{more}".split() for more in ("", " --all-fields")]
    few, everything = (rows_of(done.stdout) for done in run_batch(lines))
    assert len(few) == len(everything)
    assert all(row.items() <= whole.items() for row, whole in zip(few, everything, strict=True))
    assert 0 < len(few[0]) <= 16


@pytest.mark.slow
@pytest.mark.parametrize("name", first_quick(1, ["check", "min-base", "plan"]))
def test_a_pipe_gets_text_that_fits_80_columns(run_process: RunCli, name: str) -> None:
    done = run_process(*SHORT[name].split(), env={"COLUMNS": ""})
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\t" not in done.stdout
    assert "\x1b" not in done.stdout
    narrow = run_process(*SHORT[name].split(), "--width", "60")
    assert max(map(len, narrow.stdout.splitlines())) <= 60


def test_fields_are_picked_by_name(run_batch: RunBatch) -> None:
    lines = [
        "min-base --dim 64,128 --ctx 1k --get recommended_base",
        "min-base --dim 128 --ctx 1k --get recommended_base,critical_distance",
        "min-base --dim 128 --ctx 1k --get enclosure.high --csv",
        "min-base --dim 128 --ctx 1k --get round_base --json",
        "windows --dim 16 --ctx 200 --get start",
        "windows --dim 16 --ctx 200 --get minimum_base",
        "min-base --dim 128 --ctx 1k --get recomended_base",
        "min-base --dim 128 --rotary-dim 64 --ctx 1k --get recommended_base",
    ]
    done = run_batch([line.split() for line in lines])
    out = [one.stdout for one in done]
    assert out[0] == "7900\n6100\n"
    assert out[1] == "6100\t1009\n"
    assert out[2].splitlines()[0] == "enclosure_high"
    assert json.loads(out[3])["results"] == [{"round_base": 4300.0}]
    assert out[5].strip() == out[4].split("\n")[0]
    assert (done[6].returncode, out[6]) == (2, "")
    assert "did you mean recommended_base" in done[6].stderr
    assert (done[7].returncode, out[7]) == (1, "")


@pytest.mark.parametrize("name", ["min-base", "max-ctx", "check"])
def test_a_status_is_a_word_and_a_sentence(run_cli: RunCli, name: str) -> None:
    result = json_of(run_cli, SHORT[name], 1 if name == "check" else 0)["results"][0]
    assert STATUSES[result["status"]] == result["message"]


# --- min-base -----------------------------------------------------------------------------------


def test_min_base_has_the_published_value(run_cli: RunCli) -> None:
    result = json_of(run_cli, MIN_BASE)["results"][0]
    assert math.isclose(result["minimum_base"], 4293.437569262578, rel_tol=1e-14)
    assert result["enclosure"]["high"] == result["minimum_base"]
    assert result["critical_distance"] == 1009
    assert (result["round_digits"], result["round_base"]) == (2, 4300.0)
    assert result["integer_base"] == 4294
    assert result["window_status"] == "ends"
    assert result["minimum_base"] < result["window_end"] < 4340
    assert math.isclose(result["continuum_estimate"], 1024 / 0.616505485620716, rel_tol=1e-12)


def test_min_base_prints_a_row_a_combination(run_cli: RunCli) -> None:
    line = "min-base --dim 32,64 --dim 128 --ctx 256 --ctx 512,1k --csv"
    rows = rows_of(answer(run_cli, line))
    assert [(row["head_dim"], row["context"]) for row in rows] == [
        (dim, context) for dim in ("32", "64", "128") for context in ("256", "512", "1024")
    ]


def test_min_base_quiet_prints_one_number_that_meets_the_bound(run_batch: RunBatch) -> None:
    printed = {
        "--round 2": "4300",
        "--round 1": "7000",
        "--integer": "4294",
        "--digits 9": "4293.43757",
        "": "4293.437569262579",
    }
    lines = [f"{MIN_BASE} {options} -q".split() for options in printed]
    for done, number in zip(run_batch(lines), printed.values(), strict=True):
        assert done.stdout == f"{number}\n"
        assert ropecalc.check(float(number), 1024).holds


def test_min_base_where_every_base_will_do(run_cli: RunCli) -> None:
    line = "min-base --dim 128 --rotary-dim 64 --ctx 1k"
    assert json_of(run_cli, line)["results"][0]["status"] == "every_base"
    quiet = run_cli(*line.split(), "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (1, "", "")
    assert answer(run_cli, "check --base 1.1 --rotary-dim 64 --ctx 1k -q") == ""
    text = answer(run_cli, line)
    assert text.startswith("Every base meets the bound")
    assert "rotated part alone  use base 7,900 (7.9e3)" in text
    assert "7,800 (7.8e3) is the first of two digits" in " ".join(text.split())


def test_min_base_where_none_will_do_says_so_and_exits_1(run_cli: RunCli) -> None:
    line = "min-base --dim 8 --ctx 1k --margin 1"
    result = json_of(run_cli, line, 1)["results"][0]
    assert (result["status"], result["minimum_base"]) == ("no_base", None)
    quiet = run_cli(*line.split(), "-q")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (1, "", "")


def test_the_readings_of_a_partial_rotation(run_cli: RunCli) -> None:
    line = "min-base --dim 128 --partial-rotary-factor 0.75 --ctx 128"
    counted = json_of(run_cli, line)["results"][0]
    ignored = json_of(run_cli, f"{line} --ignore-unrotated")["results"][0]
    assert counted["rotary_dim"] == ignored["rotary_dim"] == 96
    assert (counted["count_unrotated"], ignored["count_unrotated"]) == (True, False)
    assert counted["minimum_base"] < ignored["minimum_base"]


# --- check --------------------------------------------------------------------------------------


def test_check_answers_by_its_exit_code(run_cli: RunCli) -> None:
    assert answer(run_cli, "check --base 1e4 --ctx 1707 -q", 0) == ""
    assert answer(run_cli, "check --base 1e4 --ctx 1708 -q", 1) == ""


def test_check_says_where_it_is_broken_and_what_would_do(run_cli: RunCli) -> None:
    result = json_of(run_cli, CHECK, 1)["results"][0]
    assert result["holds"] is False
    assert result["first_violation"] == 1707
    assert result["worst_similarity"] < 0
    assert result["slack"] < 0
    assert ropecalc.check(result["next_base"], 2048).holds


def test_check_takes_a_config_and_ctx_overrides_it(run_cli: RunCli, tmp_path: Path) -> None:
    text = json.dumps(
        {
            "head_dim": 128,
            "rope_theta": 10000.0,
            "max_position_embeddings": 4096,
        }
    )
    config = tmp_path / "config.json"
    config.write_text(text)
    document = json_of(run_cli, f"check --config {config}", 1)
    assert document["inputs"]["base"] == [10000.0]
    assert document["results"][0]["context"] == 4096
    assert answer(run_cli, f"check --config {config} --ctx 1k -q", 0) == ""
    from_stdin = run_cli("check", "--config", "-", "-q", stdin=text)
    assert (from_stdin.returncode, from_stdin.stdout) == (1, "")


# --- max-ctx ------------------------------------------------------------------------------------


def test_max_ctx_of_several_bases(run_cli: RunCli) -> None:
    assert answer(run_cli, "max-ctx --base 1e4,1e6 --base 500k -q") == "1707\n27115\n18438\n"


def test_max_ctx_beyond_the_limit(run_cli: RunCli) -> None:
    line = "max-ctx --base 1e6 --limit 4k"
    result = json_of(run_cli, line)["results"][0]
    assert (result["status"], result["max_context"]) == ("beyond_limit", None)
    assert result["limit"] == 4096
    assert answer(run_cli, f"{line} -q") == "4096\n"


# --- curve --------------------------------------------------------------------------------------


def test_curve_without_a_context_shows_the_first_violation(run_cli: RunCli) -> None:
    document = json_of(run_cli, "curve --base 1e4,1e6 --points 5")
    assert document["inputs"]["context"] == 32768
    assert [result["first_violation"] for result in document["results"]] == [1707, 27115]


@pytest.mark.parametrize(
    ("options", "distances"),
    [
        ("--all", list(range(1000))),
        ("--every 300", [0, 300, 600, 900]),
    ],
)
def test_curve_prints_the_points_that_are_asked_for(
    run_cli: RunCli, options: str, distances: list[int]
) -> None:
    line = f"curve --base 1e4 --ctx 1000 {options}"
    result = json_of(run_cli, line)["results"][0]
    assert result["distances"] == distances
    expected = ropecalc.curve(1e4, distances).values
    assert abs(expected - result["values"]).max() <= 2 * result["error_bound"]
    values = [float(value) for value in answer(run_cli, f"{line} -q").split()]
    assert values == result["values"]


def test_bins_of_a_curve_miss_no_violation(run_cli: RunCli) -> None:
    line = "curve --base 1e6 --ctx 64k"
    rows = rows_of(answer(run_cli, f"{line} --csv"))
    broken = [row for row in rows if float(row["least_normalised_similarity"]) < 0]
    assert broken
    assert int(broken[0]["distance"]) <= 27115 <= int(broken[0]["last_distance"])
    assert list(rows[0])[2] == "least_normalised_similarity"  # awk '$3 < 0'
    edges = [int(row["distance"]) for row in rows] + [65536]
    found = ropecalc.envelope(1e6, edges)
    assert [float(row["least_normalised_similarity"]) for row in rows] == found.minimum.tolist()
    greatest = [float(row["greatest_normalised_similarity"]) for row in rows]
    assert greatest == found.maximum.tolist()
    values = answer(run_cli, f"{line} --points 4 -q").splitlines()
    assert len(values) == 4
    assert len(values[0].split("\t")) == 2


def test_curve_raw_and_of_another_kind(run_cli: RunCli) -> None:
    rows = rows_of(answer(run_cli, "curve --base 1e4 --ctx 10 --every 9 --raw --csv"))
    assert float(rows[0]["similarity"]) == 64
    line = "curve --base 1e4 --ctx 10 --every 9 --upper-bound --csv"
    rows = rows_of(answer(run_cli, line))
    assert float(rows[0]["normalised_upper_bound"]) == 1


@pytest.mark.heavy
def test_curve_is_streamed_in_constant_memory(run_python: RunCli) -> None:
    """Two million rows take no more memory than two thousand, give or take a block."""
    code = (
        "import resource, sys\n"
        "from ropecalc.cli.app import main\n"
        "sys.argv = ['ropecalc', *sys.argv[1:]]\n"
        "class Counting:\n"
        "    lines = 0\n"
        "    def write(self, text): self.lines += text.count('\\n')\n"
        "    def writelines(self, lines):\n"
        "        for line in lines: self.lines += 1\n"
        "    def flush(self): pass\n"
        "    def isatty(self): return False\n"
        "sys.stdout = Counting()\n"
        "main()\n"
        "peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "print(sys.stdout.lines, peak, file=sys.stderr)\n"
    )
    if sys.platform != "linux":
        pytest.skip("ru_maxrss has a unit of its own on every system")
    line = "curve --base 1e6 --dim 8 --all --csv --ctx"
    few, small = run_python("-c", code, *line.split(), "2000").stderr.split()
    many, large = run_python("-c", code, *line.split(), "1000000").stderr.split()
    assert (few, many) == ("2001", "1000001")
    assert int(large) < int(small) + 60_000  # kB; a million rows are 100,000 and more


def test_a_plot_of_a_given_size_is_drawn_in_a_pipe(run_cli: RunCli) -> None:
    out = answer(run_cli, "curve --base 1e6 --width 72 --height 9")
    assert "27,115" in out
    assert max(map(len, out.splitlines())) <= 72


# --- freqs --------------------------------------------------------------------------------------


def test_freqs_prints_a_row_a_pair(run_cli: RunCli) -> None:
    rows = rows_of(answer(run_cli, "freqs --base 1e4 --dim 8 --ctx 1k --tsv"), "\t")
    assert [row["pair"] for row in rows] == ["0", "1", "2", "3"]
    theta = [float(row["angular_frequency"]) for row in rows]
    assert theta == pytest.approx([1, 0.1, 0.01, 0.001], rel=1e-15)
    for row, frequency in zip(rows, theta, strict=True):
        assert float(row["wavelength"]) == pytest.approx(2 * math.pi / frequency, rel=1e-15)
        assert float(row["turns"]) == pytest.approx(1024 * frequency / (2 * math.pi), rel=1e-15)


# --- streams and signals ------------------------------------------------------------------------


def test_a_closed_pipe_is_silent(run_python: RunCli) -> None:
    del run_python  # the environment is pinned; the pipe is made here
    command = [sys.executable, "-m", "ropecalc", *"curve --base 1e4 --ctx 1M --all".split()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"distance\t")
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_interrupt_exits_130_without_a_traceback(run_python: RunCli) -> None:
    code = (
        "import sys, ropecalc\n"
        "from ropecalc.cli.app import main\n"
        "def interrupted(*args, **settings): raise KeyboardInterrupt\n"
        "ropecalc.max_context = interrupted\n"
        "sys.argv = ['ropecalc', 'max-ctx', '--base', '1e6']\n"
        "sys.exit(main())\n"
    )
    done = run_python("-c", code)
    assert (done.returncode, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr


def test_an_interrupt_while_the_program_loads_is_no_traceback_either(run_python: RunCli) -> None:
    code = (
        "import builtins, sys\n"
        "from ropecalc.cli.entry import main\n"
        "load = builtins.__import__\n"
        "def interrupted(name, *args):\n"
        "    if name == 'typer': raise KeyboardInterrupt\n"
        "    return load(name, *args)\n"
        "builtins.__import__ = interrupted\n"
        "sys.argv = ['ropecalc', 'max-ctx', '--base', '1e6']\n"
        "sys.exit(main())\n"
    )
    done = run_python("-c", code)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_quiet_check_ends_at_the_first_violation(run_batch: RunBatch) -> None:
    lines = ["check --base 1e6 --ctx 16G -q", "check --base 1e6 --ctx 27115 -q"]
    broken, holds = run_batch([line.split() for line in lines])  # minutes, if all were evaluated
    assert (broken.returncode, broken.stdout) == (1, "")
    assert (holds.returncode, holds.stdout) == (0, "")
    margin = "check --base 1e6 --ctx 4k --margin 0.9 -q".split()
    assert run_batch([margin])[0].returncode == 1


def test_what_may_be_a_list_or_one_number_is_refused_with_both_readings(
    run_batch: RunBatch,
) -> None:
    lines = ["max-ctx --base 100,200 -q", "max-ctx --base 500,000 -q", "max-ctx --base 1e4,2e4 -q"]
    doubtful, plain, several = run_batch([line.split() for line in lines])
    assert (doubtful.returncode, doubtful.stdout) == (2, "")
    assert "write 100200 for one, --base 100 --base 200 for 2" in doubtful.stderr
    assert (plain.stderr, several.stderr) == ("", "")
    assert len(several.stdout.split()) == 2


def test_a_bound_that_asks_nothing_is_a_verdict_of_its_own(run_batch: RunBatch) -> None:
    head = "--rotary-dim 64 --ctx 8k"
    lines = [f"check --base 1e4 {head} --json", f"max-ctx --base 1e4 {head[:15]} -q"]
    checked, longest = run_batch([line.split() for line in lines])
    found = json.loads(checked.stdout)["results"][0]
    assert (checked.returncode, found["holds"], found["status"]) == (0, True, "free")
    alone = ropecalc.check(1e4, 8192, head_dim=64)
    part = found["rotated_part"]
    assert (part["first_violation"], part["violations"]) == (
        alone.first_violation,
        alone.violations,
    )
    assert ropecalc.check(part["base"], 8192, head_dim=64).holds
    assert (longest.returncode, longest.stdout) == (1, "")


def test_check_of_a_scaled_base_without_a_model(run_cli: RunCli) -> None:
    """Linear scaling by 4 turns every pair a quarter as far."""
    line = "check --base 1e4 --dim 64 --ctx 16k --rope-type linear --factor 4 --json"
    done = run_cli(*line.split())
    result = json.loads(done.stdout)["results"][0]
    turns = np.arange(16384)[:, None] / 4 * 1e4 ** (-np.arange(32) / 32)
    similarities = np.cos(turns).sum(axis=1)
    assert (done.returncode, done.stderr) == (1, "")
    assert result["violations"] == np.count_nonzero(similarities < 0)
    assert result["first_violation"] == np.argmax(similarities < 0)
    assert result["worst_distance"] == similarities.argmin()
    assert (result["rope_type"], result["label"]) == ("linear", "base 10000, linear 4")


def test_what_a_figure_or_a_plot_needs_and_lacks_is_told(
    run_batch: RunBatch, tmp_path: Path
) -> None:
    plain = {"model_type": "llama", "hidden_size": 64, "num_attention_heads": 1, "rope_theta": 1e4}
    short, refused, figure = (str(tmp_path / name) for name in ("a.json", "b.json", "f.svg"))
    Path(short).write_text(
        json.dumps(plain | {"model_type": "unheard-of"})
    )  # so no length of a class
    scaling = {"rope_type": "yarn", "original_max_position_embeddings": 2048}
    Path(refused).write_text(
        json.dumps(plain | {"max_position_embeddings": 4096, "rope_scaling": scaling})
    )
    lines = {
        ("compare", short, "--plot"): (2, "Error: --ctx is missing: give it, such as"),
        ("compare", short, "-o", figure): (2, "Error: --ctx is missing: give it, such as"),
        ("compare", refused, "--stack", "transformers", "-o", figure): (1, "no stack reads this"),
        ("freqs", "--base", "1e4", "--plot"): (2, "Error: --ctx is missing: give it, such as"),
        tuple(f"windows --dim 4 --ctx 64 --margin 0.99 -o {figure}".split()): (
            *(1, "was not written: there is no window to draw"),
        ),
        ("emit", "--stack", "vllm"): (2, "Error: no model was named: give its file, or --base"),
        ("emit", "--base", "1e4"): (2, "Error: --ctx is missing: give it, such as --ctx 128k"),
    }
    for done, (code, words) in zip(run_batch(list(lines)), lines.values(), strict=True):
        assert done.returncode == code, done
        assert words in done.stderr
        assert code == 1 or not done.stdout
    assert not Path(figure).exists()


def test_turns_of_a_model_are_drawn_for_its_own_length(run_batch: RunBatch) -> None:
    (done,) = run_batch(["freqs --model Llama-3-8B --plot --width 60".split()])
    assert done.stdout.startswith("Llama-3-8B, head_dim 128: turns of each pair within 8,192")


@pytest.mark.slow
def test_ascii_streams_carry_rows_and_plots(run_cli: RunCli) -> None:
    for line in (SHORT["max-ctx"], "curve --base 1e4 --width 60"):
        done = run_cli(*line.split(), env={"PYTHONIOENCODING": "ascii:strict"})
        assert done.stderr == ""
        assert done.stdout.isascii()
