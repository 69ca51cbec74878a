"""One request as it goes to a server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """A request, written out.

    Args:
        head: request line and headers with the empty line; body: what follows, whole.
        repeatable: whether it may be sent a second time if the server closed the connection
            without an answer.
        bodiless: whether the answer has no body whatever its headers say (`HEAD`).
    """

    head: bytes
    body: bytes = b""
    repeatable: bool = True
    bodiless: bool = False
