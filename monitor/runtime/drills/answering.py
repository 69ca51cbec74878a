"""Has two versions answer the same prompts greedily, behind the callers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from guards.exchange import Exchange, FinishReason, Message
from monitor.errors import EngineError
from monitor.ports.engine import Engine, Generation
from monitor.runtime.replay.ground import NAME

Prompt = tuple[Message, ...]

_MAX_TOKENS = 256
_BEHIND_CALLERS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Asks one engine, a few prompts at once.

    Args:
        at_once: at least 1.
    """

    engine: Engine
    at_once: int = 8

    async def ask(self, prompts: Sequence[Prompt], version: str | None) -> Sequence[Exchange]:
        """Return an answer to each prompt. A version that fails gives an answer that is an error.

        Raises `Unavailable` if the engine is away.
        """
        found: list[Exchange] = []
        for start in range(0, len(prompts), self.at_once):
            part = prompts[start : start + self.at_once]
            asked = (self._answer(start + n, each, version) for n, each in enumerate(part))
            found += await asyncio.gather(*asked)
        return found

    async def _answer(self, number: int, prompt: Prompt, version: str | None) -> Exchange:
        generation = Generation(
            messages=prompt, max_tokens=_MAX_TOKENS, temperature=0.0, priority=_BEHIND_CALLERS
        )
        started, began = datetime.now(UTC), time.monotonic()
        try:
            pieces = [piece async for piece in self.engine.complete(generation, version)]
        except EngineError:
            pieces, reason = [], FinishReason.ERROR
        else:
            reason = pieces[-1].finish_reason or FinishReason.STOP
        tokens = [token for piece in pieces for token in piece.tokens]
        return Exchange(
            id=f"{number}-{version or 'base'}",
            deployment=NAME,
            started_at=started,
            messages=prompt,
            output="".join(piece.text for piece in pieces),
            finish_reason=reason,
            latency_s=time.monotonic() - began,
            output_tokens=len(tokens) or None,
            token_logprobs=tuple(token.logprob for token in tokens) or None,
        )
