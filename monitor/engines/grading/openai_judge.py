"""A judge behind an OpenAI-compatible API."""

from __future__ import annotations

from collections.abc import Sequence

from guards.exchange import Message
from monitor.engines.servers.client import Client
from monitor.errors import EngineError

_MAX_TOKENS = 1024  # room to think before the score


class OpenAIJudge:
    """Asks a chat model. Implements `ports.grading.Judge`.

    Args:
        client: of the server, without `/v1`.
        model: the judge's name there.
        limit_s: for one whole reply.
    """

    def __init__(self, client: Client, model: str, *, limit_s: float) -> None:
        self._client = client
        self._model = model
        self._limit_s = limit_s

    async def ask(self, messages: Sequence[Message], seed: int, temperature: float) -> str:
        """Return what the judge says.

        Raises:
            EngineError: it refuses, or its reply is no chat completion.
            Unavailable: it is away, or takes longer than its limit.
        """
        body = {
            "model": self._model,
            "messages": [{"role": each.role, "content": each.content} for each in messages],
            "temperature": temperature,
            "seed": seed,
            "max_tokens": _MAX_TOKENS,
        }
        reply = await self._client.post("/v1/chat/completions", body, self._limit_s)
        if not reply.ok:
            raise EngineError(f"the judge {self._model} refuses: {reply.sentence}")
        try:
            told = reply.content["choices"][0]["message"]["content"]
        except (LookupError, TypeError) as error:
            raise EngineError(f"the reply of {self._client.url} is no chat completion") from error
        return told if isinstance(told, str) else ""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()
