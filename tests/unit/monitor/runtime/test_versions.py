"""Which versions must be on the engine, and how they get there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError, Unavailable
from monitor.ports.engine import Generation
from monitor.runtime.versions import needed
from rollback.deployment import Deployment
from rollback.versions import VersionState
from tests.unit.monitor.runtime.shelf import Shelf

V1, V2, V3 = "support@111111111111", "support@222222222222", "support@333333333333"
OTHER = "shop@444444444444"
SUPPORT = Deployment(name="support", active=V2, baseline=V1)


class Server(MemoryEngine):
    """An engine that a test can restart empty, take away, or let refuse."""

    def __init__(self) -> None:
        super().__init__(_answers)
        self.away = False
        self.refused: dict[str, str] = {}  # version → why it does not load
        self.asked = asyncio.Event()
        self.full = asyncio.Event()  # once both versions of `SUPPORT` are loaded

    async def loaded(self) -> frozenset[str]:
        """Return what was loaded. Raises `Unavailable`."""
        self.asked.set()
        if self.away:
            raise Unavailable("the server does not answer")
        return await super().loaded()

    async def load(self, version: str, folder: Path) -> None:
        """Load a version. Raises `EngineError`."""
        if version in self.refused:
            raise EngineError(self.refused[version])
        await super().load(version, folder)
        if await super().loaded() == {V1, V2}:
            self.full.set()

    async def restart(self) -> None:
        """Come back empty."""
        for version in await self.loaded():
            await self.unload(version)


def _answers(_generation: Generation, version: str | None) -> Iterable[str]:
    return ["word"] * (2 if version is None else 3 + int(version[-1]))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Return a shelf with one deployment."""
    return Shelf(dict.fromkeys((V1, V2, V3, OTHER), tmp_path), SUPPORT)


def test_a_candidate_is_needed_as_well() -> None:
    """Callers reach it."""
    deployments = [SUPPORT, Deployment(name="plain", active=None, candidate=V3)]
    assert needed(deployments) == {V1, V2, V3}


async def test_a_server_that_came_back_empty_is_filled_at_the_next_look(shelf: Shelf) -> None:
    """Nobody told that it was restarted."""
    server = Server()
    versions = shelf.versions_on(server)
    await versions.keep_loaded(shelf.all())
    assert await server.loaded() == {V1, V2}
    await server.restart()
    await versions.keep_loaded(shelf.all())
    assert await server.loaded() == {V1, V2}


async def test_a_flip_s_target_is_looked_for_each_time(shelf: Shelf) -> None:
    """That it was loaded once says nothing."""
    server = Server()
    versions = shelf.versions_on(server)
    await versions.ready(V1)
    await server.restart()
    await versions.ready(V1)
    assert await server.loaded() == {V1}


async def test_an_upgraded_server_s_answers_are_stored_beside_the_old_ones(shelf: Shelf) -> None:
    """Else no rollback there could be proved."""
    await shelf.versions_on(Server(), "vllm 1").keep_loaded(shelf.all())
    await shelf.versions_on(Server(), "vllm 2").keep_loaded(shelf.all())
    known = {(name, engine) for name in (None, V1, V2) for engine in ("vllm 1", "vllm 2")}
    assert set(shelf.prints) == known


async def test_a_quarantined_version_leaves_and_others_stay(shelf: Shelf) -> None:
    """What nobody needs but nobody condemned may be promoted yet."""
    server = Server()
    for name in (V1, V2, V3, OTHER):
        await server.load(name, shelf.folder(name))
    shelf.states = {V3: VersionState.QUARANTINED, OTHER: VersionState.VERIFIED}
    await shelf.versions_on(server).keep_loaded(shelf.all())
    assert await server.loaded() == {V1, V2, OTHER}


async def test_why_a_version_does_not_load_is_told_once(shelf: Shelf) -> None:
    """It is tried at each tick, the others are loaded, and readiness says the sentence once."""
    server, said = Server(), f"{V1} does not load: rank 32 is too large"
    server.refused[V1] = said
    versions, presence = shelf.versions_on(server), shelf.presence_on(server)
    with capture_logs() as logs:
        for _ in range(3):
            await versions.keep_loaded(shelf.all())
    assert [entry["error"] for entry in logs if entry["log_level"] == "error"] == [said]
    await presence.look()
    assert presence.health() == {"versions": said}
    assert await server.loaded() == {V2}


async def test_presence_blames_the_engine_while_the_server_is_away(shelf: Shelf) -> None:
    """It is the engine's health that is bad then, and no version's; both are good when it is back."""
    server = Server()
    presence = shelf.presence_on(server)
    await presence.look()
    server.away = True
    with pytest.raises(Unavailable):
        await presence.look()
    assert presence.health() == {"engine": "the server does not answer"}
    server.away = False
    await presence.look()
    assert presence.health() == {}


async def test_presence_looks_as_often_as_it_is_told(shelf: Shelf) -> None:
    """That the server is away is told once, and when it is back the next look fills it."""
    server = Server()
    server.away = True
    presence = shelf.presence_on(server, look_s=0.001)
    with capture_logs() as logs:
        looking = asyncio.create_task(presence.run())
        for _ in range(3):
            server.asked.clear()
            await asyncio.wait_for(server.asked.wait(), 2)
        server.away = False
        await asyncio.wait_for(server.full.wait(), 2)
    looking.cancel()
    away = [log for log in logs if log["event"] == "versions are not looked at"]
    assert [log["error"] for log in away] == ["the server does not answer"]
