"""Configs by their name on the Hugging Face hub, against a server that plays the hub."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BATCH, RunCli

CONFIG: dict[str, Any] = {
    "model_type": "qwen3",
    "head_dim": 128,
    "max_position_embeddings": 40960,
    "rope_theta": 1e6,
}
PARAMS = {"dim": 4096, "n_heads": 32, "rope_theta": 5e5, "vocab_size": 128256}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ERROR_CODES = {
    "gated": (403, "GatedRepo"),
    "missing": (404, "RepoNotFound"),
    "unlike": (404, "EntryNotFound"),
    "private": (401, "RepoNotFound"),
    "forbidden": (403, ""),
    "broken": (500, ""),
    "closed-for-now": (503, ""),
}
BODIES = {
    "page": b"<!doctype html><title>Log in</title>",
    "empty": b"",
    "words": b"not JSON at all",
    "listed": b"[1, 2]",
    "binary": b"\x80\x04\x95model",
}


class Hub(ThreadingHTTPServer):
    """What a hub does with ``org/NAME`` goes by the name."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen: list[tuple[str, str, str | None]] = []
        self.released = threading.Event()

    def asked(self, name: str) -> list[tuple[str, str, str | None]]:
        """(method, path, Authorization) of the requests for a model."""
        return [seen for seen in self.seen if seen[1].startswith(f"/org/{name}/")]


class Handler(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.answer()

    def do_GET(self) -> None:
        self.answer()

    def answer(self) -> None:
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization")))
        _, _, name, _, revision, filename = (*self.path.split("/"), *[""] * 6)[:6]
        if name == "hangs-up":
            self.close_connection = True
            return
        if name == "silent":
            self.server.released.wait(60)
            return
        status, code = ERROR_CODES.get(name, (200, ""))
        if revision not in ("main", "v2", ""):
            status, code = 404, "RevisionNotFound"
        if name == "params" and filename == "config.json":
            status, code = 404, "EntryNotFound"
        self.send(name, status, code, self.body(name, revision))

    def body(self, name: str, revision: str) -> bytes:
        if name == "params":
            return json.dumps(PARAMS).encode()
        theta = {"rope_theta": 5e6} if revision == "v2" else {}
        return BODIES.get(name, json.dumps(CONFIG | theta).encode())

    def send(self, name: str, status: int, code: str, body: bytes) -> None:
        self.send_response(status)
        if name != "elsewhere":
            self.send_header("ETag", f'"{name}{hash(body)}"')
            self.send_header("X-Repo-Commit", COMMIT if b"5000000" not in body else COMMIT[::-1])
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("X-HF-Warning", "unauthenticated; you are sending no token")
        self.send_header("Content-Length", str(2**40 if name == "vast" else len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="hub", scope="module")
def _hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def environment(home: Path, port: int) -> dict[str, str]:
    """What the library reads: a hub of ours, an empty cache, no proxy."""
    return {
        "HF_ENDPOINT": f"http://127.0.0.1:{port}",
        "HF_HOME": str(home),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


@pytest.fixture(autouse=True)
def _no_settings_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("HF_", "HUGGING", "TRANSFORMERS_")):
            monkeypatch.delenv(name)


@pytest.fixture(name="env")
def _env(hub: Hub, tmp_path: Path) -> dict[str, str]:
    return environment(tmp_path, hub.server_port)


@pytest.fixture(name="unused_port")
def _unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(name="inspect")
def _inspect(run_cli: RunCli) -> Callable[..., Any]:
    def run(target: str, env: dict[str, str]) -> Any:
        return run_cli("inspect", "--no-bases", "--json", target, env=env)

    return run


def test_read_from_the_hub_and_then_from_the_cache(
    hub: Hub, env: dict[str, str], inspect: Any, unused_port: int
) -> None:
    first = inspect("org/fine", env)
    assert (first.returncode, first.stderr) == (0, "")
    assert '"head_dim": 128' in first.stdout
    assert '"base": 1000000.0' in first.stdout
    assert {method for method, _, _ in hub.asked("fine")} == {"HEAD", "GET"}
    assert {path for _, path, _ in hub.asked("fine")} == {"/org/fine/resolve/main/config.json"}
    assert {token for _, _, token in hub.asked("fine")} == {None}
    again = len(hub.asked("fine"))
    down = env | {"HF_ENDPOINT": f"http://127.0.0.1:{unused_port}"}
    for later in (env | {"HF_HUB_OFFLINE": "1"}, down):
        cached = inspect("org/fine", later)
        assert (cached.returncode, cached.stderr, cached.stdout) == (0, "", first.stdout)
    assert len(hub.asked("fine")) == again


@pytest.mark.slow
def test_the_token_is_sent(hub: Hub, env: dict[str, str], inspect: Any) -> None:
    assert inspect("org/token", env | {"HF_TOKEN": "hf_secret"}).returncode == 0
    assert {token for _, _, token in hub.asked("token")} == {"Bearer hf_secret"}


FETCH = """
import json, sys
from ropecalc.errors import RopecalcError
from ropecalc.models.hub import fetch_config

told = []
for repo, revision in json.load(sys.stdin):
    try:
        config = fetch_config(repo, revision)
    except RopecalcError as error:
        told.append((type(error).__name__, str(error), repr(error.__cause__)))
    else:
        told.append((config.source, config.form, config.rope.base))
json.dump(told, sys.stdout)
"""


@pytest.mark.slow
def test_revisions_and_other_files(hub: Hub, env: dict[str, str], run_python: RunCli) -> None:
    wanted = [["org/two", None], ["org/two", "v2"], ["org/two", "v3"], ["org/params", None]]
    wanted += [["org/a--b", None], ["org/..", None], ["o\nrg/x", None]]
    done = run_python("-W", "error", "-c", FETCH, stdin=json.dumps(wanted), env=env)
    assert done.stderr == ""
    main, second, none, params, *names = json.loads(done.stdout)
    assert main == ["org/two", "transformers-4", 1e6]
    assert second == ["org/two", "transformers-4", 5e6]
    end = "org/two: has no such revision; check the branch, tag or id"
    assert none == ["ConfigError", end, "None"]
    assert params == ["org/params", "params", 5e5]
    assert [kind for kind, _, _ in names] == ["ConfigError"] * 3
    for _, message, _ in names:
        assert message.isprintable()
        assert message.endswith("is not a name on the hub; check the spelling")
    assert not [path for _, path, _ in hub.seen if "--" in path or ".." in path]


LICENCE = "log in with 'hf auth login' and accept its licence on its page there"
NAME = "check the name, or log in with 'hf auth login'; 'ropecalc models' lists those that need no"
REFUSED = {
    "org/missing": f"no such path here, and no such model on the hub; {NAME} hub",
    "org/private": f"no such path here, and no such model on the hub, or a private one; {NAME} hub",
    "org/gated": f"the hub refuses access; {LICENCE}",
    "org/forbidden": f"the hub refuses access; {LICENCE}",
    "org/broken": "the hub answered with HTTP status 500; try again later, or check HF_ENDPOINT",
    "org/closed-for-now": "the hub answered with HTTP status 503; try again later, or check "
    "HF_ENDPOINT",
    "org/unlike": "holds neither config.json nor params.json; download the file that it has",
    "org/page": "the hub sent a web page; check HF_ENDPOINT, and any proxy",
    "org/elsewhere": "the answer is not that of a Hugging Face hub; check HF_ENDPOINT, and any "
    "proxy",
    "org/empty": "the hub sent an empty file; try another revision",
    "org/words": "is not valid JSON at line 1, column 1; correct it there",
    "org/listed": "holds JSON, but not an object; pass a model's config.json",
    "org/binary": "is not text in UTF-8; pass a model's config.json",
}


@pytest.mark.slow
def test_a_hub_that_sends_no_config(hub: Hub, env: dict[str, str], run_python: RunCli) -> None:
    lines = [["inspect", name] for name in (*REFUSED, "org/vast")]
    done = run_python("-W", "error", "-c", BATCH, stdin=json.dumps(lines), env=env)
    assert done.stderr == ""  # nor does the library say anything past the commands
    told = {args[1]: (code, out, err) for args, code, out, err in json.loads(done.stdout)}
    for name, end in REFUSED.items():
        code, out, err = told[name]
        assert (code, out) == (2, ""), name
        assert err.endswith(f" {name}: {end}\n")
        assert err.count("\n") == 1
    assert "config.json is larger than" in told["org/vast"][2]
    assert [method for method, _, _ in hub.asked("vast")] == ["HEAD"]


@pytest.mark.slow
def test_a_hub_that_hangs_up(hub: Hub, env: dict[str, str], inspect: Any) -> None:
    done = inspect("org/hangs-up", env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "org/hangs-up: no such path here, and the hub cannot be reached (" in done.stderr
    assert done.stderr.endswith("; check the network and HF_ENDPOINT\n")
    assert len(hub.asked("hangs-up")) == 1  # it is not tried again and again


@pytest.mark.slow
def test_a_hub_that_is_not_there(tmp_path: Path, inspect: Any, unused_port: int) -> None:
    done = inspect("org/any", environment(tmp_path, unused_port))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "org/any: no such path here, and the hub cannot be reached (Connection refused); check the "
        "network and HF_ENDPOINT\n"
    )


@pytest.mark.slow
def test_a_hub_that_stays_silent(env: dict[str, str], inspect: Any) -> None:
    done = inspect("org/silent", env | {"HF_HUB_ETAG_TIMEOUT": "1"})
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "org/silent: no such path here, and the hub gave no answer in time; try again, or set "
        "HF_HUB_ETAG_TIMEOUT to "
        "more\n"
    )


@pytest.mark.slow
def test_offline_without_a_cache(hub: Hub, env: dict[str, str], inspect: Any) -> None:
    done = inspect("org/unheard", env | {"HF_HUB_OFFLINE": "1"})
    assert (done.returncode, done.stdout, hub.asked("unheard")) == (2, "", [])
    assert done.stderr.endswith(
        "org/unheard: no such path here, and not in the cache, and offline (HF_HUB_OFFLINE); "
        "unset that, or pass a file; "
        "'ropecalc models' lists those that need no hub\n"
    )


@pytest.mark.slow
def test_paths_and_known_names_ask_no_hub(
    hub: Hub, env: dict[str, str], tmp_path: Path, run_python: RunCli
) -> None:
    before = len(hub.seen)
    folder = tmp_path / "org"
    folder.mkdir()
    (folder / "here").write_text(json.dumps(CONFIG))
    targets = ["Qwen3-8B", str(folder / "here"), "./org/none", "org/none.json", "org/x/y", "nosuch"]
    lines = [["inspect", "--no-bases", target] for target in targets]
    done = run_python("-c", BATCH, stdin=json.dumps(lines), env=env)
    codes = [code for _, code, _, _ in json.loads(done.stdout)]
    assert codes == [0, 0, 2, 2, 2, 2]
    assert len(hub.seen) == before


def test_a_file_of_such_a_name_comes_before_the_hub(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ropecalc.cli.target import load

    monkeypatch.chdir(tmp_path)
    (tmp_path / "org").mkdir()
    (tmp_path / "org/here").write_text(json.dumps(CONFIG))
    before = len(hub.seen)
    assert load("org/here").source == "org/here"
    assert len(hub.seen) == before


def test_without_the_library(env: dict[str, str], run_cli: RunCli, tmp_path: Path) -> None:
    stub = tmp_path / "huggingface_hub.py"
    stub.write_text("raise ImportError('not installed')")
    env["PYTHONPATH"] = f"{tmp_path}{os.pathsep}{os.environ['PYTHONPATH']}"
    done = run_cli("inspect", "org/any", env=env)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(
        "org/any: reading from the Hugging Face hub needs huggingface_hub; "
        "pip install 'ropecalc[hub]'\n"
    )


def test_an_environment_that_the_library_does_not_understand(
    env: dict[str, str], inspect: Any
) -> None:
    done = inspect("org/fine", env | {"HF_HUB_ETAG_TIMEOUT": "ten"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "org/fine: huggingface_hub does not start (invalid literal for int()" in done.stderr
    assert done.stderr.endswith("; check the environment's HF_ variables\n")
