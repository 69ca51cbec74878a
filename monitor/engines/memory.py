"""An engine without a model: answers come from a function."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path

from guards.exchange import FinishReason
from monitor.errors import EngineError
from monitor.ports.engine import Generation, Piece, Token

Answers = Callable[[Generation, str | None], Iterable[str]]


class MemoryEngine:
    """Writes what a function says, token by token. Implements `ports.Engine`.

    Args:
        answers: the tokens for a request; an `EngineError` it raises is the engine's failure.
        pace: gives one permit per token; without it answers come at once.
    """

    def __init__(self, answers: Answers, pace: asyncio.Semaphore | None = None) -> None:
        self._answers = answers
        self._pace = pace
        self._versions: set[str] = set()
        self._writing = 0  # answers that have begun and neither ended nor been closed
        self.busy = asyncio.Event()  # set while an answer is written
        self.idle = asyncio.Event()  # set while none is
        self.idle.set()

    async def loaded(self) -> frozenset[str]:
        """Return the versions that were loaded."""
        return frozenset(self._versions)

    async def load(self, version: str, folder: Path) -> None:
        """Remember a version. Raises `EngineError` if there is no such folder."""
        if not await asyncio.to_thread(folder.is_dir):
            raise EngineError(f"{folder} cannot be read: it is no folder")
        self._versions.add(version)

    async def unload(self, version: str) -> None:
        """Forget a version."""
        self._versions.discard(version)

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer. Raises `EngineError` for a version that is not loaded."""
        if version is not None and version not in self._versions:
            raise EngineError(f"{version} is not loaded")
        self._count(1)
        try:
            count = 0
            for word in itertools.islice(self._answers(generation, version), generation.max_tokens):
                await self._wait()
                yield Piece(text=word, tokens=(Token(id=count, text=word, logprob=-0.5),))
                count += 1
            yield _end(generation, count)
        finally:
            self._count(-1)

    async def _wait(self) -> None:
        if self._pace is not None:
            await self._pace.acquire()

    def _count(self, change: int) -> None:
        self._writing += change
        (self.busy if self._writing else self.idle).set()
        (self.idle if self._writing else self.busy).clear()


def _end(generation: Generation, count: int) -> Piece:
    cut = count == generation.max_tokens
    words = sum(len(message.content.split()) for message in generation.messages)
    reason = FinishReason.LENGTH if cut else FinishReason.STOP
    return Piece(text="", finish_reason=reason, prompt_tokens=words)
