"""Pairs that a judge compares, beside the scoring: few at a time, and what does not fit is left out."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from guards.exchange import Message
from monitor.errors import BackstopError
from monitor.ports.preference import Preference
from monitor.ports.record import Observed

log = structlog.get_logger(__name__)

_WAITING = 64
_REMEMBERED = 10_000  # shadows that were compared already
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """Two answers to one prompt between which no free source sees a difference.

    Args:
        observed: the pair as it is observed, but for what it says.
        messages: the prompt; answer: of the active version; shadow: of its baseline.
    """

    observed: Observed
    messages: tuple[Message, ...]
    answer: str
    shadow: str


class PairJudge(Protocol):
    """Compares pairs some time, and gives what it found to whoever records next."""

    def offer(self, pairs: Sequence[Unjudged]) -> None:
        """Take pairs in; never waits. What there is no room for is counted."""

    def take(self) -> Sequence[Observed]:
        """Return the pairs that were compared since."""


class NoPairJudge:
    """Compares nothing: no deployment asks for it."""

    def offer(self, pairs: Sequence[Unjudged]) -> None:
        """Forget them."""

    def take(self) -> Sequence[Observed]:
        """Return nothing."""
        return ()


class JudgedPairs:
    """Asks a judge about one pair after the other. Implements `PairJudge`.

    A judge that is away, or whose reply cannot be read, leaves a pair out: unknown is not bad.

    Args:
        preference: deployment-independent comparison of two answers.

    Attributes:
        left_out: pairs that were not compared.
    """

    def __init__(self, preference: Preference) -> None:
        self._preference = preference
        self._waiting: deque[Unjudged] = deque()
        self._found: deque[Observed] = deque()
        self._met: OrderedDict[str, None] = OrderedDict()
        self._is_away = False
        self.left_out = 0

    def offer(self, pairs: Sequence[Unjudged]) -> None:
        """Take pairs in, each once; called on the thread that assesses."""
        for pair in pairs:
            name = pair.observed.observation.exchange_id
            if name in self._met:
                continue
            if len(self._waiting) >= _WAITING:
                self.left_out += 1
                continue
            self._met[name] = None
            if len(self._met) > _REMEMBERED:
                self._met.popitem(last=False)
            self._waiting.append(pair)

    def take(self) -> Sequence[Observed]:
        """Return the pairs that were compared since, oldest first."""
        return [self._found.popleft() for _ in range(len(self._found))]

    async def run(self) -> None:
        """Compare until cancelled."""
        while True:
            await self.catch_up()
            await asyncio.sleep(_LOOK_S)

    async def catch_up(self) -> None:
        """Compare all that waits."""
        while self._waiting:
            pair = self._waiting.popleft()
            try:
                better = await self._preference.compare(pair.messages, pair.answer, pair.shadow)
            except BackstopError as error:
                self._say_away(error)
                self.left_out += 1
                continue
            self._is_away = False
            observation = replace(pair.observed.observation, pair=better)
            self._found.append(replace(pair.observed, observation=observation))

    def health(self) -> Mapping[str, str]:
        """Return what is wrong; nothing if all is well."""
        return {"pairs": "the judge compares nothing"} if self._is_away else {}

    def _say_away(self, error: BackstopError) -> None:
        if not self._is_away:
            log.warning("a pair is not compared", error=str(error))
        self._is_away = True
