"""Drills in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.engine import Engine

from monitor.ports.drills import Caught, Drill, Means, Objective
from monitor.ports.stores import Stores
from monitor.storage.schema import outbox
from rollback.spoilt_kind import Kind
from rollback.versions import AdapterVersion, VersionState

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_VERSION = "support@0123456789ab"


@pytest.fixture
def version(stores: Stores) -> str:
    """The name of a stored version of a known deployment."""
    stores.deployments.ensure("support")
    added = AdapterVersion(
        name=_VERSION, label="v1", state=VersionState.REGISTERED, manifest={}, created_at=_NOW
    )
    return stores.registry.add(added, actor="test").name


def _drill(version: str, **changes: object) -> Drill:
    caught = Caught(by=Means.FAULTS, answers=6, seconds=0.5, reason="faults reached the line")
    drift = Caught(by=Means.DRIFT, answers=2, seconds=0.1, reason="drift reached the line")
    drill = Drill(
        id="d1",
        deployment="support",
        version=version,
        kind=Kind.SHUFFLED,
        started_at=_NOW,
        finished_at=_NOW + timedelta(seconds=3),
        objective=Objective(answers=10, seconds=60.0),
        caught=(caught, drift),
        asked=100,
        rollback_s=0.2,
    )
    return replace(drill, **changes)


def test_a_drill_comes_back_as_it_was_kept(stores: Stores, engine: Engine, version: str) -> None:
    """The newest one first, with all that caught it; one that met its objective tells nobody."""
    old, new = _drill(version), _drill(version, id="d2", started_at=_NOW + timedelta(hours=1))
    stores.drills.add(old)
    stores.drills.add(new)
    assert list(stores.drills.newest("support", 5)) == [new, old]
    assert _notices(engine) == []


def test_drift_alone_misses_the_objective_and_is_told(
    stores: Stores, engine: Engine, version: str
) -> None:
    """Drift stops nothing, however early it speaks."""
    drill = _drill(version)
    missed = replace(drill, caught=drill.caught[1:])
    stores.drills.add(missed)
    ((notice_id, facts),) = _notices(engine)
    assert notice_id == missed.id
    assert "nothing stopped it" in facts["reason"]


def _notices(engine: Engine) -> Sequence[tuple[str, Mapping[str, Any]]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(select(outbox.c.id, outbox.c.facts))]
