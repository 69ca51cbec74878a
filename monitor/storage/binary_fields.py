"""Fields of COPY BINARY rows: each is its length in bytes, then its bytes; NULL has length -1.

Source: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format", and the `*_recv`
functions of PostgreSQL's types.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime

from monitor.storage import values

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no extension
TRAILER = b"\xff\xff"
NULL = b"\xff\xff\xff\xff"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # of PostgreSQL's timestamps
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()
_TEXT_OID, _FLOAT4_OID = 25, 700
INT4_MAX = 2**31 - 1
_JSONB_VERSION = b"\x01"

_int8 = struct.Struct(">iq").pack
_array = struct.Struct(">iiIii").pack


def row(columns: int) -> bytes:
    """Return what opens a row."""
    return columns.to_bytes(2, "big")


def field(content: bytes) -> bytes:
    """Return a field of these bytes: a bytea."""
    return len(content).to_bytes(4, "big") + content


def text(value: str | None) -> bytes:
    """Return a text field; what Postgres refuses is replaced as `values.text` does."""
    if value is None:
        return NULL
    try:
        content = value.encode()
    except UnicodeEncodeError:
        content = values.text(value).encode()
    if b"\0" in content:
        content = content.replace(b"\0", _REPLACEMENT)
    return len(content).to_bytes(4, "big") + content


def int8(value: int) -> bytes:
    """Return a bigint field."""
    return _int8(8, value)


def jsonb(content: bytes) -> bytes:
    """Return a jsonb field of JSON in UTF-8."""
    return field(_JSONB_VERSION + content)


def text_array(items: Sequence[str]) -> bytes:
    """Return a text[] field."""
    return field(_array_head(len(items), _TEXT_OID) + b"".join(map(text, items)))


def float4_array_head(length: int) -> bytes:
    """Return what opens a real[] field; `length` elements follow, each a field."""
    head = _array_head(length, _FLOAT4_OID)
    return (len(head) + 8 * length).to_bytes(4, "big") + head


def _array_head(length: int, element: int) -> bytes:
    return _array(1, 0, element, length, 1) if length else _array(0, 0, element, 0, 0)[:12]
