"""A version turns bad while the real Postgres is stopped: the service takes it back by itself."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.peers import postgres
from bench.peers.backstop import DEPLOYMENT
from rollback import audit_verification
from rollback.incident import Incident, Phase
from tests.chaos.failing import Failing, failing
from tests.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

_LIMIT_S = 30.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, which the database's user may pass through."""
    with TemporaryDirectory(prefix="bs-") as made:
        Path(made).chmod(0o711)
        yield Path(made)


async def test_hard_faults_roll_back_while_postgres_is_stopped(folder: Path) -> None:
    """Callers get the last good version; when Postgres is back it has one row, one alert id, a whole trail."""
    with postgres.running(folder) as server:
        async with failing(folder, server.database("away")) as scene:
            await _away(scene, server)


async def _away(scene: Failing, server: postgres.Postgres) -> None:
    good, bad = (name.partition("@")[2] for name in (scene.good, scene.bad))
    await asyncio.to_thread(scene.service.promote, scene.bad)
    await _answers(scene, bad)
    kept = scene.service.folder / "data" / "last-good.json"
    await until(lambda: _knows(kept, scene.bad), look_s=0.05, limit_s=_LIMIT_S)
    await asyncio.to_thread(server.stop)
    scene.engine.mute.add(scene.bad)
    await _answers(scene, good)
    said = await asyncio.to_thread(_said, scene.service.url)
    assert said["database"] != "ok"
    assert DEPLOYMENT in said["own rollbacks"]
    await asyncio.to_thread(server.start)
    incident = await _proved(scene)
    assert (incident.from_version, incident.to_version) == (scene.bad, scene.good)
    rows = await asyncio.to_thread(_counted, scene)
    assert rows == (1, 1)
    assert audit_verification.verify(scene.stores.audit.rows()).intact
    told = [each.id for each in scene.receiver.received if incident.id in json.dumps(each.body)]
    assert set(told) == {incident.id}
    assert scene.answers[-1].digest == good


async def _answers(scene: Failing, digest: str) -> None:
    """Wait until a version answers."""
    await until(
        lambda: bool(scene.answers) and scene.answers[-1].digest == digest,
        look_s=0.01,
        limit_s=_LIMIT_S,
    )


async def _proved(scene: Failing) -> Incident:
    """Return the rollback as soon as it is proved."""
    found: list[Incident] = []

    def proved() -> bool:
        found[:] = [
            each for each in scene.stores.incidents.list(DEPLOYMENT) if each.phase is Phase.PROVED
        ]
        return bool(found)

    await until(proved, look_s=0.05, limit_s=_LIMIT_S)
    return found[0]


def _knows(kept: Path, version: str) -> bool:
    """Whether the replica has written down that a version serves."""
    return kept.exists() and version in kept.read_text().partition('"versions"')[0]


def _counted(scene: Failing) -> tuple[int, int]:
    """Return how many rollbacks and incidents there are."""
    url = scene.service.database
    return (
        postgres.count(url, "SELECT count(*) FROM rollbacks"),
        postgres.count(url, "SELECT count(*) FROM incidents"),
    )


def _said(url: str) -> dict[str, str]:
    """Return what `/readyz` says of each component; callers are answered, so it says 200."""
    with urllib.request.urlopen(f"{url}/readyz", timeout=10) as answer:
        return dict(json.loads(answer.read())["components"])
