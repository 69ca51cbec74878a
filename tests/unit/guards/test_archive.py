"""Archives of arrays."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

from guards import archive


def test_an_archive_gives_back_what_was_packed() -> None:
    """Description and arrays survive."""
    description, arrays = archive.unpack(archive.pack({"n": 1}, {"a/b": np.arange(3)}))
    assert description == {"n": 1}
    assert arrays["a/b"].tolist() == [0, 1, 2]


def test_prefixes_come_off_as_they_went_on() -> None:
    """`under` undoes `prefixed` and leaves other arrays out."""
    arrays = {**archive.prefixed("x", {"a": np.arange(1)}), "xa": np.arange(2)}
    assert archive.under("x", arrays).keys() == {"a"}


def _with_objects() -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, description=np.array([{"a": 1}], dtype=object))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "payload",
    [b"", b"PK\x03\x04", pickle.dumps({}), _with_objects(), archive.pack({}, {})[:-30]],
    ids=["nothing", "start", "pickle", "objects", "truncated"],
)
def test_other_bytes_are_refused(payload: bytes) -> None:
    """Nothing is unpickled, and nothing half read."""
    with pytest.raises(archive.UnreadableArchive):
        archive.unpack(payload)
