"""The callers of the demo: an OpenAI client that asks at a steady rate."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from openai import AsyncOpenAI

from monitor.demo.traffic import Request

_MAX_TOKENS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as a caller saw it."""

    sent_at: datetime
    done_at: datetime
    digest: str  # of the adapter that served
    text: str
    right: bool


@dataclass(slots=True)
class Callers:
    """Sends requests at a steady rate, each as a task of its own, and keeps the answers.

    Args:
        rate: requests per second.
    """

    client: AsyncOpenAI
    model: str
    requests: Iterator[Request]
    rate: float
    answers: list[Answer] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def send(self, count: int) -> None:
        """Send so many requests and wait for their answers."""
        start = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            for number in range(count):
                await _until(start + number / self.rate)
                group.create_task(self._ask(next(self.requests)))

    async def send_until(self, done: asyncio.Event) -> None:
        """Send requests until the event is set, and wait for the answers under way."""
        start, number = asyncio.get_running_loop().time(), 0
        async with asyncio.TaskGroup() as group:
            while not done.is_set():
                await _until(start + number / self.rate)
                group.create_task(self._ask(next(self.requests)))
                number += 1

    def served_by(self) -> Counter[str]:
        """Count the answers by the digest that served them."""
        return Counter(answer.digest for answer in self.answers)

    async def _ask(self, request: Request) -> None:
        sent_at = datetime.now(UTC)
        try:
            raw = await self.client.chat.completions.with_raw_response.create(
                model=self.model,
                messages=[{"role": "user", "content": request.message}],
                max_tokens=_MAX_TOKENS,
                temperature=0,
            )
        except Exception as error:  # a caller notes any failure, whatever its kind
            self.failures.append(f"{type(error).__name__}: {error}")
            return
        text = raw.parse().choices[0].message.content or ""
        self.answers.append(
            Answer(
                sent_at=sent_at,
                done_at=datetime.now(UTC),
                digest=raw.headers.get("X-Adapter-Digest", ""),
                text=text,
                right=_is_right(text, request),
            )
        )


def _is_right(text: str, request: Request) -> bool:
    try:
        return bool(json.loads(text) == request.ticket)
    except ValueError:
        return False


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
