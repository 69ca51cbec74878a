"""Servers that load adapters under a name at run time, and list them at `/v1/models`."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path

from monitor.engines.servers import cards
from monitor.engines.servers.client import Client, Reply
from monitor.engines.servers.housekeeping import tidy
from monitor.engines.servers.mount import Mount
from monitor.errors import EngineError

_LOAD_S = 120.0  # adapters of large models come from slow disks


class ByName:
    """What vLLM and SGLang have in common.

    Args:
        prefix: of the paths `load_lora_adapter` and `unload_lora_adapter`.
        unloads: whether versions are taken off the server at all.
    """

    def __init__(self, client: Client, mount: Mount, prefix: str, *, unloads: bool) -> None:
        self._client = client
        self._mount = mount
        self._loading = f"{prefix}/load_lora_adapter"
        self._unloading = f"{prefix}/unload_lora_adapter"
        self._unloads = unloads

    async def loaded(self) -> frozenset[str]:
        """Ask which versions it serves from our files. Raises `EngineError`, `Unavailable`."""
        return cards.versions(await cards.read(self._client), self._mount)

    async def load(self, version: str, folder: Path) -> None:
        """Load a version; do nothing if it is loaded.

        Raises:
            EngineError: with the server's own sentence and what to do.
            Unavailable: the server is away.
        """
        path = self._mount.seen(folder)
        if await self._holds(version, path):
            return
        body = {"lora_name": version, "lora_path": path}
        reply = await self._client.post(self._loading, body, _LOAD_S)
        if not reply.ok and not await self._holds(version, path):  # another replica was faster
            raise EngineError(f"{version} does not load: {self._advice(reply, path)}")

    async def unload(self, version: str) -> None:
        """Have the server forget a version, if that is asked for; takes a few seconds at most."""
        if self._unloads:
            await tidy(self._client, self._unloading, version)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    @abstractmethod
    def _advice(self, reply: Reply, path: str) -> str:
        """Say why a version did not load from a path, and what to do."""

    async def _holds(self, version: str, path: str) -> bool:
        return cards.holds(await cards.read(self._client), version, path)
