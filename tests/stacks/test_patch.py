"""A config.json changed in place: what changes, what stays, and what a kill leaves."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

import ropecalc
from ropecalc.errors import ConfigError
from ropecalc.models.spans import edited, node
from ropecalc.results import Rope, Setting
from ropecalc.scaling import from_rope
from ropecalc.stacks.transformers.patch import Patch, patch_config
from tests.conftest import HANGS
from tests.stacks.test_emit import FORMS, document_for, ropes, same_spectrum
from tests.tools.laws import laws
from tests.tools.places import ROOT

if TYPE_CHECKING:
    from tests.conftest import RunCli

YARN = {"factor": 4.0, "original_context": 4096}
V4 = """{
    "architectures": ["LlamaForCausalLM"],
    "zz_unknown": {"deep": [1, 2.50, 1e-5]},
    "hidden_size": 4096,
    "num_attention_heads": 32,
    "max_position_embeddings": 4096,
    "model_type": "llama",
    "rms_norm_eps": 1e-05,
    "rope_theta": 1e4,
    "torch_dtype": "bfloat16"
}
"""
V5 = """{
\t"model_type": "llama",
\t"hidden_size": 4096, "num_attention_heads": 32,
\t"rope_parameters": {"rope_theta": 10000, "rope_type": "default"},
\t"max_position_embeddings": 4_096
}""".replace("4_096", "4096")


def yarn(**more: Any) -> Setting:
    return Setting(Rope("all", "yarn", 10000.0, 128, 128, {**YARN, **more}), 16384, 4096)


def plain(base: float, context: int = 8192) -> Setting:
    return Setting(Rope("all", "default", base, 128, 128), context, 4096)


def put(folder: Path, text: str = V4) -> Path:
    path = folder / "config.json"
    path.write_bytes(text.encode())
    return path


def patch(path: Path, asked: Setting, **options: Any) -> Patch:
    return patch_config(path, asked, **options)


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# --- what changes and what stays ------------------------------------------------------------------


def test_only_the_settings_own_lines_change(tmp_path: Path) -> None:
    done = patch(put(tmp_path), yarn())
    added = """    "rope_scaling": {
        "rope_type": "yarn",
        "type": "yarn",
        "factor": 4.0,
        "original_max_position_embeddings": 4096
    }"""
    text = (tmp_path / "config.json").read_text(encoding="utf-8")
    assert text == done.after
    kept = V4.replace('embeddings": 4096', 'embeddings": 16384')
    before, after = kept.split('"bfloat16"')
    assert text == f'{before}"bfloat16",\n{added}{after}'
    assert '"rope_theta": 1e4,' in text
    assert '{"deep": [1, 2.50, 1e-5]}' in text
    lines = done.diff.splitlines()
    assert [line for line in lines if line.startswith("-")][1:] == [
        '-    "max_position_embeddings": 4096,',
        '-    "torch_dtype": "bfloat16"',
    ]


def test_the_new_form_stays_the_new_form(tmp_path: Path) -> None:
    done = patch(put(tmp_path, V5), yarn())
    assert done.after == V5.replace(
        '{"rope_theta": 10000, "rope_type": "default"}',
        '{"rope_theta": 10000, "rope_type": "yarn", "factor": 4.0, '
        '"original_max_position_embeddings": 4096}',
    ).replace('embeddings": 4096\n', 'embeddings": 16384\n')


def test_the_context_is_put_under_the_name_that_the_file_has_for_it(tmp_path: Path) -> None:
    keys = {"model_type": "chatglm", "kv_channels": 128, "rope_ratio": 500, "seq_length": 8192}
    text = json.dumps({"hidden_size": 4096, "num_attention_heads": 32, **keys})
    model = ropecalc.read_config(put(tmp_path, text))
    done = patch(tmp_path / "config.json", ropecalc.make_setting(model, base=1e6, context=32768))
    assert done.after == text.replace("8192", "32768").replace("500", "100")


def test_an_object_of_one_name_of_the_type_keeps_that_name(tmp_path: Path) -> None:
    """A file that transformers 4.43 and later wrote: its base changes, and no more."""
    scaling = '{"rope_type": "linear", "factor": 4.0}'
    own = V4.replace('"rope_theta": 1e4', f'"rope_theta": 1e4, "rope_scaling": {scaling}')
    rope = Rope("all", "linear", 5e6, 128, 128, {"factor": 4.0})
    done = patch(put(tmp_path, own), Setting(rope, 4096, 4096), force=True)
    assert done.after == own.replace("1e4", "5e6").replace("5e6", "5000000.0")


@pytest.mark.parametrize("form", ["transformers-4", "transformers-5"])
@pytest.mark.parametrize("text", [V4, V5])
def test_either_form_can_be_asked_for(tmp_path: Path, text: str, form: str) -> None:
    path = put(tmp_path, text)
    patch(path, yarn(), form=form)
    read = ropecalc.read_config(path)
    assert read.form == form
    same_spectrum(read.rope, yarn().rope, 16384)


def test_keys_in_order_get_a_key_in_its_place(tmp_path: Path) -> None:
    document = {
        "head_dim": 128,
        "hidden_size": 4096,
        "max_position_embeddings": 4096,
        "model_type": "llama",
        "num_attention_heads": 32,
        "rope_theta": 10000.0,
        "vocab_size": 32000,
    }
    done = patch(put(tmp_path, json.dumps(document, indent=2)), yarn())
    assert list(json.loads(done.after)) == sorted([*document, "rope_scaling"])


@pytest.mark.parametrize("text", [V4, V5])
def test_line_endings_and_a_byte_order_mark_stay(tmp_path: Path, text: str) -> None:
    windows = text.replace("\n", "\r\n")
    path = tmp_path / "config.json"
    path.write_bytes(b"\xef\xbb\xbf" + windows.encode())
    patch(path, yarn())
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf{\r\n")
    assert data.count(b"\n") == data.count(b"\r\n")
    same_spectrum(ropecalc.read_config(path).rope, yarn().rope, 16384)


def test_an_integer_where_a_float_is_needed_is_written_anew(tmp_path: Path) -> None:
    whole = V4.replace(
        '"rope_theta": 1e4,', '"rope_scaling": {"type": "linear", "factor": 4}, "rope_theta": 1e4,'
    )
    asked = Setting(Rope("all", "linear", 10000.0, 128, 128, {"factor": 4.0}), 4096, 1024)
    assert '"factor": 4.0' in patch(put(tmp_path, whole), asked).after


def test_a_base_keeps_the_form_of_the_old_one(tmp_path: Path) -> None:
    text = V4.replace("1e4", "10000")
    assert '"rope_theta": 5000000,' in patch(put(tmp_path, text), plain(5e6)).after
    assert '"rope_theta": 5000000.0,' in patch(put(tmp_path), plain(5e6)).after


def test_a_null_head_dim_is_filled_in(tmp_path: Path) -> None:
    """transformers 5.23 builds plain ropes with it, and raises TypeError with YaRN."""
    text = V4.replace('"hidden_size"', '"head_dim": null, "hidden_size"')
    assert '"head_dim": 128' in patch(put(tmp_path, text), yarn()).after
    assert '"head_dim": null' in patch(put(tmp_path, text), plain(5e6)).after
    mixtral = V4.replace('"llama"', '"mixtral"')
    assert json.loads(patch(put(tmp_path, mixtral), yarn()).after)["head_dim"] == 128
    assert "head_dim" not in patch(put(tmp_path), yarn()).after


def test_only_full_attention_changes_where_layers_differ(tmp_path: Path) -> None:
    kinds = {
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        "full_attention": {"rope_theta": 1e6, "rope_type": "default"},
    }
    document = {
        "model_type": "gemma3_text",
        "head_dim": 128,
        "hidden_size": 1024,
        "num_attention_heads": 8,
        "layer_types": list(kinds),
        "sliding_window": 512,
        "max_position_embeddings": 8192,
        "rope_parameters": kinds,
    }
    done = patch(put(tmp_path, json.dumps(document, indent=2)), plain(8e6, 32768))
    found = json.loads(done.after)["rope_parameters"]
    assert found["sliding_attention"] == kinds["sliding_attention"]
    assert found["full_attention"] == {"rope_theta": 8e6, "rope_type": "default"}
    assert list(found) == list(kinds)
    assert done.exact


@pytest.mark.slow
@laws(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ropes(), FORMS, st.sampled_from([None, 0, 2, "\t"]), st.sampled_from([8192, 131072]))
def test_a_second_run_changes_nothing(
    tmp_path: Path, one: Rope, form: dict[str, bool], indent: Any, context: int
) -> None:
    path = put(tmp_path, json.dumps(document_for(one, form), indent=indent))
    asked = Setting(one, context, 4096)
    first = patch(path, asked, backup=False)
    read = ropecalc.read_config(path)
    same_spectrum(read.rope, one, context)
    assert read.form == ("transformers-5" if form["v5"] else "transformers-4")
    again = patch(path, asked, backup=False)
    assert (again.changed, again.diff) == (False, "")
    assert path.read_text(encoding="utf-8") == first.after


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@pytest.mark.slow
@laws(max_examples=50)
@given(
    st.dictionaries(st.text(max_size=4), JSON, max_size=5),
    st.dictionaries(st.sampled_from(["a", "b", ""]), JSON, max_size=3),
    st.sampled_from([None, 1, 4, "\t"]),
)
def test_editing_text_is_editing_the_value(
    old: dict[str, Any], new: dict[str, Any], indent: Any
) -> None:
    text = json.dumps(old, indent=indent)
    changed = edited(text, (), new)
    assert json.loads(changed) == {**old, **new}
    assert edited(changed, (), new) == changed
    for member in node(text).members:  # what was not named is there, letter by letter
        if member.key not in new:
            assert text[member.key_start : member.end] in changed


# --- what is refused ------------------------------------------------------------------------------


def test_another_scaling_is_not_replaced_unless_told(tmp_path: Path) -> None:
    path = put(tmp_path)
    patch(path, yarn())
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"has yarn scaling already, factor 4 .* pass --force"):
        patch(path, plain(5e6))
    assert path.read_bytes() == before
    patch(path, plain(5e6), force=True)
    assert ropecalc.read_config(path).rope.rope_type == "default"


def test_another_head_is_refused(tmp_path: Path) -> None:
    asked = Setting(Rope("all", "default", 1e6, 64, 64), 8192, 4096)
    with pytest.raises(ConfigError, match=r"has a head of 128 dimensions.* is for 64 and 64"):
        patch(put(tmp_path), asked)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"model_type": "no_such_class"}'])
def test_what_is_no_config_is_left_alone(tmp_path: Path, text: str) -> None:
    path = put(tmp_path, text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        patch(path, yarn())
    assert path.read_text(encoding="utf-8") == text
    assert names(tmp_path) == ["config.json"]


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    path = put(tmp_path)
    done = patch(path, yarn(), dry_run=True)
    assert (done.changed, done.written, done.backup_path) == (True, False, None)
    assert path.read_text(encoding="utf-8") == V4
    assert names(tmp_path) == ["config.json"]


# --- files ----------------------------------------------------------------------------------------


def test_no_backup_is_ever_overwritten(tmp_path: Path) -> None:
    path = put(tmp_path)
    (tmp_path / "config.json.bak").write_text("mine")
    kept = [patch(path, plain(base)).backup_path for base in (5e5, 6e5)]
    assert kept == [f"{path}.bak1", f"{path}.bak2"]
    assert (tmp_path / "config.json.bak").read_text() == "mine"
    assert (tmp_path / "config.json.bak1").read_text(encoding="utf-8") == V4
    assert patch(path, plain(6e5)).backup_path is None  # already so
    patch(path, plain(7e5), backup=False)
    assert len(names(tmp_path)) == 4


@pytest.mark.skipif(os.name != "posix", reason="needs modes and links")
def test_a_link_stays_a_link_and_a_mode_stays_a_mode(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    target = put(tmp_path / "blobs")
    target.chmod(0o640)
    link = tmp_path / "config.json"
    link.symlink_to(Path("blobs", "config.json"))
    done = patch(link, yarn())
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == done.after
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert done.backup_path == f"{link}.bak"
    assert stat.S_IMODE(Path(done.backup_path).stat().st_mode) == 0o640


@pytest.mark.parametrize("call", ["tempfile.mkstemp", "os.fsync", "os.replace", "os.link"])
def test_a_failure_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """A full disk, a read-only or vanished folder: wherever it shows, one line and no change."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    path = put(tmp_path)
    monkeypatch.setattr(call, fail)
    with pytest.raises(ConfigError) as caught:
        patch(path, yarn())
    monkeypatch.undo()
    assert str(caught.value) == (
        f"{path}: cannot be written (Read-only file system); nothing was changed"
    )
    assert path.read_text(encoding="utf-8") == V4
    assert not [name for name in names(tmp_path) if name.startswith(".")]


def test_a_vanished_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file; check the path"):
        patch(tmp_path / "gone" / "config.json", yarn())


KILLED = """
import os, signal, sys
from ropecalc.results import Rope, Setting
from ropecalc.stacks.transformers import patch
from ropecalc.models import spans
from ropecalc.stacks import keys, wanted  # so that a child imports nothing
from ropecalc.stacks.transformers import write
from ropecalc.models import huggingface
import ropecalc.files, ropecalc.scaling, tempfile, difflib, shutil

path, old = sys.argv[1], open(sys.argv[1], "rb").read()
rope = Rope("all", "yarn", 1e4, 128, 128, {"factor": 4.0, "original_context": 4096})
asked = Setting(rope, 16384, 4096)
new = patch.patch_config(path, asked, dry_run=True).after.encode()
watched = {patch.__file__, ropecalc.files.__file__, tempfile.__file__}
found = {"old": 0, "new": 0}

def child(after):
    lines = 0
    def line(frame, event, arg):
        nonlocal lines
        if frame.f_code.co_filename not in watched:
            return None
        lines += event == "line"
        if lines == after:
            os.kill(os.getpid(), signal.SIGKILL)
        return line
    sys.settrace(line)
    patch.patch_config(path, asked)
    sys.settrace(None)
    os._exit(0)

for after in range(1, 3000, 3):
    pid = os.fork()
    if not pid:
        child(after)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status):
        break
    data = open(path, "rb").read()
    assert data in (old, new), (after, data)
    found["new" if data == new else "old"] += 1
    for name in os.listdir(os.path.dirname(path)):
        whole = os.path.join(os.path.dirname(path), name)
        if ".bak" in name:
            assert open(whole, "rb").read() == old, (after, name)
        if whole != path:
            os.unlink(whole)
    open(path, "wb").write(old)
print(found["old"], found["new"])
"""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_line_leaves_the_old_file_or_the_new(tmp_path: Path) -> None:
    path = put(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=HANGS,
        check=False,
    )
    assert done.stderr == ""
    old, new = map(int, done.stdout.split())
    assert old >= 30
    assert new >= 1


# --- the command ----------------------------------------------------------------------------------


def test_in_place_shows_the_diff_and_says_what_it_did(run_cli: RunCli, tmp_path: Path) -> None:
    path = str(put(tmp_path))
    line = ["emit", "--in-place", path, "--rope-type", "yarn", "--ctx", "16k"]
    dry = run_cli(*line, "--dry-run")
    done = run_cli(*line)
    again = run_cli(*line)
    assert [dry.returncode, done.returncode, again.returncode] == [0, 0, 0]
    assert dry.stdout == done.stdout
    assert dry.stdout.startswith(f"--- {path} (before)\n+++ {path} (after)\n@@")
    assert "without --dry-run" in dry.stderr
    assert done.stderr.endswith(f"{path}.bak\n")
    assert again.stdout == ""
    assert "already" in again.stderr
    same_spectrum(ropecalc.read_config(path).rope, yarn().rope, 16384)


@pytest.mark.slow
def test_a_name_with_escapes_is_told_without_them(run_cli: RunCli, tmp_path: Path) -> None:
    path = tmp_path / "a\x1b[31m\nb.json"
    path.write_text('{"model_type": "llama", "head_dim": 128, "rope_theta": 10000.0}')
    for line in (("emit", "--base", "5e6"), ("plan", str(path), "--from", "1k", "--to", "4k")):
        told = run_cli(*line, "--in-place", str(path), "--json").stderr
        told += run_cli(*line, "--in-place", str(path), "-q", "--force").stderr
        assert "\x1b" not in told
        assert told
        assert all(str(tmp_path) in line or "b.json" not in line for line in told.splitlines())


def test_in_place_as_json(run_cli: RunCli, tmp_path: Path) -> None:
    path = str(put(tmp_path))
    done = run_cli("emit", "--in-place", path, "--base", "5e5", "--ctx", "8k", "--json")
    (result,) = json.loads(done.stdout)["results"]
    assert (result["changed"], result["written"]) == (True, True)
    assert result["backup_path"] == f"{path}.bak"
    refused = run_cli("emit", "--in-place", path, "--stack", "vllm")
    assert refused.returncode == 2
    assert from_rope(ropecalc.read_config(path).rope).base == 500000


def test_a_factor_that_falls_short_is_put_in_and_not_called_exact(
    run_cli: RunCli, tmp_path: Path
) -> None:
    path = str(put(tmp_path))
    line = ["emit", "--in-place", path, "--rope-type", "yarn", "--factor", "4", "--ctx", "32k"]
    done = run_cli(*line)
    assert done.returncode == 1
    assert '+    "max_position_embeddings": 16384,' in done.stdout.splitlines()
    assert "YaRN with factor 4 from 4,096 reaches 16,384 tokens, short of" in done.stderr
