"""The payload of a packed batch: what `record` needs, ready to be written.

It may lie on disk over an upgrade, so it says its format. One of another format is refused, since
its rows are those of other columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from monitor.errors import BadRequest
from monitor.storage.packing import PackedRows, SignalNames

_FORMAT = b"backstop batch 1\n"  # to be counted up whenever `packing.COLUMNS` or a type changes


class Payload(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Rows of `exchanges`, what they need beside them, and what judges must know of them.

    Args:
        rows: see `packing.PackedRows`, days and signal_sets too.
        items: of `observation_items`.
    """

    rows: bytes
    days: frozenset[date]
    signal_sets: Mapping[int, SignalNames]
    items: bytes


def write(rows: PackedRows, items: bytes) -> bytes:
    """Return the payload of a batch."""
    return _FORMAT + msgspec.msgpack.encode(
        Payload(rows=rows.content, days=rows.days, signal_sets=rows.signal_sets, items=items)
    )


def read(payload: bytes) -> Payload:
    """Return what was written. Raises `BadRequest` for another format, and for a damaged one."""
    if not payload.startswith(_FORMAT):
        raise BadRequest(
            f"a batch of another format ({payload[: len(_FORMAT)]!r}) cannot be recorded: "
            "let the Backstop that packed it record it before the upgrade"
        )
    try:
        return _DECODER.decode(memoryview(payload)[len(_FORMAT) :])
    except msgspec.DecodeError as error:
        raise BadRequest(f"a batch is damaged and cannot be recorded: {error}") from error


_DECODER = msgspec.msgpack.Decoder(Payload)
