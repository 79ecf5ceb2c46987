"""Every file in examples/ runs, and does what it says."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import ropecalc
from tests.conftest import HANGS
from tests.tools import regenerate_screenshot, transcript
from tests.tools.places import ROOT

EXAMPLES = ROOT / "examples"


def run(*command: str | Path, folder: Path, fails: bool = False, says: str = "") -> str:
    """What a command prints; on stderr ``says`` among what a setting lacks, unless it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=transcript.environment(folder),
        capture_output=True,
        text=True,
        timeout=HANGS,
        check=False,
    )
    assert bool(done.returncode) is fails, done.stderr
    assert fails or bool(done.stderr) == bool(says)
    assert says in done.stderr
    return done.stdout


def pick_bases(folder: Path) -> None:
    out = folder / "configs"
    out.mkdir()
    output = run("bash", EXAMPLES / "pick_bases.sh", out, folder=folder)
    assert output.count("rope_theta") == 3
    assert sorted(path.name for path in out.iterdir()) == [
        "config-16384.json",
        "config-32768.json",
        "config-4096.json",
    ]
    template = json.loads((EXAMPLES / "config.template.json").read_text())
    for context, base in ((4096, 4.8e4), (16384, 5e5), (32768, 2e6)):
        config = json.loads((out / f"config-{context}.json").read_text())
        changes = {"rope_theta": base, "max_position_embeddings": context}
        assert config == template | changes


def choose_base(folder: Path) -> None:
    output = run(sys.executable, EXAMPLES / "choose_base.py", folder=folder)
    assert re.search(r"^ +128 +8,192 +83,763\.84\d\d +8\.4e\+04 +8,172$", output, re.MULTILINE)
    assert "640000 breaks the bound at 32,768 tokens:\n  7 distances are negative" in output
    assert "630000 holds at 32,768 tokens" in output


def template(folder: Path) -> None:
    config = ropecalc.read_config(EXAMPLES / "config.template.json")
    assert (config.rope.head_dim, config.rope.base, config.context) == (128, 1e4, 4096)
    command = [sys.executable, "-m", "ropecalc", "check"]
    output = run(*command, EXAMPLES / "config.template.json", "-q", folder=folder, fails=True)
    assert output == ""


def audit_configs(folder: Path) -> None:
    script = EXAMPLES / "audit_configs.sh"
    good = json.loads((EXAMPLES / "config.template.json").read_text())
    scaling = {"type": "linear", "factor": 4}  # an integer, which vLLM takes for a list
    for name, config in (("a model", good), ("another", {**good, "rope_scaling": scaling})):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "config.json").write_text(json.dumps(config))
    output = run("bash", script, folder / "models" / "a model", folder=folder)
    assert "base-below-bound" in output
    output = run("bash", script, folder / "models", folder=folder, fails=True)
    assert "integer-factor" in output
    output = run("bash", script, folder / "models", "--ignore", "integer-factor", folder=folder)
    assert "another" in output
    empty = folder / "empty"
    empty.mkdir()
    done = subprocess.run(["bash", str(script), str(empty)], capture_output=True, check=False)
    assert done.returncode == 2


def serve_longer(folder: Path) -> None:
    config = folder / "Qwen3-8B" / "config.json"
    config.parent.mkdir()
    source = ROOT / "tests" / "data" / "configs" / "Qwen--Qwen3-8B--copy.json"
    config.write_bytes(source.read_bytes())
    script = EXAMPLES / "serve_longer.sh"
    kept = f"the backup is {config}.bak"
    output = run("bash", script, config, "32k", "128k", folder=folder, says=kept)
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
    written = json.loads(config.read_text())
    assert scaling.items() <= written["rope_scaling"].items()
    assert written["rope_theta"] == 1_000_000
    assert written["max_position_embeddings"] == 131_072
    assert config.with_name("config.json.bak").read_bytes() == source.read_bytes()
    _, vllm, llama = (
        next(line for line in output.splitlines() if line.startswith(words))
        for words in ("# the bound holds up to 66234 tokens", "vllm serve", "llama-server")
    )
    overrides = json.loads(shlex.split(vllm)[shlex.split(vllm).index("--hf-overrides") + 1])
    assert (scaling | {"rope_theta": 1e6}).items() <= overrides["rope_parameters"].items()
    assert vllm.endswith("--max-model-len 131072")
    assert "--rope-scaling yarn --rope-scale 4 --yarn-orig-ctx 32768" in llama
    again = run("bash", script, config, "32k", "128k", folder=folder, says="nothing changes")
    assert again == output
    assert len(list(config.parent.iterdir())) == 2


def base_over_context(folder: Path) -> None:
    script = EXAMPLES / "base_over_context.py"
    numbers = run(sys.executable, script, folder / "figure.svg", folder=folder)
    assert re.search(r"^ +32,768 +629,978 +3,325,751 +951,740$", numbers, re.MULTILINE)
    assert re.search(r"^Llama-3-8B +8,192 +500,000 +meets it$", numbers, re.MULTILINE)
    assert re.search(r"^Qwen3-8B +40,960 +1,000,000 +breaks it$", numbers, re.MULTILINE)
    assert (folder / "figure.svg").read_bytes().startswith(b"<?xml")


def recall(folder: Path) -> None:
    script, found, figure = EXAMPLES / "recall.py", EXAMPLES / "recall.tsv", folder / "figure.svg"
    output = run(sys.executable, script, "report", found, figure, folder=folder)
    assert re.search(r"^minimum +0\.35 +0\.211 +0\.84$", output, re.MULTILINE)
    assert figure.read_text() == (EXAMPLES / "recall.svg").read_text()


def recall_file(_: Path) -> None:
    """Tests of the experiment read both: tests/evidence/test_recall.py."""
    for name, rows in (("recall.tsv", 198), ("recall-longer.tsv", 30)):
        lines = (EXAMPLES / name).read_text(encoding="utf-8").splitlines()
        assert (len(lines) - 1, len({line.count("\t") for line in lines})) == (rows, 1)


def screenshot(_: Path) -> None:
    """It shows what the commands print now, and loads nothing from anywhere."""
    picture = (EXAMPLES / "screenshot.svg").read_text(encoding="utf-8")
    words = "".join(ET.fromstring(picture).itertext()).replace("\N{NO-BREAK SPACE}", " ")
    for command in regenerate_screenshot.COMMANDS:
        assert f"$ {command}" in words
    assert re.findall(r"https?://[^\"' ]*", picture) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"@font-face|@import|<script|<image|url\((?!#)", picture)
    assert len(picture) < 100_000
    assert picture == regenerate_screenshot.drawn(regenerate_screenshot.shown()), (
        "tests/tools/regenerate_screenshot.py draws it anew"
    )


TESTS: dict[str, Callable[[Path], None]] = {
    "pick_bases.sh": pick_bases,
    "choose_base.py": choose_base,
    "config.template.json": template,
    "audit_configs.sh": audit_configs,
    "base_over_context.py": base_over_context,
    "recall.py": recall,
    "recall.svg": recall,
    "recall.tsv": recall_file,
    "recall-longer.tsv": recall_file,
    "serve_longer.sh": serve_longer,
    "screenshot.svg": screenshot,
}


def files() -> list[str]:
    ignored = {"__pycache__"}
    return sorted(path.name for path in EXAMPLES.iterdir() if path.name not in ignored)


SECONDS = ("base_over_context.py", "choose_base.py", "serve_longer.sh")  # that take some


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SECONDS else ()) for name in files()],
)
def test_example(name: str, tmp_path: Path) -> None:
    assert name in TESTS, f"examples/{name} has no test: write one and add it to TESTS"
    TESTS[name](tmp_path)


def test_no_config_is_left_half_written(tmp_path: Path) -> None:
    shim = tmp_path / "bin" / "ropecalc"
    variables = transcript.environment(tmp_path)
    real = shim.read_text().splitlines()[1]
    shim.write_text(f'#!/bin/sh\n[ "$1" = check ] && exit 1\n{real}\n')
    out = tmp_path / "configs"
    out.mkdir()
    done = subprocess.run(
        ["bash", str(EXAMPLES / "pick_bases.sh"), str(out)], env=variables, check=False
    )
    assert done.returncode == 1
    assert list(out.iterdir()) == []
