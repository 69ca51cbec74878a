"""SGLang: adapters are loaded at run time, and asked for behind the base model's name.

Contract: python/sglang/srt/entrypoints/http_server.py, entrypoints/openai/serving_base.py and
managers/tokenizer_control_mixin.py of version 0.5.23; see `docs/engines.md`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from monitor.engines.servers import cards, writing
from monitor.engines.servers.by_name import ByName
from monitor.engines.servers.client import Client, Reply
from monitor.engines.servers.mount import Mount
from monitor.engines.servers.naming import SglangNaming
from monitor.engines.servers.server import ServerFacts
from monitor.errors import EngineError
from monitor.ports.engine import Generation, Piece

_SWITCHED_OFF = (
    "the server was started without LoRA; start it with --enable-lora, --max-lora-rank and "
    "--lora-target-modules"
)


class SglangEngine(ByName):
    """An SGLang server. Implements `ports.Engine`.

    Args:
        unloads: whether versions are taken off it at all: its unloading can hang for ever and
            take every later loading, or the whole server, with it.
    """

    def __init__(
        self, client: Client, mount: Mount, naming: SglangNaming, *, unloads: bool
    ) -> None:
        super().__init__(client, mount, "", unloads=unloads)
        self.naming = naming

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer.

        Asked for a version that it once had, the server would load it again by itself.
        """
        if version is not None and version not in await self.loaded():
            raise EngineError(f"{version} is not loaded on the server")
        answer = writing.write(self._client, self.naming, _DIALECT, generation, version)
        async with aclosing(answer):
            async for piece in answer:
                yield piece

    async def facts(self) -> ServerFacts:
        """Ask for its version, and where the base model comes from."""
        server = await self._client.ask("/server_info")
        model = await self._client.ask("/model_info")
        return ServerFacts(
            kind="sglang",
            model=self.naming.model,
            version=server.get("version", ""),
            base={key: model.get(key) for key in ("model_path", "weight_version")},
        )

    async def examine(self) -> tuple[str, ...]:
        """Look for the base model, and whether adapters can be loaded."""
        problems = cards.missing_base(await cards.read(self._client), self.naming.model)
        server = await self._client.ask("/server_info")
        return (*problems, *(() if server.get("enable_lora") else (_SWITCHED_OFF,)))

    def _advice(self, reply: Reply, path: str) -> str:
        said = reply.sentence
        if "--enable-lora" in said:
            return _SWITCHED_OFF
        if "--max-lora-rank" in said:
            return f"the server says: {said}"
        return (
            f"the server says: {said}; it must see {path}, or engine.adapters_as must say where "
            "it sees data_dir/adapters"
        )


def _lacks_version(reply: Reply) -> bool:
    said = reply.sentence
    return reply.status == 400 and ("never been loaded" in said or "are not loaded" in said)


_DIALECT = writing.Dialect(text={"return_token_ids": True}, lacks_version=_lacks_version)
