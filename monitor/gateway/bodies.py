"""Bodies of requests that may come compressed: inflated, within a bound."""

from __future__ import annotations

import zlib

from monitor.gateway.http import Call
from monitor.gateway.refusal import TOO_LARGE, UNSUPPORTED, Refusal, invalid

_GZIP_OR_ZLIB, _RAW = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS
_PLAIN = frozenset({"", "identity"})
_DEFLATED = frozenset({"gzip", "x-gzip", "deflate"})


async def inflated(call: Call, limit: int) -> bytes:
    """Read a body and undo its Content-Encoding.

    Raises `Refusal`: 413 beyond `limit` bytes, before or after; 415 for an encoding that is not
    known; 400 for a body that is not what its encoding says.
    """
    encoding = call.headers.get("content-encoding", "").strip().lower()
    if encoding not in _PLAIN | _DEFLATED:
        raise Refusal(f"content-encoding {encoding!r} is not known: use gzip", UNSUPPORTED)
    body = await call.body(limit)
    if encoding in _PLAIN:
        return body
    try:
        return inflate(body, limit)
    except zlib.error as error:
        raise invalid(f"the body is not {encoding}, as its content-encoding says") from error


def inflate(body: bytes, limit: int) -> bytes:
    """Inflate gzip (also of several members), zlib, or bare deflate.

    Raises `Refusal` (413) beyond `limit` bytes, without inflating more; `zlib.error`.
    """
    parts: list[bytes] = []
    room, rest = limit, body
    while rest:
        inflater, part = _begin(rest, room + 1)
        parts.append(part)
        room -= len(part)
        if room < 0:
            raise Refusal(f"the body inflates to more than {limit} bytes", TOO_LARGE)
        if not inflater.eof:
            raise zlib.error("the body ends too early")
        rest = inflater.unused_data
    return b"".join(parts)


def _begin(body: bytes, most: int) -> tuple[zlib._Decompress, bytes]:
    """Inflate one member. Many clients leave the zlib header out of `deflate`."""
    inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        return inflater, inflater.decompress(body, most)
    except zlib.error:
        inflater = zlib.decompressobj(_RAW)
        return inflater, inflater.decompress(body, most)
