"""Inputs that are broken or mean harm: one line, exit code 2, at once and without eating memory."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ropecalc.models.jsonfile import MAX_BYTES
from tests.conftest import HANGS, RunBatch
from tests.tools.places import ROOT

PLAIN: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "max_position_embeddings": 131072,
    "rope_theta": 5e5,
}
LLAMA3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
LONG = {
    "rope_type": "longrope",
    "short_factor": [1.0] * 64,
    "long_factor": [2.0] * 64,
    "original_max_position_embeddings": 4096,
}
MILLION = 10**6
ZERO = Path("/dev/zero")
FEW_MB = 300  # an interpreter with numpy needs 60
SECONDS = 20.0  # of a processor; each takes 0.1 to 0.8, the start included


class Case(NamedTuple):
    """A file's content, and words of the line that refuses it."""

    change: dict[str, Any]
    words: str


NAN, INFINITE = float("nan"), float("inf")
VALUES = {
    "base NaN": Case({"rope_theta": NAN}, "rope_theta must be a number greater than 1"),
    "base infinite": Case({"rope_theta": INFINITE}, "rope_theta must be a number greater than 1"),
    "base negative": Case({"rope_theta": -1e4}, "got -10000.0"),
    "base zero": Case({"rope_theta": 0}, "greater than 1, got 0"),
    "base a string": Case({"rope_theta": "500000"}, 'got "500000"'),
    "base true": Case({"rope_theta": True}, "got true"),
    "base an object": Case({"rope_theta": {"a": 1}}, "got an object"),
    "base of 400 digits": Case({"rope_theta": 10**400}, "got 1000000"),
    "dims negative": Case({"hidden_size": -4096}, "must be a positive integer, got -4096"),
    "dims zero": Case({"num_attention_heads": 0}, "must be a positive integer, got 0"),
    "dims a string": Case({"hidden_size": "4096"}, 'got "4096"'),
    "dims a fraction": Case({"head_dim": 0.5}, "must be a positive integer, got 0.5"),
    "dims odd": Case({"head_dim": 127}, "must be an even integer"),
    "dims vast": Case({"head_dim": 2**60}, "must be"),
    "dims do not divide": Case({"num_attention_heads": 7}, "cannot divide"),
    "layers vast": Case(
        {"num_hidden_layers": 10**15, "sliding_window": 512, "model_type": "gemma2"}, "at most"
    ),
    "context a string": Case({"max_position_embeddings": "128k"}, 'got "128k"'),
    "context negative": Case({"max_position_embeddings": -1}, "got -1"),
    "context vast": Case({"max_position_embeddings": 10**30}, "must be a positive integer"),
    "scaling a word": Case({"rope_scaling": "dynamic"}, 'must be an object, got "dynamic"'),
    "scaling a list": Case({"rope_scaling": [1]}, "must be an object, got a list"),
    "scaling unknown": Case({"rope_scaling": {"rope_type": "twisted"}}, "'twisted'"),
    "scaling of no type": Case(
        {"rope_scaling": {"factor": 8.0}, "model_type": "no_such_class"}, "has no rope_type"
    ),
    "factor NaN": Case({"rope_scaling": LLAMA3 | {"factor": NAN}}, "factor must be"),
    "factor infinite": Case({"rope_scaling": YARN | {"factor": INFINITE}}, "factor must be"),
    "factor negative": Case({"rope_scaling": YARN | {"factor": -4.0}}, "got -4.0"),
    "factor zero": Case({"rope_scaling": YARN | {"factor": 0.0}}, "got 0.0"),
    "factor below one": Case({"rope_scaling": YARN | {"factor": 0.5}}, "factor"),
    "factor absent": Case({"rope_scaling": {"rope_type": "linear"}}, "has no rope_scaling.factor"),
    "frequency factors the wrong way": Case(
        {"rope_scaling": LLAMA3 | {"low_freq_factor": 4.0, "high_freq_factor": 1.0}}, "freq_factor"
    ),
    "original length negative": Case(
        {"rope_scaling": YARN | {"original_max_position_embeddings": -1}}, "got -1"
    ),
    "lists too short": Case({"rope_scaling": LONG | {"long_factor": [1.0]}}, "long_factor"),
    "lists too long": Case({"rope_scaling": LONG | {"short_factor": [1.0] * 65}}, "short_factor"),
    "lists empty": Case({"rope_scaling": LONG | {"short_factor": []}}, "short_factor"),
    "lists of strings": Case({"rope_scaling": LONG | {"short_factor": ["1"] * 64}}, 'got "1"'),
    "lists with NaN": Case({"rope_scaling": LONG | {"long_factor": [NAN] * 64}}, "long_factor[0]"),
    "lists with zero": Case({"rope_scaling": LONG | {"long_factor": [0.0] * 64}}, "got 0.0"),
    "lists of lists": Case({"rope_scaling": LONG | {"long_factor": [[1.0]] * 64}}, "got a list"),
    "a million short factors": Case(
        {"rope_scaling": LONG | {"short_factor": [1] * MILLION}}, "1,000,000 entries"
    ),
    "a million layer types": Case({"layer_types": ["a"] * MILLION}, "1,000,000 entries"),
    "a million layers without rotation": Case(
        {"model_type": "smollm3", "no_rope_layers": [1] * MILLION}, "1,000,000 entries"
    ),
}


@pytest.mark.slow
def test_values(tmp_path: Path, run_batch: RunBatch) -> None:
    """All in one process, which is quick, and shows that none leaves anything behind."""
    lines = []
    for at, case in enumerate(VALUES.values()):
        content = json.dumps(PLAIN | case.change, separators=(",", ":"))
        (tmp_path / f"{at}.json").write_text(content)
        lines.append(["inspect", "--no-bases", str(tmp_path / f"{at}.json")])
    for name, case, done in zip(VALUES, VALUES.values(), run_batch(lines), strict=True):
        assert (done.returncode, done.stdout) == (2, ""), name
        assert done.stderr.count("\n") == 1, name
        assert case.words in done.stderr, name
        assert len(done.stderr) < 400, name


Make = Callable[[Path], str | bytes | None]


def loop(path: Path) -> None:
    other = path.with_name("other.json")
    other.symlink_to(path)
    path.symlink_to(other)


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(200 * 2**20)


def big_json(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b'{"rope_theta": 1e4, "list": [0')
        for _ in range(200):
            file.write(b",1" * 2**19)
        file.write(b"]}")


def gguf(tensors: int, keys: int, rest: bytes = b"") -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, tensors, keys) + rest


KEY = struct.pack("<Q", 1) + b"a"
STRINGS = KEY + struct.pack("<IIQ", 9, 8, 2**62)  # an array of so many strings
NESTED = KEY + (struct.pack("<I", 9) + struct.pack("<IQ", 9, 1)) * 10_000
FULL = MAX_BYTES - 2**16  # just below what is read at all
FILES: dict[str, tuple[Make, str]] = {
    "empty": (lambda _: b"", "is empty; pass a"),
    "spaces": (lambda _: b" " * FULL, "not valid JSON"),
    "binary": (lambda _: bytes(range(256)) * 4096, "not text in UTF-8"),
    "zeros": (lambda _: bytes(2**20), "not valid JSON"),
    "page": (lambda _: "<!doctype html><title>Sign in</title>", "not valid JSON"),
    "1e400": (lambda _: '{"rope_theta": 1e400, "head_dim": 128}', "rope_theta must be"),
    "a million digits": (lambda _: '{"rope_theta": ' + "9" * MILLION + "}", "too long to read"),
    "deep objects": (lambda _: '{"a":' * (MILLION // 2), "nested too deeply"),
    "deep lists": (lambda _: "[" * MILLION, "nested too deeply"),
    "deep texts": (lambda _: '{"text_config":' * 900 + "1" + "}" * 900, "text_config"),
    "many lists": (lambda _: '{"a": [' + "[]," * (FULL // 3) + "1]}", "has no rope_theta"),
    "many keys": (
        lambda _: "{" + ",".join(f'"{k:09}":1' for k in range(FULL // 14)) + "}",
        "has no rope_theta",
    ),
    "a long word": (lambda _: '{"rope_theta": "' + "a" * FULL + '"}', 'got "aaa'),
    "200 MB of JSON": (big_json, "larger than"),
    "200 MB of nothing": (sparse, "larger than"),
    "symlink loop": (loop, "cannot be read (Too many levels of symbolic links)"),
    "folder": (lambda path: path.mkdir(), "holds no config.json, params.json or GGUF file"),
    "a million lines of a script": (lambda _: "python a.py --lr 1 \\\n" * MILLION, "larger than"),
    "one line of a million words": (lambda _: "python a.py" + " --lr 1" * MILLION, "larger than"),
    "GGUF cut short": (lambda _: gguf(1, 1)[:10], "is cut short or damaged"),
    "GGUF of 2^62 keys": (lambda _: gguf(0, 2**62), "claims to hold 4611686018427387904 keys"),
    "GGUF of 2^62 tensors": (lambda _: gguf(2**62, 0), "claims to hold"),
    "GGUF of 2^62 strings": (lambda _: gguf(0, 1, STRINGS), "is cut short or damaged"),
    "GGUF of nested arrays": (lambda _: gguf(0, 1, NESTED), "a list of the unknown type 9"),
    "GGUF of zeros": (lambda _: gguf(2**40, 2**40, bytes(2**22)), "claims to hold"),
}
OUTSIDE = {"endless": "larger than", "memory": "cannot be read"}

MEASURE = """
import json, os, subprocess, sys

done = {}
paths, folder = json.load(sys.stdin)
for name, path in paths.items():
    args = [sys.executable, "-m", "ropecalc", "inspect", "--no-bases", path]
    out, err = open(f"{folder}/out", "w+b"), open(f"{folder}/err", "w+b")
    process = subprocess.Popen(args, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = usage.ru_utime + usage.ru_stime
    out.seek(0), err.seek(0)
    told = [out.read().decode(), err.read().decode()]
    done[name] = [os.waitstatus_to_exitcode(status), *told, seconds, usage.ru_maxrss // 1024]
json.dump(done, sys.stdout)
"""


def written(folder: Path) -> dict[str, str]:
    """The path of every file of the table."""
    paths = {}
    for at, (name, (make, _)) in enumerate(FILES.items()):
        path = folder / f"{at}.json"
        content = make(path)
        if content is not None:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        paths[name] = str(path)
    return paths | {"endless": "/dev/zero", "memory": "/proc/self/mem"}


@pytest.mark.slow
def test_files(tmp_path: Path) -> None:
    """Each as a process of its own, whose time and memory are measured from a small parent."""
    if shutil.disk_usage(tmp_path).free < 2**30:
        pytest.skip("needs 1 GiB of disk")
    paths = {name: path for name, path in written(tmp_path).items() if os.path.lexists(path)}
    command = [sys.executable, "-c", MEASURE]
    table = json.dumps([paths, str(tmp_path)])
    done = subprocess.run(
        command, input=table, capture_output=True, text=True, cwd=ROOT, timeout=HANGS, check=True
    )
    measured = json.loads(done.stdout)
    assert measured.keys() == paths.keys()
    words = {name: words for name, (_, words) in FILES.items()} | OUTSIDE
    for name, (code, out, err, seconds, megabytes) in measured.items():
        assert (code, out) == (2, ""), name
        assert err.count("\n") == 1, name
        assert err.isascii() or err.strip().isprintable(), name
        assert words[name] in err, name
        assert len(err) < 400 + len(paths[name]), name
        assert seconds < SECONDS, name
        assert megabytes < FEW_MB, name


def test_no_permission(tmp_path: Path, run_batch: RunBatch) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(PLAIN))
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root may read everything; tests/models/test_reading.py tells the words")
    (done,) = run_batch([["inspect", "--no-bases", str(path)]])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("no permission to read it; check its access rights\n")


@pytest.mark.skipif(not ZERO.exists(), reason="needs /dev/zero")
def test_standard_input_without_end() -> None:
    command = [sys.executable, "-m", "ropecalc", "inspect", "--no-bases", "-"]
    with ZERO.open("rb") as endless:
        done = subprocess.run(
            command,
            stdin=endless,
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=HANGS,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "standard input: larger than" in done.stderr
