"""Writing out requests to the engine and to the operators' surfaces."""

from __future__ import annotations

from monitor.gateway.relay.inbound import Inbound
from monitor.gateway.upstream.address import Address
from monitor.gateway.upstream.request import Request

_IDEMPOTENT = frozenset(("GET", "HEAD", "OPTIONS", "PUT", "DELETE"))  # RFC 9110 §9.2.2
_FOR_OPERATORS = (b"host", b"authorization", b"cookie", b"accept-encoding")


class EngineRequests:
    """Writes requests to the engine: the caller's headers, without what is for us.

    Args:
        api_key: goes along as the bearer token, in place of the caller's own.
    """

    def __init__(self, address: Address, api_key: str | None) -> None:
        self._prefix = address.prefix
        self._common = b"host: " + address.authority + b"\r\naccept-encoding: identity\r\n"
        if api_key is not None:
            self._common += b"authorization: Bearer " + api_key.encode() + b"\r\n"

    def request(
        self,
        method: bytes,
        path: bytes,
        inbound: Inbound,
        body: bytes,
        request_id: str,
        *,
        repeatable: bool = True,
    ) -> Request:
        """Return a request to a path."""
        query: bytes = inbound.scope["query_string"]
        target = self._prefix + path + (b"?" + query if query else b"")
        length = b"content-length: %d\r\n" % len(body) if body or method == b"POST" else b""
        head = b"".join(
            (
                b"%b %b HTTP/1.1\r\n" % (method, target),
                self._common,
                b"x-request-id: ",
                request_id.encode(),
                b"\r\n",
                length,
                *inbound.passed,
                b"\r\n",
            )
        )
        return Request(head, body, repeatable=repeatable, bodiless=method == b"HEAD")


def to_operators(inbound: Inbound, body: bytes) -> Request:
    """Return a request as it came, for the process that answers operators."""
    scope = inbound.scope
    method: str = scope["method"]
    query: bytes = scope["query_string"]
    lines = [
        b"%b %b%b HTTP/1.1\r\n"
        % (method.encode(), scope["raw_path"], b"?" + query if query else b"")
    ]
    for name in _FOR_OPERATORS:
        if name in inbound.own:
            lines += (name, b": ", inbound.own[name], b"\r\n")
    lines += (b"x-request-id: ", inbound.request_id.encode(), b"\r\n")
    lines += (b"x-backstop-peer: ", inbound.client.encode(), b"\r\n")
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(b"content-length: %d\r\n" % len(body))
    head = b"".join((*lines, *inbound.passed, b"\r\n"))
    return Request(head, body, repeatable=method in _IDEMPOTENT, bodiless=method == "HEAD")
