"""Guards that observe or flag: they look at answers beside the record, within a budget.

They fail open. What is beyond the budget has not been looked at, is counted, and says so in the record.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from guards.assessment import Scored
from guards.checks import judgement
from guards.checks.judgement import Report
from guards.checks.stream import StreamGuard
from guards.exchange import Exchange
from guards.guarded import Guarded, GuardVerdict
from guards.verdicts import Verdict
from monitor.runtime import guarding
from monitor.runtime.guard_counts import GuardCounts
from monitor.runtime.guarding import GuardSet

_CLOSING_S = 1.0
_SLICE = 2_048  # characters between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How much guards may look at.

    Args:
        characters: of one answer, from its beginning; the rest is not looked at.
        answer_s, read_s: how long patterns are looked for in one answer, and in a batch.
        asked: answers of a batch about which models and judges are asked.
        batch_s: how long a batch waits for them.
    """

    characters: int = 32_768
    answer_s: float = 0.25
    read_s: float = 2.0
    asked: int = 64
    batch_s: float = 1.0


class Observing:
    """Lets the guards of each deployment look at a batch.

    Args:
        clock: monotonic, in seconds.

    Attributes:
        sets: guards by deployment, those that do not block; set once they are open.
        counts: what they did.
    """

    def __init__(
        self, budget: Budget | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sets: Mapping[str, GuardSet] = {}
        self.counts = GuardCounts()
        self._budget = budget or Budget()
        self._clock = clock

    def note(self, scored: Sequence[Scored], loop: asyncio.AbstractEventLoop) -> Sequence[Scored]:
        """Return a batch with what guards say of it. Runs on the scorer's thread, and may block it.

        Args:
            loop: where who is asked is waited for.
        """
        exchanges = [each.exchange for each in scored]
        if not self.sets and all(each.guarded is None for each in exchanges):
            return scored
        told = self._told(exchanges, loop)
        until = self._clock() + self._budget.read_s
        return [
            _with(each, self._look(each.exchange, told.get(row, ()), until))
            for row, each in enumerate(scored)
        ]

    def _look(self, exchange: Exchange, told: Sequence[Report], until: float) -> Guarded | None:
        """Return what the gateway's guards and these say of an answer."""
        guards = self.sets.get(exchange.deployment)
        if guards is None:
            return exchange.guarded
        reports = [*self._read(exchange, guards, until), *told]
        self.counts.note(exchange.deployment, reports)
        found = judgement.conclude(reports).guarded()
        return found if exchange.guarded is None else exchange.guarded.joined(found)

    def _read(self, exchange: Exchange, guards: GuardSet, until: float) -> Sequence[Report]:
        """Return what patterns find, and who of them failed because the budget ended first."""
        stream = StreamGuard(guards.applied, guards.context(exchange.messages))
        until = min(until, self._clock() + self._budget.answer_s)
        read, size = 0, len(exchange.output)
        while read < min(size, self._budget.characters) and self._clock() < until:
            stream.feed(exchange.output[read : read + _SLICE])
            read += _SLICE
        stream.finish()
        reports = stream.judgement.reports
        if read >= size:
            return reports
        return [replace(each, failed=True) for each in reports]

    def _told(
        self, exchanges: Sequence[Exchange], loop: asyncio.AbstractEventLoop
    ) -> Mapping[int, Sequence[Report]]:
        rows = [row for row, each in enumerate(exchanges) if each.output and self._asks(each)]
        if not rows:
            return {}
        waiting = asyncio.run_coroutine_threadsafe(self._ask(exchanges, rows), loop)
        try:
            return waiting.result(self._budget.batch_s + _CLOSING_S)
        except TimeoutError:  # the loop has ended, or is held
            waiting.cancel()
            return {row: self._failed(exchanges[row]) for row in rows}

    async def _ask(
        self, exchanges: Sequence[Exchange], rows: Sequence[int]
    ) -> Mapping[int, Sequence[Report]]:
        tasks = {
            row: asyncio.create_task(self._ask_one(exchanges[row]))
            for row in rows[: self._budget.asked]
        }
        done, late = await asyncio.wait(tasks.values(), timeout=self._budget.batch_s)
        for task in late:
            task.cancel()
        answered = {row: task.result() for row, task in tasks.items() if task in done}
        return {row: answered.get(row) or self._failed(exchanges[row]) for row in rows}

    async def _ask_one(self, exchange: Exchange) -> Sequence[Report]:
        guards = self.sets[exchange.deployment]
        text = exchange.output[: self._budget.characters]
        told = await guarding.ask(
            guards.asked, text, guards.context(exchange.messages), self._budget.batch_s
        )
        is_cut = len(text) < len(exchange.output)
        return [replace(each, failed=True) for each in told] if is_cut else told

    def _asks(self, exchange: Exchange) -> bool:
        guards = self.sets.get(exchange.deployment)
        return guards is not None and bool(guards.asked)

    def _failed(self, exchange: Exchange) -> Sequence[Report]:
        return [
            Report(guard=each.guard.name, mode=each.mode, failed=True)
            for each in self.sets[exchange.deployment].asked
        ]


def _with(scored: Scored, guarded: Guarded | None) -> Scored:
    """Return an answer with what guards said of it: a flagged or blocked one is to be looked at.

    That is no fault of the version: a caller may have asked for what a guard objects to.
    """
    if guarded is None or guarded.is_silent:
        return scored
    verdict = scored.verdict
    if guarded.verdict is not GuardVerdict.PASS and verdict is not Verdict.FAIL:
        verdict = Verdict.WARN
    return replace(scored, verdict=verdict, findings=(*scored.findings, *guarded.sentences()))
