"""Blocking guards and what models write, for tests of guarded answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from guards.checks import catalogue
from guards.checks.context import GuardContext
from guards.checks.finding import Finding
from guards.checks.judgement import Mode
from monitor.errors import Unavailable
from monitor.gateway.guarding.request import Guarding
from monitor.ports.guards import AnswerGuard
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.guarding import Asked, GuardSet

EMAIL = "anna.schmidt@gmail.com"
PATTERNS: Mapping[str, Any] = {"personal_data": {"mode": "block"}}
DONE = b"data: [DONE]\n\n"


class Oracle:
    """A guard that asks a function, when it is let.

    Args:
        says: what it finds wrong with a text, if anything; it may raise.
    """

    name = "oracle"

    def __init__(self, says: Callable[[str], str | None]) -> None:
        self._says = says
        self.free = asyncio.Event()
        self.free.set()
        self.asked: list[str] = []

    async def check(self, answer: str, _context: GuardContext) -> tuple[Finding, ...]:
        """Return a finding over the whole answer, or none."""
        self.asked.append(answer)
        await self.free.wait()
        kind = self._says(answer)
        if kind is None:
            return ()
        return (Finding(kind=kind, start=0, end=len(answer), score=1.0, excerpt="… (1)"),)

    async def close(self) -> None:
        """Have nothing to let go of."""


def away(_answer: str) -> str | None:
    """Be an oracle that cannot say."""
    raise Unavailable("the oracle is away")


def guarding(
    settings: Mapping[str, Any] = PATTERNS,
    *,
    oracles: Sequence[AnswerGuard] = (),
    most_bytes: int = 4 << 20,
    **more: Any,
) -> Guarding:
    """Return the blocking guards of `support`."""
    guards = GuardSet(
        applied=catalogue.build(settings),
        asked=tuple(Asked(guard=each, mode=Mode.BLOCK) for each in oracles),
        **more,
    )
    return Guarding(
        deployment="support", guards=guards, counts=GuardCounts(), most_bytes=most_bytes
    )


def event(delta: Any, *, index: int = 0, reason: str | None = None, **more: Any) -> bytes:
    """Return an event of a chat's stream; a text is content."""
    said = {"content": delta} if isinstance(delta, str) else delta
    choice = {"index": index, "delta": said, "finish_reason": reason, **more}
    return frame({"id": "a-1", "object": "chat.completion.chunk", "choices": [choice]})


def frame(value: Any) -> bytes:
    """Return a server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def stream_of(*texts: str) -> bytes:
    """Return the stream of a chat that writes texts and ends by itself."""
    return b"".join([*map(event, texts), event({}, reason="stop"), DONE])


def frames_of(body: bytes) -> list[dict[str, Any]]:
    """Return the events that a caller got. Every one must be sound, and the last be `[DONE]`."""
    *events, end = body.split(b"\n\n")
    assert end == b""
    read = [each for each in events if not each.startswith(b":")]
    assert all(each.startswith(b"data: ") for each in read)
    assert read[-1] == b"data: [DONE]"
    return [json.loads(each.removeprefix(b"data: ")) for each in read[:-1]]


def said_in(frames: Sequence[Mapping[str, Any]], index: int = 0, name: str = "content") -> str:
    """Return what a choice says, joined."""
    choices = [each for frame in frames for each in frame["choices"] if each["index"] == index]
    return "".join(each["delta"].get(name) or "" for each in choices)


def endings_of(frames: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Return why each choice ended. None ends twice."""
    found: dict[int, str] = {}
    for each in (choice for frame in frames for choice in frame["choices"]):
        if each["finish_reason"] is not None:
            assert each["index"] not in found
            found[each["index"]] = each["finish_reason"]
    return found
