"""One JSON object from the bytes of a file, or one line that says why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ropecalc.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

WANTED = "a model's config.json"
MAX_BYTES = 4 * 2**20  # a config.json has kilobytes; 64 MiB of brackets take 1.6 GB to parse


def parse_object(name: str, data: bytes, wanted: str = WANTED) -> Mapping[str, Any]:
    """The JSON object that some bytes are; ``name`` is what to call them in messages.

    Raises ConfigError where they are not text, not JSON, or not an object; ``wanted`` says what
    should have been passed.
    """
    document = _parse(name, data, wanted)
    if not isinstance(document, dict):
        raise ConfigError(f"{name}: holds JSON, but not an object; pass {wanted}")
    return document


def _parse(name: str, data: bytes, wanted: str) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ConfigError(f"{name}: is not text in UTF-8; pass {wanted}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{name}: is not valid JSON at {where}; correct it there") from None
    except RecursionError:
        raise ConfigError(f"{name}: is nested too deeply; pass {wanted}") from None
    except ValueError:  # an integer of more digits than Python converts
        raise ConfigError(f"{name}: holds a number too long to read; pass {wanted}") from None
