"""The callers of the banking story: as many at once as are let in, as fast as answers come."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import aiohttp

from tests.e2e.banking_model import Query

_MAX_TOKENS = 24  # the longest intent has fewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer as a caller saw it."""

    digest: str  # of the adapter that served
    right: bool


@dataclass(slots=True, kw_only=True)
class Callers:
    """Sends queries over plain HTTP, a bounded number at once, and keeps the answers.

    Args:
        session: with the address of the service and the callers' token.
        model: public model name.
        at_once: callers, each of whom asks again as soon as it has its answer.
    """

    session: aiohttp.ClientSession
    model: str
    at_once: int = 16
    answers: list[Answer] = field(default_factory=list)

    async def ask(self, queries: Iterable[Query]) -> Sequence[Answer]:
        """Ask all of them; return the answers as they came."""
        return await self.ask_until(queries, lambda answer: False)

    async def ask_until(
        self, queries: Iterable[Query], is_last: Callable[[Answer], bool]
    ) -> Sequence[Answer]:
        """Ask until such an answer comes or no query is left; return the answers as they came."""
        first, left, done = len(self.answers), iter(queries), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(self._ask_on(left, is_last, done))
        return self.answers[first:]

    async def _ask_on(
        self, left: Iterator[Query], is_last: Callable[[Answer], bool], done: asyncio.Event
    ) -> None:
        for query in left:
            answer = await self._ask(query)
            self.answers.append(answer)
            if is_last(answer):
                done.set()
            if done.is_set():
                return

    async def _ask(self, query: Query) -> Answer:
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": query.text}],
            "max_tokens": _MAX_TOKENS,
            "temperature": 0,
        }
        async with self.session.post(
            "/v1/chat/completions", json=body, raise_for_status=True
        ) as response:
            text = (await response.json())["choices"][0]["message"]["content"]
            digest = response.headers["X-Adapter-Digest"]
        return Answer(digest=digest, right=text == query.intent)
