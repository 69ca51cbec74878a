"""A real vLLM that was restarted behind our back is filled again, by those who look at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from monitor.engines.servers.server import ModelServer
from monitor.ports.engine import Generation, Piece
from monitor.runtime import fingerprints
from rollback.deployment import Deployment
from tests.contract.test_vllm import engine
from tests.unit.monitor.runtime.shelf import Shelf
from tests.vllm.process import RealVllm

__all__ = ["engine"]  # fixture

pytestmark = [pytest.mark.vllm, pytest.mark.slow]


class Seen:
    """An engine that tells when both versions are on it. Implements `ports.Engine`."""

    def __init__(self, engine: ModelServer, versions: tuple[str, str]) -> None:
        self._engine = engine
        self._versions = frozenset(versions)
        self.full = asyncio.Event()

    async def loaded(self) -> frozenset[str]:
        """Ask the engine."""
        return await self._engine.loaded()

    async def load(self, version: str, folder: Path) -> None:
        """Have the engine load, and look."""
        await self._engine.load(version, folder)
        if await self._engine.loaded() >= self._versions:
            self.full.set()

    async def unload(self, version: str) -> None:
        """Have the engine unload."""
        await self._engine.unload(version)

    def complete(self, generation: Generation, version: str | None) -> AsyncGenerator[Piece, None]:
        """Have the engine write."""
        return self._engine.complete(generation, version)


async def test_a_restart_behind_our_back_is_repaired_within_seconds(
    vllm: RealVllm, engine: ModelServer, adapters: dict[str, Path]
) -> None:
    """Active and baseline are back, with the answers they had, and nobody told anybody."""
    active, baseline = vllm.versions[:2]
    seen = Seen(engine, (active, baseline))
    shelf = Shelf(adapters, Deployment(name="support", active=active, baseline=baseline))
    presence = shelf.presence_on(seen, look_s=1.0)
    await presence.look()
    before = [await fingerprints.take(engine, version) for version in (active, baseline)]
    seen.full.clear()
    looking = asyncio.create_task(presence.run())
    await vllm.restart()
    await asyncio.wait_for(seen.full.wait(), 10)
    looking.cancel()
    after = [await fingerprints.take(engine, version) for version in (active, baseline)]
    assert all(fingerprints.same(*pair) for pair in zip(before, after, strict=True))
