"""Files of a version that is spoilt on purpose, made of those of a stored one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BadAdapter
from monitor.storage.adapter_source import CONFIG, WEIGHTS
from monitor.storage.tensor_file import StoredTensor, read_header
from rollback.spoiling import Tensors, spoil
from rollback.spoilt_kind import Kind


def write_spoilt(source: Path, kind: Kind, out: Path) -> None:
    """Write a spoilt adapter into an empty folder; the same source and kind give the same bytes.

    Tensors are written as F32, whatever they were.

    Raises:
        BadAdapter: if the source is no adapter that can be spoilt.
    """
    try:
        with (source / WEIGHTS).open("rb") as file:
            stored = read_header(file, WEIGHTS)
            tensors = {each.facts.name: _values(file, each) for each in stored}
        spoilt = spoil(kind, tensors)
    except (OSError, ValueError) as error:
        raise BadAdapter(f"{source.name} cannot be spoilt for a drill: {error}") from error
    (out / WEIGHTS).write_bytes(_file(spoilt))
    shutil.copyfile(source / CONFIG, out / CONFIG)


def _values(file: BinaryIO, tensor: StoredTensor) -> NDArray[np.float32]:
    file.seek(tensor.start)
    data = file.read(tensor.end - tensor.start)
    if tensor.facts.dtype == "BF16":  # the upper half of a float32
        values = (np.frombuffer(data, "<u2").astype(np.uint32) << np.uint32(16)).view(np.float32)
    else:
        values = np.frombuffer(data, "<f4" if tensor.facts.dtype == "F32" else "<f2")
    return values.astype(np.float32).reshape(tensor.facts.shape)


def _file(tensors: Tensors) -> bytes:
    """Return a safetensors file."""
    header: dict[str, object] = {}
    position = 0
    for name in sorted(tensors):
        size = tensors[name].nbytes
        header[name] = {
            "dtype": "F32",
            "shape": list(tensors[name].shape),
            "data_offsets": [position, position + size],
        }
        position += size
    text = json.dumps(header).encode()
    data = b"".join(tensors[name].astype("<f4").tobytes() for name in sorted(tensors))
    return len(text).to_bytes(8, "little") + text + data
