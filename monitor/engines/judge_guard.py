"""A guard that asks an OpenAI-compatible judge, such as Llama Guard behind vLLM."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from guards.checks.context import GuardContext
from guards.checks.finding import Finding, masked
from monitor.errors import EngineError, Unavailable

_AWAY = frozenset({408, 425, 429, 500, 502, 503, 504})
_LONGEST_REPLY = 64_000  # bytes
_CATEGORY = re.compile(r"\bS\d{1,2}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Which judge to ask, and how to read it.

    Args:
        url: of the API, with `/v1`, without a slash at its end.
        model: the judge's name there.
        key: sent as bearer token, if the server wants one; never shown.
        limit_s: for the whole question.
        max_tokens: of the judge's answer.
        safe, unsafe: how its first word says so, in small letters (Llama Guard's model card).
    """

    url: str
    model: str
    key: str | None = None
    limit_s: float = 2.0
    max_tokens: int = 20
    safe: str = "safe"
    unsafe: str = "unsafe"

    def __repr__(self) -> str:
        return f"Judge(url={self.url!r}, model={self.model!r})"


class JudgeGuard:
    """Sends the prompt and the answer to a judge. Implements `ports.guards.AnswerGuard`.

    The judge's chat template holds its policy, as Llama Guard's does: it is sent the conversation
    as it was, the answer as the assistant's last turn.
    """

    def __init__(self, name: str, judge: Judge) -> None:
        self._name = name
        self._judge = judge
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def name(self) -> str:
        """The name that settings and counts go by."""
        return self._name

    async def check(self, answer: str, context: GuardContext) -> tuple[Finding, ...]:
        """Return a finding over the whole answer for each category that the judge names.

        Raises:
            EngineError: if the judge refuses the question, or its verdict cannot be read.
            Unavailable: if it is away, takes longer than its limit, or the guard is closed.
        """
        if self._closed:
            raise Unavailable(f"guard {self._name} is closed")
        try:
            async with asyncio.timeout(self._judge.limit_s):
                told = await self._ask(self._question(answer, context))
        except TimeoutError as error:
            raise Unavailable(
                f"guard {self._name}: the judge took over {self._judge.limit_s} s"
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(f"guard {self._name}: the judge is away: {error}") from error
        return self._findings(told, answer)

    async def close(self) -> None:
        """Close the connections; checks that wait end with `Unavailable`."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    def _question(self, answer: str, context: GuardContext) -> dict[str, Any]:
        turns = [
            {"role": turn.role, "content": turn.content}
            for turn in context.messages
            if turn.role in ("user", "assistant")
        ]
        return {
            "model": self._judge.model,
            "messages": [*turns, {"role": "assistant", "content": answer}],
            "max_tokens": self._judge.max_tokens,
            "temperature": 0,
        }

    async def _ask(self, question: Mapping[str, Any]) -> str:
        url = f"{self._judge.url}/chat/completions"
        async with self._opened().post(url, json=question, allow_redirects=False) as reply:
            if reply.status in _AWAY:
                raise Unavailable(f"guard {self._name}: the judge answers {reply.status}")
            if reply.status != 200:
                raise EngineError(f"guard {self._name}: the judge answers {reply.status}")
            body = await self._read(reply)
            try:
                told = json.loads(body)["choices"][0]["message"]["content"]
            except (ValueError, LookupError, TypeError) as error:
                raise EngineError(
                    f"guard {self._name}: the judge's reply is no chat completion"
                ) from error
        return told if isinstance(told, str) else ""

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for part in reply.content.iter_any():
            body += part
            if len(body) > _LONGEST_REPLY:
                raise EngineError(f"guard {self._name}: the judge's reply is too long")
        return bytes(body)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            key = self._judge.key
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            self._session = aiohttp.ClientSession(headers=headers)
        return self._session

    def _findings(self, told: str, answer: str) -> tuple[Finding, ...]:
        verdict = told.strip().lower().split(maxsplit=1)
        if verdict[:1] == [self._judge.safe]:
            return ()
        if verdict[:1] != [self._judge.unsafe]:
            raise EngineError(
                f"guard {self._name}: the judge says neither {self._judge.safe!r} nor "
                f"{self._judge.unsafe!r}; look at its chat template"
            )
        categories = _CATEGORY.findall(told) or [self._judge.unsafe]
        return tuple(_finding(f"{self._name}:{each}", answer) for each in categories)


def _finding(kind: str, answer: str) -> Finding:
    excerpt = masked(answer, len(answer))
    return Finding(kind=kind, start=0, end=len(answer), score=1.0, excerpt=excerpt)
