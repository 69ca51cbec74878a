"""The guards of a deployment at work: a text read piece by piece, without holding the event loop.

Guards of patterns run on the event loop in slices, and let others have their turn in between. Guards
that ask a model or a judge are asked once, about the whole text, when it has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from guards.checks import judgement, lane
from guards.checks.context import GuardContext
from guards.checks.judgement import Applied, Judgement, Mode, Report
from guards.checks.stream import StreamGuard
from guards.exchange import Message
from guards.guarded import GuardVerdict
from monitor.ports.guards import AnswerGuard

# The slowest texts cost some ten microseconds a character: a slice of them is a few milliseconds.
_SLICE = 256
_LONG = 1_024  # characters from which on the last look at a whole text is not taken on the loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A guard that asks somebody else, and what its findings do."""

    guard: AnswerGuard
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardSet:
    """Guards of one deployment that run in one place: the blocking ones, or the others.

    Args:
        applied: guards that are pure; asked: those that ask somebody else.
        canaries: tokens that must never come out.
        response_schema: JSON Schema that answers must satisfy, where one is declared.
        limit_s: how long a text may be held back for a guard that needs it whole.
    """

    applied: tuple[Applied, ...] = ()
    asked: tuple[Asked, ...] = ()
    canaries: tuple[str, ...] = ()
    response_schema: Mapping[str, Any] | None = None
    limit_s: float = 120.0

    @property
    def is_empty(self) -> bool:
        """Whether there is no guard."""
        return not (self.applied or self.asked)

    @property
    def needs_whole(self) -> bool:
        """Whether a blocking guard must see the end of a text before any of it goes out."""
        whole = [each for each in self.applied if not lane.is_scanning(each)]
        modes = [*(each.mode for each in self.asked), *(each.mode for each in whole)]
        return Mode.BLOCK in modes

    def context(self, messages: tuple[Message, ...]) -> GuardContext:
        """Return what guards may know of an answer to these messages."""
        return GuardContext(
            messages=messages, canaries=self.canaries, response_schema=self.response_schema
        )

    def failed(self) -> Judgement:
        """Return the judgement on a text that could not be read."""
        names = [(each.guard.name, each.mode) for each in self.applied]
        names += [(each.guard.name, each.mode) for each in self.asked]
        return judgement.conclude(
            [Report(guard=name, mode=mode, failed=True) for name, mode in names]
        )


class GuardedText:
    """One text on its way to the caller: `feed` every piece, then `finish`.

    Attributes:
        fed, released: characters until now.
    """

    __slots__ = (
        "_context",
        "_ended",
        "_guards",
        "_holds_for_answers",
        "_parts",
        "_stream",
        "fed",
        "released",
    )

    def __init__(self, guards: GuardSet, context: GuardContext) -> None:
        self._guards = guards
        self._context = context
        self._stream = StreamGuard(guards.applied, context)
        self._parts: list[str] = []  # for who is asked
        self._ended: Judgement | None = None
        self._holds_for_answers = any(each.mode is Mode.BLOCK for each in guards.asked)
        self.fed = 0
        self.released = 0

    @property
    def blocked(self) -> bool:
        """Whether nothing more may go out."""
        if self._ended is not None:
            return self._ended.verdict is GuardVerdict.BLOCK
        return self._stream.blocked

    @property
    def reports(self) -> tuple[Report, ...]:
        """What each guard has said until now."""
        return (self._ended or self._stream.judgement).reports

    async def feed(self, delta: str) -> str:
        """Read the next piece; return what may go out now."""
        if len(delta) <= _SLICE:
            return self.feed_short(delta)
        return self._given(delta, await self._sliced(delta))

    def feed_short(self, delta: str) -> str:
        """Do as `feed` does with a piece that takes no time to speak of: see `is_short`."""
        return self._given(delta, self._stream.feed(delta))

    @staticmethod
    def is_short(delta: str) -> bool:
        """Whether a piece may be read at one go."""
        return len(delta) <= _SLICE

    def _given(self, delta: str, cleared: str) -> str:
        self.fed += len(delta)
        if self._guards.asked:
            self._parts.append(delta)
        if self._holds_for_answers:
            return ""
        self.released += len(cleared)
        return cleared

    async def finish(self) -> str:
        """Take the text as ended; return what may still go out."""
        if self._stream.holds_all and self.fed > _LONG:
            cleared = await asyncio.to_thread(self._stream.finish)
        else:
            cleared = self._stream.finish()
        known = self._stream.judgement
        asked = self._guards.asked if self.fed else ()
        if not asked or known.verdict is GuardVerdict.BLOCK:
            self._ended = known
        else:
            text = "".join(self._parts)
            told = await ask(asked, text, self._context, self._guards.limit_s)
            self._ended = judgement.conclude([*known.reports, *told])
        if self._holds_for_answers:
            cleared = "" if self.blocked else "".join(self._parts)
        self.released += len(cleared)
        return cleared

    async def _sliced(self, delta: str) -> str:
        cleared: list[str] = []
        for start in range(0, len(delta), _SLICE):
            cleared.append(self._stream.feed(delta[start : start + _SLICE]))
            if self._stream.blocked:
                break
            await asyncio.sleep(0)
        return "".join(cleared)


async def ask(
    asked: Sequence[Asked], text: str, context: GuardContext, limit_s: float
) -> list[Report]:
    """Ask every guard about a whole text; one that raises or takes too long has failed."""
    return list(await asyncio.gather(*(_told(each, text, context, limit_s) for each in asked)))


async def _told(asked: Asked, text: str, context: GuardContext, limit_s: float) -> Report:
    name, mode = asked.guard.name, asked.mode
    try:
        async with asyncio.timeout(limit_s):
            found = await asked.guard.check(text, context)
    except Exception:
        return Report(guard=name, mode=mode, failed=True)
    return Report(guard=name, mode=mode, findings=found)
