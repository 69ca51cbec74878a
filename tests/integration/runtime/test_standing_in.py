"""Rollbacks without Postgres: by the rules, written down first, and told to Postgres afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import DatabaseUnavailable
from monitor.ports.stores import Stores
from monitor.runtime.last_good import Keeper, KeptInFile, KeptInMemory
from rollback import audit_verification
from rollback.incident import Phase
from rollback.versions import VersionState
from tests.integration.runtime.house import (
    NAME,
    POLICY,
    V1,
    V2,
    V3,
    Answers,
    Folders,
    House,
    build,
)

pytestmark = pytest.mark.integration


class Away:
    """Deployments of a Postgres that a test takes away."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.away = False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise DatabaseUnavailable("Postgres does not answer")
        return getattr(self._real, name)


class Cut:
    """A replica that can be cut off from Postgres, with v1 as baseline of the bad v2."""

    def __init__(self, stores: Stores, policy: Any = POLICY, keeper: Keeper | None = None) -> None:
        self.deployments = Away(stores.deployments)
        self.stores = replace(stores, deployments=self.deployments)
        self.keeper = keeper or KeptInMemory()
        self.house = build(self.stores, policy=policy, keeper=self.keeper)

    async def harmed(self) -> House:
        """Show harm that the leader has not acted upon, and take Postgres away."""
        await self.house.serve(60, broken=True)
        self.deployments.away = True
        return self.house

    @property
    def serves(self) -> str | None:
        """The version that answers."""
        return self.house.loop.router.table.find(NAME).active

    async def look(self) -> None:
        """Let the replica look for harm."""
        await self.house.loop.standing_in.look()

    async def back(self) -> House:
        """Bring Postgres back, and tick."""
        self.deployments.away = False
        await self.house.tick()
        await self.house.tick()
        return self.house


@pytest.fixture
async def bad(house: House) -> House:
    """A house in which v1 was replaced by the bad v2, by force."""
    await house.promote(V1)
    await house.promote(V2, force=True)
    return house


async def opened(house: House, folders: Folders, **settings: Any) -> Cut:
    """Return a replica that has seen what Postgres says, and has both versions on its engine."""
    cut = Cut(house.stores, **settings)
    for name in (V1, V2):
        await cut.house.engine.load(name, folders.folder(name))
    await cut.house.tick()
    return cut


@pytest.fixture
async def cut(bad: House, folders: Folders) -> AsyncIterator[Cut]:
    """Such a replica."""
    made = await opened(bad, folders)
    yield made
    await made.house.close()


def rows(engine: Engine, table: str) -> int:
    """Count a table's rows."""
    with engine.connect() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


async def test_hard_faults_roll_back_while_postgres_is_away(cut: Cut) -> None:
    """The last good version answers at once, and people are told at once."""
    house = await cut.harmed()
    await cut.look()
    assert cut.serves == V1
    assert [notice.kind for notice in house.pager.notices] == ["rollback"]
    assert "own rollbacks" in house.loop.standing_in.health()


async def test_while_postgres_answers_nothing_is_done_without_it(cut: Cut) -> None:
    """The leader decides then, by more than faults."""
    await cut.house.serve(60, broken=True)
    await cut.look()
    assert cut.serves == V2


async def test_afterwards_postgres_has_one_of_everything(cut: Cut, engine: Engine) -> None:
    """Row, incident, audit and notice follow, under the id that people know already."""
    await cut.harmed()
    await cut.look()
    house = await cut.back()
    (incident,) = await house.incidents()
    assert (incident.phase, incident.to_version) == (Phase.PROVED, V1)
    await house.tell()
    assert {each.id for each in house.pager.notices if each.kind != "promotion"} == {incident.id}
    assert rows(engine, "rollbacks") == rows(engine, "incidents") == 1
    assert audit_verification.verify(house.stores.audit.rows()).intact
    states = {each.name: each.state for each in house.stores.registry.versions()}
    assert states[V2] is VersionState.QUARANTINED
    assert cut.serves == V1
    assert house.loop.standing_in.health() == {}


async def test_an_outage_sees_one_rollback_of_a_deployment(cut: Cut) -> None:
    """Harm that was acted upon is of an epoch that is over; looking again changes nothing."""
    house = await cut.harmed()
    for _ in range(3):
        await cut.look()
    assert len(house.pager.notices) == 1


async def test_a_kill_between_act_and_postgres_loses_neither(
    bad: House, folders: Folders, engine: Engine, tmp_path: Any
) -> None:
    """The next life finds the act on disk and writes it; twice read, it is one rollback."""
    file = KeptInFile(tmp_path / "last-good.json")
    first = await opened(bad, folders, keeper=file)
    await first.harmed()
    await first.look()
    await first.house.close()
    kept = file.load()
    next_life = Cut(bad.stores, keeper=file)
    for name in (V1, V2):
        await next_life.house.engine.load(name, folders.folder(name))
    await next_life.back()
    assert next_life.serves == V1
    file.save(kept)
    again = Cut(bad.stores, keeper=file)
    await again.back()
    assert rows(engine, "rollbacks") == 1
    await next_life.house.close()
    await again.house.close()


async def test_postgres_wins_where_it_says_otherwise(cut: Cut, bad: House, engine: Engine) -> None:
    """Somebody promoted v3 meanwhile: the replica routes so, and people and the trail hear of it."""
    await cut.harmed()
    await cut.look()
    await bad.promote(V3, force=True)
    house = await cut.back()
    assert cut.serves == V3
    assert rows(engine, "rollbacks") == 0
    await house.tell()
    kinds = [notice.kind for notice in house.pager.notices]
    assert "overruled" in kinds
    actions = [row.action for row in house.stores.audit.rows()]
    assert "rollback overruled" in actions


async def test_two_replicas_that_did_the_same_are_one_rollback(
    cut: Cut, bad: House, folders: Folders, engine: Engine
) -> None:
    """The second one finds what it did in Postgres already, and overrules nothing."""
    other = await opened(bad, folders)
    for each in (cut, other):
        await each.harmed()
        await each.look()
    await cut.back()
    house = await other.back()
    assert (cut.serves, other.serves) == (V1, V1)
    assert rows(engine, "rollbacks") == rows(engine, "incidents") == 1
    await house.tell()
    assert "overruled" not in [notice.kind for notice in house.pager.notices]
    await other.house.close()


async def test_a_quarantined_baseline_is_no_way_back(bad: House, folders: Folders) -> None:
    """What the replica read last says so."""
    await bad.operations.quarantine(V1, actor="ann", reason="wrong prices")
    cut = await opened(bad, folders)
    await cut.harmed()
    await cut.look()
    assert cut.serves == V2
    await cut.house.close()


async def test_a_baseline_that_was_quarantined_meanwhile_is_left_again(
    cut: Cut, bad: House, engine: Engine
) -> None:
    """Postgres refuses the flip onto it, and is right."""
    await cut.harmed()
    await cut.look()
    await bad.operations.quarantine(V1, actor="ann", reason="wrong prices")
    await cut.back()
    assert cut.serves != V1
    assert rows(engine, "rollbacks") == 0


@pytest.mark.parametrize("change", ["dry_run", "cool_down", "frozen"])
async def test_the_rules_hold_without_postgres_too(
    bad: House, folders: Folders, change: str
) -> None:
    """Dry run, cool-down and a freeze keep a replica from acting as they keep the leader."""
    policy = POLICY
    if change == "dry_run":
        policy = replace(POLICY, dry_run=True)
    if change == "cool_down":
        policy = replace(POLICY, cool_down=timedelta(hours=1))
        await bad.serve(60, broken=True)
        await bad.tick()
        await bad.operations.release(V2, actor="ann", reason="a test")
        await bad.promote(V2, force=True)
    if change == "frozen":
        now = await bad.deployment()
        bad.stores.deployments.amend(
            NAME,
            expected_epoch=now.epoch,
            actor="ann",
            reason="a test",
            at=now.promoted_at,
            frozen="a person looks",
        )
    cut = await opened(bad, folders, policy=policy)
    await cut.harmed()
    await cut.look()
    assert cut.serves == V2
    await cut.house.close()


async def test_a_baseline_that_does_not_load_is_no_way_back(cut: Cut, folders: Folders) -> None:
    """Answers of a bad version are better than none."""
    house = await cut.harmed()
    await house.engine.unload(V1)
    folders.gone.add(V1)
    await cut.look()
    assert cut.serves == V2


async def test_few_faults_are_no_harm(cut: Cut, answers: Answers) -> None:
    """The line is the leader's: two faulty answers among many do not reach it."""
    await cut.house.serve(60)
    await cut.house.serve(2, broken=True)
    cut.deployments.away = True
    await cut.look()
    assert cut.serves == V2
