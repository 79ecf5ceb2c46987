"""The tensors of a checkpoint in safetensors files: found by name, read a few rows at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError, UnsupportedError
from ropecalc.files import printable, read_bytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INSTALL = "reading a checkpoint needs safetensors; pip install 'ropecalc[weights]'"
INDEX = ".safetensors.index.json"
WANTED = "a .safetensors file, its index, or the folder that has them"
READ = ("F64", "F32", "F16", "BF16")  # what is quantized has scales of its own
MAX_INDEX = 32 * 2**20  # bytes; a hundred a tensor, and mixtures of experts have 100,000 tensors
FIRST = ("model.safetensors", "consolidated.safetensors")


class Checkpoint:
    """The names of a checkpoint's tensors, and the files that hold them."""

    def __init__(self, source: str | os.PathLike[str]) -> None:
        """Read the names; raises ConfigError where there are none to be had."""
        path = os.fspath(source)
        self.name = printable(path)
        try:
            found = _file(path)
            self.folder = os.path.dirname(found)  # noqa: PTH120  "" is the current folder
            self.files = self._by_index(found) if found.endswith(INDEX) else self._by_file(found)
        except (OSError, ValueError) as error:  # ValueError: a null byte in the path
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"{self.name}: cannot be read ({reason}); pass {WANTED}") from None

    def _by_file(self, path: str) -> dict[str, str]:
        with opened(path, self.name) as file:
            return dict.fromkeys(file.keys(), path)

    def _by_index(self, path: str) -> dict[str, str]:
        from ropecalc.models.jsonfile import parse_object

        index = parse_object(*read_bytes(path, MAX_INDEX, ConfigError, WANTED), WANTED)
        names = index.get("weight_map")
        if not isinstance(names, dict) or not names:
            raise ConfigError(f"{self.name}: its index has no weight_map; pass {WANTED}")
        for shard in names.values():
            if not isinstance(shard, str) or Path(shard).name != shard or shard in (".", ".."):
                fact = f"its index names {printable(str(shard)[:80])}, which is no file beside it"
                raise ConfigError(f"{self.name}: {fact}; download it again")
        return {name: os.path.join(self.folder, shard) for name, shard in names.items()}  # noqa: PTH118

    def shape(self, tensor: str) -> tuple[int, ...]:
        """The shape of a tensor."""
        with self._slice(tensor) as part:
            return tuple(part.get_shape())

    def rows(self, tensor: str, start: int, stop: int) -> NDArray[np.float64]:
        """The entries start <= i < stop of a tensor's first axis."""
        import numpy as np

        with self._slice(tensor) as part:
            values: NDArray[np.float64] = np.asarray(part[start:stop]).astype(np.float64)
        if not np.isfinite(values).all():
            raise ConfigError(f"{self.name}: {tensor} is not finite; download it again")
        return values

    @contextmanager
    def _slice(self, tensor: str) -> Iterator[Any]:
        with opened(self.files[tensor], self.name) as file:
            if tensor not in file.keys():  # noqa: SIM118  it is no mapping
                raise ConfigError(f"{self.name}: {tensor} is missing; download it again")
            part = file.get_slice(tensor)
            kind = str(part.get_dtype())
            if kind not in READ:
                fact = f"{tensor} is stored as {printable(kind)}"
                raise UnsupportedError(f"{self.name}: {fact}; pass a checkpoint of plain floats")
            yield part


@contextmanager
def opened(path: str, name: str) -> Iterator[Any]:
    """A safetensors file; what is wrong with it becomes a ConfigError."""
    try:
        import ml_dtypes  # noqa: F401  teaches NumPy bfloat16
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise ConfigError(f"{name}: {INSTALL}") from None
    try:
        with safe_open(path, framework="np") as file:
            yield file
    except FileNotFoundError:
        missing = printable(os.path.basename(path))  # noqa: PTH119
        raise ConfigError(f"{name}: there is no {missing}; check the path") from None
    except (SafetensorError, OSError) as error:
        reason = " ".join(str(error).split())[:120]
        raise ConfigError(f"{name}: cannot be read ({reason}); pass {WANTED}") from None


def _file(path: str) -> str:
    """The file to begin with."""
    if not os.path.isdir(path):  # noqa: PTH112  a text, which may be ""
        return path
    names = sorted(os.listdir(path))  # noqa: PTH208
    indices = [name for name in names if name.endswith(INDEX)]
    single = [name for name in names if name.endswith(".safetensors")]
    first = indices[:1] or [name for name in FIRST if name in single]
    if not first and len(single) == 1:
        first = single
    if not first:
        raise ConfigError(f"{printable(path)}: has no checkpoint to be read; pass {WANTED}")
    return os.path.join(path, first[0])  # noqa: PTH118
