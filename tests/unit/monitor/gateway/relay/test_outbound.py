"""Requests on their way to the process that answers operators."""

from __future__ import annotations

from monitor.gateway.relay.asgi import Scope
from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.relay.outbound import to_operators


async def _nothing(*_: object) -> dict[str, object]:
    return {}


def _lines(headers: list[tuple[bytes, bytes]]) -> list[bytes]:
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "raw_path": b"/audit",
        "query_string": b"",
        "client": ("192.0.2.7", 4711),
        "headers": headers,
    }
    return to_operators(Inbound(scope, _nothing, _nothing), b"").head.split(b"\r\n")


def test_the_caller_s_address_goes_along_and_is_not_his_to_say() -> None:
    """A header of that name that he sends is left out."""
    told = [
        line
        for line in _lines([(b"x-backstop-peer", b"10.0.0.1"), (b"x-forwarded-user", b"ada")])
        if b"peer" in line or b"user" in line
    ]
    assert sorted(told) == [b"x-backstop-peer: 192.0.2.7", b"x-forwarded-user: ada"]


def test_cookies_and_tokens_go_along() -> None:
    """They are for the operators' surfaces."""
    lines = _lines([(b"cookie", b"a=b"), (b"authorization", b"Bearer x")])
    assert {b"cookie: a=b", b"authorization: Bearer x"} <= set(lines)
