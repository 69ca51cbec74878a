"""Safetensors files, read with distrust: the header is checked against the file before its use.

Source: the safetensors format, https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from monitor.errors import BadAdapter
from monitor.storage import json_members
from rollback.manifest import TensorFacts

_HEADER_LIMIT = 16 * 2**20  # bytes; adapters need some kilobytes
_ITEM_SIZE = {"F32": 4, "F16": 2, "BF16": 2}
_MAX_TENSORS = 50_000  # an adapter on 128 experts in 48 layers has 37,000
_MAX_NAME = 512  # characters
_MAX_DIMENSIONS, _MAX_LENGTH = 8, 2**31  # a product of more would take its time
_CHUNK = 2**22  # values looked at in one go
_BF16_EXPONENT = np.uint16(0x7F80)  # all ones: infinite or not a number


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTensor:
    """A tensor and where its bytes lie in the file, counted from the file's start."""

    facts: TensorFacts
    start: int
    end: int


def read_header(file: BinaryIO, name: str) -> tuple[StoredTensor, ...]:
    """Return the tensors of an open safetensors file, in the order of their bytes.

    Args:
        name: of the file, for the message.

    Raises:
        BadAdapter: if the header is malformed, or does not describe exactly the bytes there are.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    length = _header_length(file, size, name)
    header = file.read(length)
    _require_few_tensors(header, name)
    entries = _entries(header, name)
    tensors = [_tensor(key, entry, 8 + length, name) for key, entry in entries.items()]
    tensors.sort(key=lambda tensor: (tensor.start, tensor.end))
    _require_seamless(tensors, 8 + length, size, name)
    return tuple(tensors)


def require_finite(file: BinaryIO, name: str, tensors: Sequence[StoredTensor]) -> None:
    """Look at every value. Raises `BadAdapter` if one is NaN or infinite."""
    for tensor in tensors:
        if not _is_finite(file, tensor):
            raise BadAdapter(
                f"{name}: tensor {tensor.facts.name} holds NaN or infinite values; "
                "train the adapter again, with a smaller learning rate"
            )


def _header_length(file: BinaryIO, size: int, name: str) -> int:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > size - 8:
        raise BadAdapter(f"{name} is truncated ({size} bytes); copy the whole file again")
    if length > _HEADER_LIMIT:
        raise BadAdapter(
            f"{name} has a header of {length:,} bytes, over the limit of {_HEADER_LIMIT:,}; save the "
            "adapter with safetensors"
        )
    return length


def _require_few_tensors(header: bytes, name: str) -> None:
    """Count before the header is parsed, which would take its time."""
    count = header.count(b'"data_offsets"')
    if count > _MAX_TENSORS:
        raise BadAdapter(
            f"{name} has {count:,} tensors, over the limit of {_MAX_TENSORS:,}; target fewer modules"
        )


def _entries(header: bytes, name: str) -> dict[str, Any]:
    try:
        entries = json.loads(header, object_pairs_hook=json_members.unique)
    except (ValueError, RecursionError) as error:
        raise BadAdapter(f"{name}: its header is malformed ({error}); save it again") from error
    if not isinstance(entries, dict):
        raise BadAdapter(f"{name}: its header is no JSON object; save it again")
    entries.pop("__metadata__", None)
    if not entries:
        raise BadAdapter(f"{name} holds no tensors; save the trained adapter again")
    return entries


def _tensor(name: str, entry: object, data: int, file_name: str) -> StoredTensor:
    if len(name) > _MAX_NAME:
        raise BadAdapter(
            f"{file_name}: a tensor has a name of {len(name):,} characters; save it again"
        )
    match entry:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]}:
            pass
        case _:
            raise BadAdapter(f"{file_name}: the entry of tensor {name} is malformed; save it again")
    if dtype not in _ITEM_SIZE:
        raise BadAdapter(
            f"{file_name}: tensor {name} is of type {dtype}; save it as {', '.join(_ITEM_SIZE)}"
        )
    if len(shape) > _MAX_DIMENSIONS or not all(
        type(length) is int and 0 < length <= _MAX_LENGTH for length in shape
    ):
        raise BadAdapter(f"{file_name}: tensor {name} has the impossible shape {str(shape)[:100]}")
    if end - start != math.prod(shape) * _ITEM_SIZE[dtype]:
        raise BadAdapter(
            f"{file_name}: tensor {name} has {end - start} bytes, not those of its shape {shape}; "
            "the header was tampered with or the file is damaged"
        )
    facts = TensorFacts(name=name, shape=tuple(shape), dtype=dtype)
    return StoredTensor(facts=facts, start=data + start, end=data + end)


def _require_seamless(tensors: list[StoredTensor], data: int, size: int, name: str) -> None:
    position = data
    for tensor in tensors:
        if tensor.start != position:
            raise BadAdapter(f"{name}: its tensors overlap or leave gaps; save it again")
        position = tensor.end
    if position > size:
        raise BadAdapter(
            f"{name} is truncated: {size} bytes of {position}; copy the whole file again"
        )
    if position < size:
        raise BadAdapter(
            f"{name} has {size - position} bytes behind its last tensor; save it again"
        )


def _is_finite(file: BinaryIO, tensor: StoredTensor) -> bool:
    file.seek(tensor.start)
    left = tensor.end - tensor.start
    while left:
        block = file.read(min(left, _CHUNK * _ITEM_SIZE[tensor.facts.dtype]))
        if not _all_finite(block, tensor.facts.dtype):
            return False
        left -= len(block)
    return True


def _all_finite(block: bytes, dtype: str) -> bool:
    if dtype == "BF16":  # numpy knows no bfloat16
        bits: NDArray[np.uint16] = np.frombuffer(block, dtype="<u2")
        return not bool(np.any((bits & _BF16_EXPONENT) == _BF16_EXPONENT))
    return bool(np.isfinite(np.frombuffer(block, dtype="<f4" if dtype == "F32" else "<f2")).all())
