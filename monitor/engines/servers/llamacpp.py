"""llama.cpp's server: adapters are given at its start, and chosen by number in each request.

Contract: tools/server/README.md and server-context.cpp of ggml-org/llama.cpp at commit 00dc805;
see `docs/engines.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

from monitor.engines.servers import cards, writing
from monitor.engines.servers.client import Client
from monitor.engines.servers.naming import START, LlamacppNaming, how_to_start
from monitor.engines.servers.server import ServerFacts
from monitor.errors import EngineError
from monitor.ports.engine import Generation, Piece

_DIALECT = writing.Dialect(fewest_logprobs=1)


class LlamacppEngine:
    """A llama.cpp server. Implements `ports.Engine`."""

    def __init__(self, client: Client, naming: LlamacppNaming) -> None:
        self._client = client
        self.naming = naming
        self._forgotten: set[str] = set()

    async def loaded(self) -> frozenset[str]:
        """Ask which versions it was started with. Raises `EngineError`, `Unavailable`."""
        await self._look()
        return self.naming.versions - self._forgotten

    async def load(self, version: str, folder: Path) -> None:
        """Look whether the server was started with a version, since it cannot load one later.

        Raises:
            EngineError: it was not; says how to start it.
            Unavailable: the server is away.
        """
        await self._look()
        if version not in self.naming.versions:
            raise EngineError(how_to_start(version))
        self._forgotten.discard(version)

    async def unload(self, version: str) -> None:
        """Forget a version here; the server keeps it until it is started without."""
        self._forgotten.add(version)

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer."""
        loaded = await self.loaded()
        if version is not None and version not in loaded:
            raise EngineError(f"{version} is not loaded")
        answer = writing.write(self._client, self.naming, _DIALECT, generation, version)
        async with aclosing(answer):
            async for piece in answer:
                yield piece

    async def facts(self) -> ServerFacts:
        """Ask for its build and the base model's sizes."""
        props = await self._client.ask("/props")
        listed = await cards.read(self._client)
        return ServerFacts(
            kind="llamacpp",
            model=self.naming.model,
            version=props.get("build_info", ""),
            base={
                "model_path": props.get("model_path"),
                "meta": listed[0].meta if listed else None,
            },
        )

    async def examine(self) -> tuple[str, ...]:
        """Look for the base model's name, and whether there are adapters at all."""
        problems = cards.missing_base(await cards.read(self._client), self.naming.model)
        await self._look()
        if self.naming.versions:
            return problems
        return (*problems, f"the server has no version's adapter; {START}")

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _look(self) -> None:
        self.naming.learn(await self._client.ask("/lora-adapters"))
