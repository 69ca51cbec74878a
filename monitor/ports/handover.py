"""What the gateway hands over of each exchange, and to whom: it never waits, and never parses."""

from __future__ import annotations

from enum import Enum
from typing import Protocol

import msgspec

from guards.exchange import Exchange
from guards.guarded import Guarded

DEALT = "dealt"  # the tag of an exchange whose request a canary dealt, see `rollback.dealing`


class Dialect(Enum):
    """The shape of a relayed request and its answer."""

    CHAT = "chat"  # means /v1/chat/completions
    TEXT = "text"  # means /v1/completions


class Ending(Enum):
    """How the relay of an answer ended."""

    COMPLETE = "complete"  # means that the engine's answer came to its own end
    ABANDONED = "abandoned"  # means that the caller left
    BROKEN = "broken"  # means that the engine died, hung or broke the protocol in mid-answer
    BLOCKED = "blocked"  # means that a blocking guard ended it; its record may lack the rest
    FAILED = "failed"  # means that the engine answered with an error status, or not at all


class Relayed(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="relayed"):
    """One exchange as it went over the wire.

    Args:
        id: unlike any other's; the request's, with which answers of one request begin.
        adapter: version that was asked, `None` is the base model.
        started_at: Unix time in seconds; the two durations are seconds since then.
        first_byte_s: until the first byte of the answer's body, `None` if there was none.
        status: HTTP status of the engine, `None` if it gave none.
        request: body as the caller sent it; response: body as the engine sent it, as far as the
            tee has kept it.
        cut: whether the tee's bound cut `response` (or left it empty).
        shadow_of: id of the exchange whose request this answers once more, unseen by the caller.
        dealt: the caller's lot in a canary, as text; empty where there is none.
        guarded: what blocking guards concluded, by the index of a choice.
    """

    id: str
    dialect: Dialect
    deployment: str
    adapter: str | None
    epoch: int
    started_at: float
    first_byte_s: float | None
    latency_s: float
    status: int | None
    ending: Ending
    streamed: bool
    request: bytes
    response: bytes
    cut: bool = False
    caller: str | None = None
    request_id: str = ""
    shadow_of: str | None = None
    guarded: dict[int, Guarded] = {}
    dealt: str = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True, array_like=True, tag="reported"):
    """One exchange that somebody reports who serves the model without this gateway."""

    exchange: Exchange


Handed = Relayed | Reported


class Handover(Protocol):
    """The gateway's way to the scorer."""

    def offer(self, item: Handed) -> bool:
        """Hand an exchange over without waiting; False, and counted, if there is no room."""

    async def settled(self) -> None:
        """Return when everything offered until now is recorded, spooled on disk, or lost."""
