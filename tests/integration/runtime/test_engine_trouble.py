"""An engine that fails in every way: the baseline is routed, or people are called, within five seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine as Database

from monitor.storage.stores import open_stores
from rollback.incident import Incident, Phase
from tests.integration.runtime.house import NAME, V1, V2, V3, Folders, House, build, register
from tests.servers.faulty import FaultyServer
from tests.servers.opened import engine_of
from tests.waiting import until

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_LIMIT_S = 5.0


class Apart(Folders):
    """Has a folder of its own for every version."""

    def folder(self, name: str) -> Path:
        """Return the folder."""
        return super().folder(name) / name


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[FaultyServer]:
    """A model server, and the files of three versions."""
    for name in (V1, V2, V3):
        (tmp_path / name).mkdir()
        (tmp_path / name / "adapter_config.json").write_text(json.dumps({"r": 4}))
    async with FaultyServer(tmp_path).running() as server:
        yield server


@pytest.fixture
async def bad(engine: Database, server: FaultyServer, tmp_path: Path) -> AsyncIterator[House]:
    """A replica in front of it, in which v1 was replaced by v2."""
    stores = open_stores(engine, Apart(tmp_path))
    register(stores, V1, V2, V3)
    model_server = engine_of("vllm", server, tmp_path)
    house = build(stores, engine=model_server)
    await house.loop.versions.fingerprint_base()
    await house.tick()
    for name in (V1, V2):
        await house.promote(name, force=True)
    await house.tick()
    yield house
    await house.close()
    await model_server.close()


async def _ended(house: House) -> Incident:
    """Tick as the leader does until the newest incident has come to its end."""
    while True:
        await house.loop.leadership.renew()
        await house.control.tick()
        incidents = await house.incidents()
        if incidents and incidents[0].phase not in (Phase.FLIPPED, Phase.CONVERGED):
            return incidents[0]


async def _told(house: House, kind: str) -> str:
    """Return the title of the first notice of a kind."""
    while True:
        await house.tell()
        for notice in house.pager.notices:
            if notice.kind == kind:
                return notice.title


async def test_a_baseline_that_does_not_load_calls_people(bad: House, server: FaultyServer) -> None:
    """Nothing is routed to it, and the deployment is frozen."""
    del server.adapters[V1]
    server.unloadable.add(V1)
    await bad.serve(60, broken=True)
    async with asyncio.timeout(_LIMIT_S):
        incident = await _ended(bad)
        await _told(bad, "freeze")
    assert incident.phase is Phase.FROZEN
    assert "is broken" in incident.reason
    assert bad.loop.router.table.find(NAME).active == V2


async def test_an_unload_that_hangs_holds_nothing_up(bad: House, server: FaultyServer) -> None:
    """The rollback is proved while the engine still does not answer the clean-up."""
    server.hung = True
    await bad.serve(60, broken=True)
    async with asyncio.timeout(_LIMIT_S):
        incident = await _ended(bad)
    assert (incident.phase, incident.to_version) == (Phase.PROVED, V1)
    assert bad.loop.router.table.find(NAME).active == V1
    assert V2 in server.adapters


async def test_wrong_weights_under_the_right_name_are_named(
    bad: House, server: FaultyServer, tmp_path: Path
) -> None:
    """The engine's list shows nothing: a probe does, and says whose name it is."""
    patrol = bad.loop.patrol
    await patrol.look()
    assert patrol.health() == {}
    server.swapped[V2] = str(tmp_path / V3)
    async with asyncio.timeout(_LIMIT_S):
        await patrol.look()
        title = await _told(bad, "weights")
    assert V2 in title
    assert V2 in patrol.health()["weights"]
    assert V1 not in patrol.health()["weights"]


async def test_an_alarm_over_weights_is_told_once_and_taken_back(
    bad: House, server: FaultyServer, tmp_path: Path
) -> None:
    """However often it is seen; once every probe is answered well again, health says so."""
    patrol = bad.loop.patrol
    server.swapped[V2] = str(tmp_path / V3)
    for _ in range(3):
        await patrol.look()
    await bad.tell()
    assert [notice.kind for notice in bad.pager.notices].count("weights") == 1
    server.swapped.clear()
    for _ in range(8):
        await patrol.look()
    assert patrol.health() == {}


async def test_a_rollback_onto_wrong_weights_is_not_called_proved(
    bad: House, server: FaultyServer, tmp_path: Path
) -> None:
    """The pointer has moved, and people are told that the engine answers as somebody else."""
    server.swapped[V1] = str(tmp_path / V3)
    await bad.serve(60, broken=True)
    async with asyncio.timeout(_LIMIT_S):
        incident = await _ended(bad)
        await _told(bad, "unproved")
    assert incident.phase is Phase.UNPROVED
    proof = next(n.facts["proof"] for n in bad.pager.notices if n.kind == "unproved")
    assert proof == f"the engine answers as {V1} with other weights"


async def test_an_engine_that_was_started_anew_gets_its_versions_back(
    bad: House, server: FaultyServer
) -> None:
    """The active version and its baseline, without anybody asking."""
    await server.restart()
    assert not server.adapters
    async with asyncio.timeout(_LIMIT_S):
        await bad.control.tick()
        await until(_holds(server, V1, V2), limit_s=_LIMIT_S)
    await bad.loop.patrol.look()
    assert bad.loop.patrol.health() == {}


def _holds(server: FaultyServer, *names: str) -> Callable[[], bool]:
    return lambda: set(names) <= set(server.adapters)
