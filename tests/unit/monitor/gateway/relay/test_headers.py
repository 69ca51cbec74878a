"""Which headers go through."""

from __future__ import annotations

import pytest

from monitor.gateway.relay.headers import downward, named_by, value_of


def test_an_answer_s_end_to_end_headers_go_on_in_order() -> None:
    """Also twice the same; names become lower case, as uvicorn writes them."""
    headers = [(b"Set-Cookie", b"a"), (b"X-B", b"1"), (b"set-cookie", b"b")]
    assert downward(headers) == [(b"set-cookie", b"a"), (b"x-b", b"1"), (b"set-cookie", b"b")]


@pytest.mark.parametrize(
    "name",
    [
        b"Connection",
        b"Keep-Alive",
        b"Proxy-Authenticate",
        b"Proxy-Connection",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"X-Adapter-Digest",
        b"X-Request-Id",
    ],
)
def test_hop_by_hop_headers_and_ours_do_not(name: bytes) -> None:
    """RFC 9110 §7.6.1; ours are written by ourselves."""
    assert downward([(name, b"x"), (b"x-end", b"1")]) == [(b"x-end", b"1")]


def test_what_connection_names_does_not_go_on() -> None:
    """However often there is such a header."""
    headers = [
        (b"x-a", b"1"),
        (b"connection", b"close, X-A"),
        (b"Connection", b"x-b"),
        (b"X-B", b""),
    ]
    assert downward(headers) == []


def test_a_length_beside_chunks_does_not_go_on() -> None:
    """RFC 9112 §6.3."""
    headers = [(b"Content-Length", b"3"), (b"Transfer-Encoding", b"chunked"), (b"a", b"b")]
    assert downward(headers) == [(b"a", b"b")]


@pytest.mark.parametrize("value", [b"", b"close", b"keep-alive", b"Keep-Alive, close"])
def test_usual_values_name_nothing(value: bytes) -> None:
    """They are about the connection alone."""
    assert named_by(value) == frozenset()


def test_a_missing_header_has_no_value() -> None:
    """A present one has its first."""
    headers = [(b"a", b"1"), (b"a", b"2")]
    assert (value_of(headers, b"a"), value_of(headers, b"b")) == (b"1", b"")
