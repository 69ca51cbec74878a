"""Which headers go through: end-to-end ones, untouched (RFC 9110 §7.6.1)."""

from __future__ import annotations

from collections.abc import Iterable

Header = tuple[bytes, bytes]

# Hop by hop: each says something about one connection. What the engine must not see of a caller
# is his token and his cookies, which are for us. Answers are asked for uncompressed, so that the
# record is readable.
_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
OURS = _HOP | {
    b"accept-encoding",
    b"authorization",
    b"content-length",
    b"cookie",
    b"expect",
    b"host",
    b"x-backstop-peer",
    b"x-request-id",
}
_OURS_DOWN = _HOP | {b"x-request-id", b"x-adapter-digest", b"x-backstop-guard"}
_COMMON = frozenset((b"keep-alive", b"close", b"Keep-Alive", b"Close", b""))
_NOTHING: frozenset[bytes] = frozenset()


def named_by(connection: bytes) -> frozenset[bytes]:
    """Return the headers that a `Connection` header makes hop-by-hop ones too."""
    if connection in _COMMON:
        return _NOTHING
    return frozenset(token.strip().lower() for token in connection.split(b",")) - _COMMON


def downward(headers: Iterable[Header]) -> list[Header]:
    """Return the headers of an answer that go on to the caller."""
    kept: list[Header] = []
    connection = b""
    chunked = False
    for name, value in headers:
        lower = name.lower()
        if lower not in _OURS_DOWN:
            kept.append((lower, value))
        elif lower == b"connection":
            connection = connection + b"," + value if connection else value
        elif lower == b"transfer-encoding":
            chunked = True
    dropped = named_by(connection)
    if chunked:
        dropped |= {b"content-length"}  # RFC 9112 §6.3: it does not count, and must not go on
    return [each for each in kept if each[0] not in dropped] if dropped else kept


def value_of(headers: Iterable[Header], wanted: bytes) -> bytes:
    """Return a header's value, nothing where it is missing; names are in lower case."""
    for name, value in headers:
        if name == wanted:
            return value
    return b""
