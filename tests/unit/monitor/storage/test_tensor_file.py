"""Safetensors files that cannot be trusted."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from monitor.errors import BadAdapter
from monitor.storage import tensor_file
from monitor.storage.tensor_file import StoredTensor
from rollback.manifest import TensorFacts


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a file with two tensors."""
    path = tmp_path / "adapter_model.safetensors"
    tensors = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.ones(4, dtype=np.float16)}
    save_file(tensors, path)
    return path


def _header(path: Path) -> tuple[StoredTensor, ...]:
    with path.open("rb") as file:
        return tensor_file.read_header(file, path.name)


def _require_finite(path: Path, tensors: Sequence[StoredTensor]) -> None:
    with path.open("rb") as file:
        tensor_file.require_finite(file, path.name, tensors)


def _write(path: Path, header: bytes | dict[str, Any], data: bytes) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)


def _entry(dtype: str, shape: list[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def test_the_tensors_of_a_good_file_are_told(path: Path) -> None:
    """Names, shapes and types, and where the bytes lie."""
    tensors = _header(path)
    assert [tensor.facts for tensor in tensors] == [
        TensorFacts(name="a", shape=(2, 3), dtype="F32"),
        TensorFacts(name="b", shape=(4,), dtype="F16"),
    ]
    assert tensors[-1].end == path.stat().st_size
    _require_finite(path, tensors)


def test_a_truncated_file_is_refused_at_any_length(path: Path) -> None:
    """Nothing is read beyond what is there."""
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(BadAdapter, match=r"adapter_model\.safetensors is truncated"):
            _header(path)


def test_bytes_behind_the_last_tensor_are_refused(path: Path) -> None:
    """They might be anything."""
    with path.open("ab") as file:
        file.write(b"more")
    with pytest.raises(BadAdapter, match="4 bytes behind its last tensor"):
        _header(path)


@pytest.mark.parametrize(
    ("header", "data", "words"),
    [
        (b"not json", b"", "header is malformed"),
        (b"[" * 100_000, b"", "header is malformed"),
        (b'{"a": 1, "a": 2}', b"", "the name 'a' stands twice"),
        (b"[]", b"", "no JSON object"),
        (b"{}", b"", "no tensors"),
        (b'{"__metadata__": {"format": "pt"}}', b"", "no tensors"),
        ({"a": 1}, b"", "entry of tensor a is malformed"),
        ({"a": {"dtype": "F32", "shape": [1]}}, b"0000", "entry of tensor a is malformed"),
        ({"a": _entry("F64", [1], 0, 8)}, bytes(8), "of type F64; save it as F32, F16, BF16"),
        ({"a": _entry("F32", [-1], 0, 4)}, bytes(4), "impossible shape"),
        ({"a": _entry("F32", [0], 0, 0)}, b"", "impossible shape"),
        ({"a": _entry("F32", [2**62], 0, 4)}, bytes(4), "impossible shape"),
        ({"a": _entry("F32", [1] * 9, 0, 4)}, bytes(4), "impossible shape"),
        ({"a" * 600: _entry("F32", [1], 0, 4)}, bytes(4), "a name of 600 characters"),
        ({"a": _entry("F32", [2**30], 0, 4)}, bytes(4), "not those of its shape"),
        ({"a": _entry("F32", [1], 4, 8)}, bytes(8), "overlap or leave gaps"),
        ({"a": _entry("F32", [1], -4, 0)}, bytes(4), "overlap or leave gaps"),
        ({name: _entry("F32", [1], 0, 4) for name in "ab"}, bytes(4), "overlap or leave gaps"),
    ],
)
def test_a_header_that_lies_is_refused(
    path: Path, header: bytes | dict[str, Any], data: bytes, words: str
) -> None:
    """Nothing is read where the header points before it is checked."""
    _write(path, header, data)
    with pytest.raises(BadAdapter, match=words):
        _header(path)


def test_a_header_longer_than_any_adapters_is_refused(path: Path) -> None:
    """A file full of spaces must not fill the memory."""
    _write(path, b"{" + b" " * (16 * 2**20), b"")
    with pytest.raises(BadAdapter, match=r"has a header of .* over the limit"):
        _header(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_values_that_are_no_numbers_are_refused(
    path: Path, value: float, dtype: type[np.floating[Any]]
) -> None:
    """The tensor is named."""
    good, bad = np.ones(9, dtype=dtype), np.ones((3, 3), dtype=dtype)
    bad[2, 1] = value
    save_file({"good": good, "bad": bad}, path)
    with pytest.raises(BadAdapter, match="tensor bad holds NaN or infinite values"):
        _require_finite(path, _header(path))


@pytest.mark.parametrize(
    ("bits", "finite"), [(0x7F7F, True), (0x0001, True), (0x7F80, False), (0xFFC0, False)]
)
def test_bfloat16_is_looked_at_too(path: Path, bits: int, finite: bool) -> None:
    """numpy does not know it; the bits of the exponent tell."""
    values = np.array([0, 0x3F80, bits], dtype="<u2")
    _write(path, {"a": _entry("BF16", [3], 0, 6)}, values.tobytes())
    tensors = _header(path)
    if finite:
        _require_finite(path, tensors)
    else:
        with pytest.raises(BadAdapter, match="NaN or infinite"):
            _require_finite(path, tensors)
