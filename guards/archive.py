"""Arrays and a JSON description in one npz archive, without pickled objects."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

_DESCRIPTION = "description"


class UnreadableArchive(ValueError):
    """The bytes are no archive of arrays."""


def pack(description: Mapping[str, Any], arrays: Arrays) -> bytes:
    """Return the archive as bytes."""
    text = np.array(json.dumps(description))
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **{**arrays, _DESCRIPTION: text})
    return buffer.getvalue()


def unpack(payload: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return description and arrays. Raises `UnreadableArchive`."""
    try:
        with np.load(io.BytesIO(payload), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return json.loads(str(arrays.pop(_DESCRIPTION))), arrays
    except (ValueError, KeyError, TypeError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise UnreadableArchive(f"the bytes are no archive of arrays: {error}") from error


def prefixed(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays with a prefix to their names."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays whose names have a prefix, without it."""
    start = f"{prefix}/"
    return {
        name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)
    }
