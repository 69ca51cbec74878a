"""A judge behind an OpenAI-compatible API."""

from __future__ import annotations

from collections.abc import Sequence

from guards.exchange import Message
from monitor.engines.servers import writing
from monitor.engines.servers.client import Client
from monitor.errors import EngineError

_MAX_TOKENS = 1024  # room to think before the score
_CONNECT_S = 5.0


class OpenAIJudge:
    """Asks a chat model. Implements `ports.grading.Judge`.

    It is asked seldom, so each question has a connection of its own and none is left open.

    Args:
        url: of the server, without `/v1` and without a slash at its end.
        key: sent as bearer token, if the server wants one; never shown.
        model: the judge's name there.
        limit_s: for one whole reply.
    """

    def __init__(self, url: str, key: str | None, model: str, *, limit_s: float) -> None:
        self._url = url
        self._key = key
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
            "messages": writing.turns(messages),
            "temperature": temperature,
            "seed": seed,
            "max_tokens": _MAX_TOKENS,
        }
        client = self._client()
        try:
            reply = await client.post("/v1/chat/completions", body, self._limit_s)
        finally:
            await client.close()
        if not reply.ok:
            raise EngineError(f"the judge {self._model} refuses: {reply.sentence}")
        try:
            told = reply.content["choices"][0]["message"]["content"]
        except (LookupError, TypeError) as error:
            raise EngineError(f"the reply of {self._url} is no chat completion") from error
        return told if isinstance(told, str) else ""

    def _client(self) -> Client:
        return Client(
            self._url,
            self._key,
            key_setting="grading.judge.api_key_file",
            connect_s=_CONNECT_S,
            first_byte_s=self._limit_s,
            idle_s=self._limit_s,
        )
