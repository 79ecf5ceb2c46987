"""A cluster of dask.distributed as an executor; the only module that imports it, an extra."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import re
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from importlib.metadata import version
from typing import Any

from ropecalc import __version__
from ropecalc.errors import InvalidValueError, RopecalcError
from ropecalc.files import printable

INSTALL = "a cluster needs dask.distributed: pip install 'ropecalc[cluster]'"
PORT = re.compile(r":\d+$")
PATIENCE = 5.0  # seconds for a scheduler to answer


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor whose tasks the workers of a dask scheduler share; they may come and go.

    Raises InvalidValueError where dask is not installed, no scheduler answers at the address or it
    is lost, or a worker has another ropecalc, or none, at the start or where a task fails.
    """
    if not PORT.search(address):
        raise _refused(address, "no dask scheduler (no port)")
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise InvalidValueError("dask", INSTALL) from None
    logging.disable()  # dask also logs what it raises
    try:
        _check(address)
        with warnings.catch_warnings(action="ignore"):  # that versions of other packages differ
            client = Client(address, timeout=PATIENCE, set_as_default=False)
        with client:
            try:
                _check_workers(client)
                yield _Packed(client)
            except KilledWorker:
                raise _lost(address, "lost worker after worker: give them more memory") from None
            except RopecalcError:
                raise
            except Exception as error:
                if client.status == "running" and not isinstance(error, CancelledError | OSError):
                    _check_workers(client)  # those that came later too
                    raise
                raise _lost(address, "is gone: start it again") from None
    finally:
        logging.disable(logging.NOTSET)


class _Packed(Executor):
    """The executor of a client, whose tasks a worker can take in without ropecalc.

    Then it fails at the task, and can be asked why; else it would end without a word.
    """

    def __init__(self, client: Any) -> None:
        self._client, self._executor = client, client.get_executor()

        def unpacked(packed: bytes) -> Any:  # sent as it is: it stands in no module to import
            """What a packed function returns for its packed arguments."""
            import pickle

            function, args = pickle.loads(packed)
            return function(*args)

        self._unpacked = unpacked

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any executor."""
        packed = pickle.dumps((partial(function, **kwargs), args))
        future: Future[Any] = self._executor.submit(self._unpacked, packed)
        return future


def _lost(address: str, problem: str) -> InvalidValueError:
    fact = f"the dask scheduler at {printable(address)} {problem}"
    return InvalidValueError("dask", f"{fact}, and rerun the command")


def _refused(address: str, problem: str) -> InvalidValueError:
    cure = "pass the address that 'dask scheduler' prints, such as tcp://10.0.0.1:8786"
    return InvalidValueError("dask", f"{printable(address)} is {problem}: {cure}")


def _check(address: str) -> None:
    """Refuse what is not the address of a scheduler that answers: a Client would hang or crash."""
    try:
        kind = asyncio.run(asyncio.wait_for(_identity(address), PATIENCE))["type"]
        problem = f"a dask {str(kind).lower()}" if kind != "Scheduler" else ""
    except Exception as error:  # noqa: BLE001  from sockets, TLS, dask or what else listens there
        problem = f"no dask scheduler ({str(error) or 'no answer'})"
    if problem:
        raise _refused(address, problem)


def _check_workers(client: Any) -> None:
    """Refuse workers with another ropecalc, or none: they would end at the first task."""
    for worker, found in client.run(version, "ropecalc", on_error="return").items():
        if found != __version__:
            there = "no ropecalc" if isinstance(found, Exception) else f"ropecalc {found}"
            raise InvalidValueError(
                "dask", f"the worker at {worker} has {there}: install ropecalc {__version__} there"
            )


async def _identity(address: str) -> dict[str, object]:
    from distributed import Security, rpc

    security = Security().get_connection_args("client")
    async with rpc(address, connection_args=security, timeout=PATIENCE) as server:
        found: dict[str, object] = await server.identity()
        return found
