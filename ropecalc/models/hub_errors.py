"""What went wrong between here and the Hugging Face hub, in one line that ends with the cure."""

from __future__ import annotations

from typing import NoReturn

from ropecalc.errors import ConfigError

NO_HUB = "the answer is not that of a Hugging Face hub; check HF_ENDPOINT, and any proxy"
KNOWN = "'ropecalc models' lists those that need no hub"
# What was meant may have been a path, and mistyped: only what is none is asked for here.
NO_PATH = "no such path here, and"
NETWORK = "check the network and HF_ENDPOINT"
LOGIN = "log in with 'hf auth login'"


def explain(error: BaseException, name: str) -> NoReturn:
    """Raise what an error of the library, or of the network below it, means to a user.

    The network's errors are those of requests, httpx or httpx2, by the library's version: they
    are told apart by what they carry.
    """
    if not isinstance(error, Exception):
        raise error
    if isinstance(error, ConfigError):
        raise error from None
    fact = _refusal(error) or _trouble(error)
    raise ConfigError(f"{name}: {fact}") from None


def _refusal(error: Exception) -> str | None:
    """What the hub says no to."""
    from huggingface_hub import errors

    status = _status(error)
    no = f"{NO_PATH} no such model on the hub" + ("" if status == 404 else ", or a private one")
    accept = "accept its licence on its page there"
    cases = (
        (errors.HFValidationError, None, "is not a name on the hub; check the spelling"),
        (errors.GatedRepoError, 403, f"the hub refuses access; {LOGIN} and {accept}"),
        (errors.RevisionNotFoundError, None, "has no such revision; check the branch, tag or id"),
        (errors.RepositoryNotFoundError, 401, f"{no}; check the name, or {LOGIN}; {KNOWN}"),
    )
    for kind, code, fact in cases:
        if isinstance(error, kind) or (status is not None and status == code):
            return fact
    again = "try again later, or check HF_ENDPOINT"
    return None if status is None else f"the hub answered with HTTP status {status}; {again}"


def _trouble(error: Exception) -> str:
    """What keeps it from answering."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError | errors.OfflineModeIsEnabled):
        cure = f"unset that, or pass a file; {KNOWN}"
        return f"{NO_PATH} not in the cache, and offline (HF_HUB_OFFLINE); {cure}"
    if isinstance(error, errors.FileMetadataError):
        return NO_HUB
    if "Timeout" in type(error).__name__:
        wait = "try again, or set HF_HUB_ETAG_TIMEOUT to more"
        return f"{NO_PATH} the hub gave no answer in time; {wait}"
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return f"cannot be kept in the cache ({error.strerror}); check HF_HOME"
    return f"{NO_PATH} the hub cannot be reached ({_reason(error)}); {NETWORK}"


def _status(error: Exception) -> int | None:
    """The status of the answer that an error is about."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _reason(error: Exception) -> str:
    """The system's own words where there are some, else the kind of the error."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.strerror:
            return seen.strerror
        seen = seen.__cause__ or seen.__context__
    return type(error).__name__
