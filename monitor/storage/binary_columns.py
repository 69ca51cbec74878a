"""Whole columns as fields of COPY BINARY rows: a few operations of C for each value.

What a column has seldom (an unpaired surrogate, a NUL) sends it field by field through
`binary_fields`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import add, attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.storage import binary_fields as binary

_NULL_LENGTH = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column of numbers.

    Args:
        values: (n,) in the bytes that PostgreSQL takes.
        known: (n,) whether there is a value and not NULL; `None` where all are known.
    """

    values: NDArray[Any]
    known: NDArray[np.bool_] | None = None


def texts(column: Sequence[str | None]) -> list[bytes]:
    """Return text fields."""
    try:
        contents = [each.encode() for each in column]  # type: ignore[union-attr]
    except (AttributeError, UnicodeEncodeError):
        return [*map(binary.text, column)]
    if b"\0" in b"".join(contents):
        return [*map(binary.text, column)]
    return fields(contents)


def fields(contents: Sequence[bytes]) -> list[bytes]:
    """Return fields of these bytes."""
    return [*map(add, map(_prefix, map(len, contents)), contents)]


def moments(column: Sequence[datetime]) -> NDArray[np.int64]:
    """Return moments as PostgreSQL counts them: microseconds since 2000."""
    since = [each - binary.EPOCH for each in column]

    def part(name: str) -> NDArray[np.int64]:
        return np.fromiter(map(attrgetter(name), since), dtype=np.int64, count=len(since))

    return (part("days") * 86_400 + part("seconds")) * 1_000_000 + part("microseconds")


def float8(column: Sequence[float | None]) -> Numbers:
    """Return double precision numbers."""
    values = _array(column, np.float64)  # what is unknown comes as NaN
    known = _known(column) if np.isnan(values).any() else None
    return Numbers(values=values.astype(">f8"), known=known)


def int4(column: Sequence[int | None]) -> Numbers:
    """Return integers; a number too large for one becomes the largest."""
    most = binary.INT4_MAX
    try:
        return Numbers(values=_array(column, np.int64).clip(-most, most).astype(">i4"))
    except (TypeError, OverflowError):  # some are unknown, or no number of ours
        filled = [0 if each is None else max(-most, min(each, most)) for each in column]
        return Numbers(values=_array(filled, np.int64).astype(">i4"), known=_known(column))


def int8(column: NDArray[np.int64]) -> Numbers:
    """Return bigints, which moments are too."""
    return Numbers(values=column.astype(">i8"))


def numbers(columns: Sequence[Numbers]) -> list[bytes]:
    """Return the fields of each row in these columns, joined.

    A row's shape is which of them are NULL; the rows of one shape, which are mostly all, are made
    at once.
    """
    rows = len(columns[0].values)
    shape = np.zeros(rows, dtype=np.int64)
    for place, column in enumerate(columns):
        shape |= (1 if column.known is None else column.known.astype(np.int64)) << place
    found = np.unique(shape).tolist()
    if len(found) == 1:
        return _of_shape(columns, found[0], slice(None), rows)
    joined = np.empty(rows, dtype=object)
    for each in found:
        own = np.flatnonzero(shape == each)
        joined[own] = _of_shape(columns, each, own, len(own))
    return joined.tolist()


def _of_shape(columns: Sequence[Numbers], shape: int, own: Any, rows: int) -> list[bytes]:
    """Return the fields of the rows `own`, all of one shape."""
    layout: list[tuple[str, str | np.dtype[Any]]] = []
    for place, column in enumerate(columns):
        layout.append((f"length{place}", ">i4"))
        if shape >> place & 1:
            layout.append((f"value{place}", column.values.dtype))
    block = np.empty(rows, dtype=layout)
    for place, column in enumerate(columns):
        is_known = shape >> place & 1
        block[f"length{place}"] = column.values.itemsize if is_known else _NULL_LENGTH
        if is_known:
            block[f"value{place}"] = column.values[own]
    return block.view(f"V{block.itemsize}").tolist()


def _array(column: Sequence[Any], kind: type[np.generic]) -> NDArray[Any]:
    return np.fromiter(column, dtype=kind, count=len(column))


def _known(column: Sequence[object]) -> NDArray[np.bool_]:
    return np.array([each is not None for each in column], dtype=np.bool_)


def _made(most: int) -> Callable[[int], bytes]:
    """Return what opens a field of so many bytes; those of short ones stand ready."""
    ready = [length.to_bytes(4, "big") for length in range(most)]

    def prefix(length: int) -> bytes:
        return ready[length] if length < most else length.to_bytes(4, "big")

    return prefix


_prefix = _made(512)
