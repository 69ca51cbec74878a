"""vLLM: adapters are loaded and unloaded at run time, and asked for by their own name.

Contract: vllm/entrypoints/openai/models/serving.py and entrypoints/serve/lora/api_router.py of
version 0.32; `docs/engines.md` tells what it means for Backstop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from guards.exchange import Message
from monitor.engines.servers import cards, prompt_logprobs, writing
from monitor.engines.servers.by_name import ByName
from monitor.engines.servers.client import Client, Reply
from monitor.engines.servers.mount import Mount
from monitor.engines.servers.naming import VllmNaming
from monitor.engines.servers.server import ServerFacts
from monitor.errors import BadRequest
from monitor.ports.engine import Generation, Piece

_DIALECT = writing.Dialect(
    text={"return_token_ids": True}, chat={"return_token_ids": True}, has_priority=True
)
_SWITCHED_OFF = (
    "the server loads no adapters at run time; start it with --enable-lora and "
    "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True in its environment"
)


class VllmEngine(ByName):
    """A vLLM server. Implements `ports.Engine` and `ports.Likelihood`.

    What it unloads loses its name at once, and its weights when their place is needed.
    """

    def __init__(self, client: Client, mount: Mount, naming: VllmNaming, *, unloads: bool) -> None:
        super().__init__(client, mount, "/v1", unloads=unloads)
        self.naming = naming
        self._ranks = True  # until the server says that it does not schedule by priority

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer; it waits behind others only if the server schedules by priority."""
        if generation.priority and self._ranks:
            try:
                async with aclosing(self._written(generation, version)) as pieces:
                    async for piece in pieces:
                        yield piece
                return
            except BadRequest as error:
                if "priority" not in str(error).lower():
                    raise
                self._ranks = False  # started without --scheduling-policy priority
        async with aclosing(self._written(replace(generation, priority=0), version)) as pieces:
            async for piece in pieces:
                yield piece

    def _written(self, generation: Generation, version: str | None) -> AsyncGenerator[Piece, None]:
        return writing.write(self._client, self.naming, _DIALECT, generation, version)

    async def tokenized(self, asked: Mapping[str, Any]) -> tuple[int, ...] | None:
        """Return the tokens of `prompt` or `messages`; `None` if the base model refuses them."""
        try:
            told = await prompt_logprobs.tokens_of(
                self._client, {**self.naming.fields(None), **asked}
            )
        except BadRequest:
            return None
        return tuple(told)

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Return the log-probability of each token of a continuation; see `ports.Likelihood`."""
        return await prompt_logprobs.score(
            self._client, self.naming, messages, continuation, version
        )

    async def facts(self) -> ServerFacts:
        """Ask for its version, and where the base model comes from."""
        listed = await cards.read(self._client)
        told = await self._client.ask("/version")
        root = next((card.root for card in listed if card.id == self.naming.model), None)
        return ServerFacts(
            kind="vllm",
            model=self.naming.model,
            version=told.get("version", ""),
            base={"root": root},
        )

    async def examine(self) -> tuple[str, ...]:
        """Look for the base model, and whether adapters can be loaded."""
        problems = cards.missing_base(await cards.read(self._client), self.naming.model)
        # A route that wants POST answers 405 to GET; one that is not there answers 404.
        absent = (await self._client.look(self._loading)).status == 404
        return (*problems, *((_SWITCHED_OFF,) if absent else ()))

    def _advice(self, reply: Reply, path: str) -> str:
        said = reply.sentence
        if reply.status == 404 and "No adapter found" not in said:
            return _SWITCHED_OFF
        if reply.status == 404:
            return (
                f"the server finds no adapter in {path} ({said}); let it see that folder, or say "
                "in engine.adapters_as where it sees data_dir/adapters"
            )
        if "max_lora_rank" in said:
            return f"{said}; start the server with a larger --max-lora-rank"
        return f"the server says: {said}"
