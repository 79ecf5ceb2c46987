"""A cluster of dask.distributed as an executor; the only module that imports it, an extra."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor

from ropecalc.errors import InvalidValueError
from ropecalc.files import printable

INSTALL = "a cluster needs dask.distributed: pip install 'ropecalc[cluster]'"
PATIENCE = 5.0  # seconds for a scheduler to answer
NOISY = ("distributed", "tornado", "concurrent.futures")  # they log what is raised as well


@contextlib.contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor whose tasks the workers of a dask scheduler share; they may come and go.

    Raises InvalidValueError where dask is not installed, no scheduler answers at the address, or
    it is lost.
    """
    try:
        from distributed import Client, KilledWorker
    except ImportError:
        raise InvalidValueError("dask", INSTALL) from None
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    _check(address)
    with Client(address, timeout=PATIENCE, set_as_default=False) as client:
        try:
            yield client.get_executor()
        except (CancelledError, OSError):
            raise _lost(address, "is gone: start it again") from None
        except KilledWorker:
            raise _lost(
                address, "lost several workers by one task: give them more memory"
            ) from None


def _lost(address: str, problem: str) -> InvalidValueError:
    fact = f"the dask scheduler at {printable(address)} {problem}"
    return InvalidValueError("dask", f"{fact}, and rerun the command")


def _check(address: str) -> None:
    """Refuse what is not the address of a scheduler that answers: a Client would hang or crash."""
    try:
        kind = asyncio.run(asyncio.wait_for(_identity(address), PATIENCE))["type"]
        problem = f"a dask {str(kind).lower()}" if kind != "Scheduler" else ""
    except Exception as error:  # noqa: BLE001  from sockets, TLS, dask or what else listens there
        problem = f"no dask scheduler ({str(error) or 'no answer'})"
    if problem:
        raise InvalidValueError(
            "dask",
            f"{printable(address)} is {problem}: pass the address that 'dask scheduler' prints, "
            "such as tcp://10.0.0.1:8786",
        )


async def _identity(address: str) -> dict[str, object]:
    from distributed import Security, rpc

    security = Security().get_connection_args("client")
    async with rpc(address, connection_args=security, timeout=PATIENCE) as server:
        found: dict[str, object] = await server.identity()
        return found
