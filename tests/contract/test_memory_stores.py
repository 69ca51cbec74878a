"""Stores in memory do what Postgres does: the same random acts, the same answers and the same rows."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import BackstopError
from monitor.ports.stores import Stores
from rollback.incident import Phase
from rollback.versions import VersionState
from tests.integration.conftest import database_url, engine, server_url, short_path, stores
from tests.integration.storage.builders import (
    NOW,
    SECOND,
    V1,
    V2,
    V3,
    incident,
    notice,
    promotion,
    version,
)
from tests.memory_stores import World, stores_of

__all__ = ["database_url", "engine", "server_url", "short_path", "stores"]  # fixtures

pytestmark = pytest.mark.integration

_ACTS = 250
_NAMES = (V1, V2, V3)
Act = Callable[[Stores], Any]


@pytest.mark.parametrize("seed", range(4))
def test_the_same_acts_leave_the_same_rows(
    stores: Stores, engine: Engine, tmp_path: Path, seed: int
) -> None:
    """Answers, refusals, pointers, states, incidents, rollbacks and the trail's rows agree."""
    world = World()
    memory = stores_of(world, tmp_path)
    draw = random.Random(seed)
    for each in (stores, memory):
        each.deployments.ensure("support")
    for number in range(_ACTS):
        act = _act(draw, number, memory)
        assert _outcome(act, stores) == _outcome(act, memory)
    assert _rows(stores) == _rows(memory)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT deployment, epoch FROM rollbacks ORDER BY epoch"))
        assert [tuple(row) for row in found] == world.rollbacks
        told = connection.execute(text("SELECT id FROM outbox")).scalars().all()
        assert set(told) == set(world.notices)


def _outcome(act: Act, stores: Stores) -> Any:
    """Return what an act answers, or the kind of its refusal."""
    try:
        return act(stores)
    except BackstopError as error:
        return type(error)


def _rows(stores: Stores) -> Any:
    trail = [(row.seq, row.actor, row.action, row.subject) for row in stores.audit.rows()]
    return (
        stores.deployments.all(),
        stores.registry.versions(),
        stores.incidents.list(),
        stores.incidents.unfinished(),
        trail,
    )


def _act(draw: random.Random, number: int, memory: Stores) -> Act:
    """Return a random act; most are about the epoch that is."""
    epoch = memory.deployments.ensure("support").epoch - (draw.random() < 0.1)
    name, other = draw.choice(_NAMES), draw.choice(_NAMES)
    at = NOW + number * SECOND
    actor = draw.choice(("ann", "backstop"))
    acts: tuple[Act, ...] = (
        lambda s: s.registry.add(version(name, name[-4:]), actor="ann"),
        lambda s: s.registry.move(name, draw_state, actor=actor, reason=f"move {number}", at=at),
        lambda s: s.deployments.flip(
            promotion(name, None if name == other else other, epoch, at=at)
        ),
        lambda s: s.deployments.flip(
            promotion(
                name,
                None,
                epoch,
                at=at,
                action="rollback",
                actor=actor,
                quarantine=active,
                incident=incident(number % 40, epoch=epoch + 1, opened_at=at),
                notice=notice(number % 40),
            )
        ),
        lambda s: s.deployments.amend(
            "support",
            expected_epoch=epoch,
            actor=actor,
            reason="amended",
            at=at,
            confirmed=confirmed,
            frozen=frozen,
        ),
        lambda s: s.deployments.share(
            "support",
            expected_epoch=epoch,
            candidate=candidate,
            candidate_share=share,
            shadow_rate=0.0,
            actor=actor,
            reason="shared",
            at=at,
        ),
        lambda s: s.incidents.open(
            incident(number % 40, phase=Phase.FROZEN, opened_at=at), notice(number % 40)
        ),
        lambda s: s.incidents.advance(
            f"incident-{number % 40}", phase, at=at, notice=notice(number % 40)
        ),
        lambda s: s.outbox.put(notice(number % 50)),
        lambda s: s.acknowledgements.acknowledge(f"replica-{number % 3}", {"support": epoch}, at),
        lambda s: list(s.acknowledgements.lagging("support", epoch, at - timedelta(minutes=1))),
    )
    draw_state = draw.choice(tuple(VersionState))
    confirmed, frozen = draw.choice((None, True, False)), draw.choice((None, "", "for a test"))
    candidate, share = draw.choice((None, name)), draw.choice((0.0, 0.5, 1.5))
    phase = draw.choice(tuple(Phase))
    active = memory.deployments.ensure("support").active
    return draw.choice(acts)
