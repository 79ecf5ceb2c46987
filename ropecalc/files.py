"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import os


def replace_file(path: str, data: bytes) -> None:
    """Write a file by way of a temporary one beside it: what was there stays, or all is new.

    Raises OSError where that cannot be done; then nothing is left behind.
    """
    import tempfile

    folder, name = os.path.split(path)
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=folder or ".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())  # noqa: PTH101  mkstemp made it private
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
