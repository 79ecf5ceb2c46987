"""A staircase built by a dask cluster: real processes, some killed on the way, some added."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ropecalc import __version__, build_staircase, tables
from tests.conftest import HANGS, RunCli
from tests.tools.cluster import QUICKER, Cluster
from tests.tools.places import ROOT

LINE = ("staircase", "--dim", "32", "--ctx", "400", "--no-table", "--csv")
CURE = "pass the address that 'dask scheduler' prints, such as tcp://10.0.0.1:8786"
posix = pytest.mark.skipif(os.name != "posix", reason="needs the signals of POSIX")


@pytest.fixture(scope="module")
def alone() -> bytes:
    """What one process writes."""
    return tables.encode(build_staircase("minimum", 32, 400, jobs=1))


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    pytest.importorskip("distributed", reason="needs the extra cluster")
    with Cluster(tmp_path_factory.mktemp("cluster")) as found:
        yield found


def start(cluster: Cluster, path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ropecalc", *LINE, "--dask", cluster.address, "--save", path],
        cwd=ROOT,
        env={**os.environ, **QUICKER},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_until(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Wait for something that comes while a process runs."""
    end = time.monotonic() + HANGS
    while not done():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def lines_of(path: Path) -> int:
    """How many tasks a journal has."""
    journal = path.with_name(f"{path.name}.part")
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


@pytest.mark.slow
@posix
def test_workers_may_be_killed_and_added_and_the_file_is_the_same(
    cluster: Cluster, tmp_path: Path, alone: bytes
) -> None:
    path = tmp_path / "s"
    first, second = cluster.add_worker(), cluster.add_worker()
    cluster.wait_for_workers()
    done = start(cluster, path)  # two workers, left alone
    assert done.communicate(timeout=HANGS)[1] == f"The table is in {path}\n"
    assert (done.returncode, path.read_bytes()) == (0, alone)
    path.unlink()
    build = start(cluster, path)
    wait_until(lambda: lines_of(path) > 5, build)
    first.kill()
    reached = lines_of(path)
    wait_until(lambda: lines_of(path) > reached + 5, build)  # the other one goes on
    second.kill()
    cluster.add_worker()  # which nobody but the scheduler knows of
    out, err = build.communicate(timeout=HANGS)
    assert (build.returncode, err) == (0, f"The table is in {path}\n")
    assert path.read_bytes() == alone
    assert len(out.splitlines()) == len(tables.decode(alone, "x").bases) + 1
    assert [file.name for file in tmp_path.iterdir()] == ["s"]


@pytest.mark.slow
@posix
def test_a_build_that_is_killed_or_loses_its_scheduler_is_taken_up_by_any_engine(
    cluster: Cluster, tmp_path: Path, alone: bytes, run_process: RunCli
) -> None:
    path = tmp_path / "s"
    build = start(cluster, path)
    assert build.stderr is not None
    assert build.stderr.readline() == (
        f"Waiting for workers: start one with 'dask worker {cluster.address}'\n"
    )
    cluster.add_worker()
    wait_until(lambda: lines_of(path) > 2, build)
    build.send_signal(signal.SIGKILL)
    build.communicate(timeout=HANGS)
    reached = lines_of(path)
    build = start(cluster, path)
    wait_until(lambda: lines_of(path) > reached + 2, build)
    cluster.scheduler.kill()
    out, err = build.communicate(timeout=HANGS)
    assert (build.returncode, out) == (2, "")
    going_on, problem = err.splitlines()
    assert going_on.startswith(f"Resuming from {path}.part: ")
    assert problem == (
        f"Error: Invalid value for '--dask': the dask scheduler at {cluster.address} is gone: "
        "start it again, and rerun the command"
    )
    done = run_process(*LINE, "--save", str(path), "--jobs", "1")
    assert done.returncode == 0
    assert path.read_bytes() == alone


REFUSALS = """
import json, sys
from ropecalc import InvalidValueError
from ropecalc.base.cluster import cluster
for address in json.load(sys.stdin):
    try:
        with cluster(address):
            print("ready")
    except InvalidValueError as error:
        print(error.parameter, error)
"""


BARE = """
import importlib.metadata, sys
def version(name):
    raise importlib.metadata.PackageNotFoundError(name)
importlib.metadata.version = version
sys.modules["ropecalc"] = None
"""


@pytest.mark.slow
def test_what_is_no_scheduler_or_has_other_workers_is_refused_with_the_cure(
    cluster: Cluster, run_python: RunCli, tmp_path: Path
) -> None:
    build = start(cluster, tmp_path / "s")
    assert build.stderr is not None
    assert build.stderr.readline().startswith("Waiting for workers")
    cluster.add_worker("--preload", BARE)  # it comes too late to be looked at first
    out, err = build.communicate(timeout=HANGS)
    cluster.wait_for_workers()
    log = (cluster.folder / "worker-0.log").read_text()
    (worker,) = {line.split()[-1] for line in log.splitlines() if "Start worker at" in line}
    cure = f"install ropecalc {__version__} there"
    refused = f"Error: Invalid value for '--dask': the worker at {worker} has no ropecalc: {cure}\n"
    assert (build.returncode, out, err) == (2, "", refused)
    secure = cluster.address.replace("tcp", "tls")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        nobody = f"127.0.0.1:{silent.getsockname()[1]}"
        with socket.create_server(("127.0.0.1", 0)) as closed:
            free = f"127.0.0.1:{closed.getsockname()[1]}"
        asked = [worker, nobody, free, secure, cluster.address]
        done = run_python("-c", REFUSALS, stdin=json.dumps(asked))
    *said, other = done.stdout.splitlines()
    facts = [re.sub(r" \(.*\)", "", line) for line in said]  # in brackets are dask's own words
    assert facts == [
        f"dask {worker} is a dask worker: {CURE}",
        *(f"dask {place} is no dask scheduler: {CURE}" for place in (nobody, free, secure)),
    ]
    assert other == f"dask the worker at {worker} has no ropecalc: {cure}"
    assert done.stderr == ""


@pytest.mark.parametrize("address", ["", "nowhere", "tcp://", "a b", "x:y"])
def test_an_address_without_a_port_is_refused_at_once(run_cli: RunCli, address: str) -> None:
    done = run_cli(*LINE, "--dask", address)
    assert (done.returncode, done.stdout) == (2, "")
    shown = address or "''"
    assert done.stderr == (
        f"Error: Invalid value for '--dask': {shown} is no dask scheduler (no port): {CURE}\n"
    )


def test_without_the_extra_it_is_named(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = run_cli(*LINE, "--dask", "tcp://127.0.0.1:8786")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "Error: Invalid value for '--dask': a cluster needs dask.distributed: pip install "
        "'ropecalc[cluster]'\n"
    )
