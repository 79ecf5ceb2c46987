"""A model's config from the Hugging Face hub, by its name there.

All is done through the ``huggingface_hub`` library, whose environment applies: ``HF_ENDPOINT``,
``HF_TOKEN`` and the token that ``hf auth login`` stored, ``HF_HOME`` and the cache in it,
``HF_HUB_OFFLINE``, ``HF_HUB_ETAG_TIMEOUT`` and the rest. Only calls are used that the library has
had since 0.25.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ropecalc.errors import ConfigError
from ropecalc.files import printable, read_bytes
from ropecalc.models.hub_errors import explain
from ropecalc.models.jsonfile import MAX_BYTES, WANTED
from ropecalc.models.reading import IN_A_FOLDER, parse_bytes

if TYPE_CHECKING:
    from ropecalc.results import ModelConfig

INSTALL = "reading from the Hugging Face hub needs huggingface_hub; pip install 'ropecalc[hub]'"
ENVIRONMENT = "check the environment's HF_ variables"
SILENCE = 5.0  # seconds without an answer, where HF_HUB_ETAG_TIMEOUT sets no other
PATIENCE = 10.0  # seconds for all of it, retries of the library included
TIMEOUTS = ("HF_HUB_ETAG_TIMEOUT", "HF_HUB_DOWNLOAD_TIMEOUT")


def fetch_config(repo: str, revision: str | None = None) -> ModelConfig:
    """What the config of a model on the Hugging Face hub says about its rotary embeddings.

    ``config.json``, or ``params.json`` where there is no such file. A file in the library's cache
    is read where the hub cannot be reached. A hub that refuses ends at once; one that stays
    silent after 5 seconds, and a slow one after 10, unless ``HF_HUB_ETAG_TIMEOUT`` or
    ``HF_HUB_DOWNLOAD_TIMEOUT`` say otherwise.

    Parameters
    ----------
    repo : "organisation/name"
    revision : a branch, a tag or a commit; the main branch unless given

    Raises
    ------
    ConfigError
        The library is missing, the hub has no such model, refuses it, cannot be reached or sends
        no config, or what the config says is outside its domain.
    UnsupportedError
        The file has no rotation, or a scaling that is not known.
    """
    try:
        from huggingface_hub import constants  # noqa: F401
    except ImportError:
        raise ConfigError(f"{printable(repo)}: {INSTALL}") from None
    except ValueError as error:
        start = f"huggingface_hub does not start ({error})"
        raise ConfigError(f"{printable(repo)}: {start}; {ENVIRONMENT}") from None
    with _quiet():
        path = _within(_patience(), lambda: _download(repo, revision or None), printable(repo))
    _, data = read_bytes(path, MAX_BYTES, ConfigError, WANTED, may_be_empty=True)
    return parse_bytes(repo, _checked(printable(repo), data))


def _download(repo: str, revision: str | None) -> str:
    """Where the config lies in the cache, fetched if need be."""
    from huggingface_hub import errors

    for filename in IN_A_FOLDER:
        try:
            return _file(repo, revision, filename)
        except errors.LocalEntryNotFoundError:
            raise
        except errors.EntryNotFoundError:
            continue  # the model is there, and this file is not
    wanted = " nor ".join(IN_A_FOLDER)
    raise ConfigError(f"{printable(repo)}: holds neither {wanted}; download the file that it has")


def _file(repo: str, revision: str | None, filename: str) -> str:
    """One file, by a first request that is not repeated: the library's download would be."""
    import huggingface_hub as hub
    from huggingface_hub import errors

    if hub.constants.HF_HUB_OFFLINE:
        return _cached(repo, revision, filename)
    try:
        _ask(repo, revision, filename)
    except (errors.EntryNotFoundError, errors.RevisionNotFoundError, ConfigError):
        raise
    except Exception:
        with contextlib.suppress(Exception):
            return _cached(repo, revision, filename)
        raise
    return str(hub.hf_hub_download(repo, filename, revision=revision, etag_timeout=_silence()))


def _cached(repo: str, revision: str | None, filename: str) -> str:
    import huggingface_hub as hub

    return str(hub.hf_hub_download(repo, filename, revision=revision, local_files_only=True))


def _ask(repo: str, revision: str | None, filename: str) -> None:
    """Raise unless the hub has the file and its size is a config's."""
    import huggingface_hub as hub
    from huggingface_hub import errors

    url = hub.hf_hub_url(repo, filename, revision=revision)
    found = hub.get_hf_file_metadata(url, timeout=_silence())
    if found.commit_hash is None or found.etag is None:
        raise errors.FileMetadataError
    if found.size is not None and found.size > MAX_BYTES:
        much = f"{filename} is larger than {MAX_BYTES // 2**20} MiB"
        raise ConfigError(f"{printable(repo)}: {much} on the hub; name a model that has a config")


def _checked(name: str, data: bytes) -> bytes:
    """The bytes, unless they are what proxies and log-in pages send in a config's place."""
    if not data.strip():
        raise ConfigError(f"{name}: the hub sent an empty file; try another revision")
    if data.lstrip()[:1] == b"<":
        raise ConfigError(f"{name}: the hub sent a web page; check HF_ENDPOINT, and any proxy")
    return data


def _within(seconds: float, work: Callable[[], str], name: str) -> str:
    """What the work returns, or a ConfigError; a thread, as nothing else ends every wait.

    Looking up a host's name knows no timeout, and a trickle never runs into one.
    """
    done: list[str] = []
    failed: list[BaseException] = []

    def run() -> None:
        """Do the work, and keep what it returns or raises."""
        try:
            done.append(work())
        except BaseException as error:  # noqa: BLE001  told to the caller
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        explain(failed.pop(), name)
    if not done:
        more = "try again, or allow more seconds in HF_HUB_DOWNLOAD_TIMEOUT"
        raise ConfigError(f"{name}: the hub did not finish within {seconds:g} s; {more}")
    return done[0]


def _silence() -> float:
    """Seconds to wait for the first answer."""
    return float(_asked(TIMEOUTS[0]) or SILENCE)


def _patience() -> float:
    """Seconds to wait for all of it."""
    asked = [_asked(name) for name in TIMEOUTS]
    return sum(filter(None, asked)) + PATIENCE if any(asked) else PATIENCE


def _asked(name: str) -> int | None:
    """The seconds that the user set in the environment, as the library read them."""
    from huggingface_hub import constants

    return getattr(constants, name) if os.environ.get(name) else None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bar and no warnings of the library, unless its environment wants them."""
    from huggingface_hub import constants, utils
    from huggingface_hub.utils import logging

    level = logging.get_verbosity()
    bar = constants.HF_HUB_DISABLE_PROGRESS_BARS is None and not utils.are_progress_bars_disabled()
    if "HF_HUB_VERBOSITY" not in os.environ:
        logging.set_verbosity(logging.CRITICAL)
    if bar:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            utils.enable_progress_bars()
