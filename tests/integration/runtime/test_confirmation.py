"""Confirmation: good answers become the reference, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.ports.stores import Stores
from monitor.storage.stores import open_stores
from tests.integration.runtime.house import (
    NAME,
    POLICY,
    V1,
    V2,
    Answers,
    Folders,
    House,
    build,
    register,
)

pytestmark = pytest.mark.integration


def positions(engine: Engine) -> list[int]:
    """Return the positions of the evidence curve, in their order."""
    with engine.connect() as connection:
        found = connection.execute(text("SELECT position FROM evidence_points ORDER BY 1"))
        return list(found.scalars())


def confirmations(stores: Stores) -> int:
    """Count the confirmations in the audit trail."""
    rows = stores.audit.rows()
    return sum(row.action == "deployment.amend" and row.payload["confirmed"] for row in rows)


async def test_enough_good_answers_confirm_a_version_once(house: House) -> None:
    """The reference is frozen, the deployment says so, and later answers do not repeat it."""
    await house.promote(V1)
    await house.serve(POLICY.reference_size)
    await house.tick()
    assert (await house.deployment()).confirmed
    frozen = house.stores.evidence.reference(NAME, V1)
    assert frozen is not None
    await house.serve(POLICY.reference_size)
    await house.tick()
    assert house.stores.evidence.reference(NAME, V1) == frozen
    assert confirmations(house.stores) == 1


async def test_too_few_answers_confirm_nothing(house: House) -> None:
    """One answer less than the reference needs is not enough."""
    await house.promote(V1)
    await house.serve(POLICY.reference_size - 1)
    await house.tick()
    assert not (await house.deployment()).confirmed


async def test_a_version_that_the_golden_set_speaks_against_is_not_confirmed(
    house: House,
) -> None:
    """Forced past the gate, it answers without a fault; its own golden run still stops it."""
    await house.promote(V2, force=True)
    await house.serve(POLICY.reference_size)
    await house.tick()
    await house.tick()
    assert not (await house.deployment()).confirmed
    causes = [run.cause for run in house.stores.golden.runs(NAME)]
    assert causes.count("confirmation") == 1


async def test_a_run_that_broke_off_is_repeated(house: House, answers: Answers) -> None:
    """A broken measurement says nothing, so it is made again after the cool-down."""
    await house.promote(V2, force=True)
    await house.serve(POLICY.reference_size)
    answers.broken.add(V2)
    await house.tick()
    answers.broken.clear()
    answers.weights[V2] = ["ye", "s"]
    await house.tick()
    assert (await house.deployment()).confirmed


async def test_without_a_golden_set_answers_alone_confirm(engine: Engine, folders: Folders) -> None:
    """Nobody wrote a set, so none can speak against the version."""
    stores = open_stores(engine, folders)
    register(stores, V1)
    house = build(stores)
    stores.deployments.ensure(NAME)
    await house.promote(V1, force=True)
    await house.serve(POLICY.reference_size)
    await house.tick()
    assert (await house.deployment()).confirmed
    await house.close()


async def test_positions_go_on_after_a_confirmation(house: House, engine: Engine) -> None:
    """The new judge counts on, so that its evidence is recorded and its state is kept."""
    await house.promote(V1)
    await house.serve(POLICY.reference_size)
    await house.tick()
    await house.tick()
    await house.serve(10)
    assert positions(engine) == list(range(1, POLICY.reference_size + 11))
    saved = house.stores.evidence.judge_state(NAME)
    assert saved is not None
    assert saved.state["confirmed"]
    assert saved.position == POLICY.reference_size + 10


async def test_a_kill_after_the_confirmation_begins_with_the_own_reference(
    house: House, engine: Engine
) -> None:
    """The state that was saved before belongs to a judge with an older reference."""
    await house.promote(V1)
    await house.serve(POLICY.reference_size)
    await house.tick()
    next_life = build(house.stores, engine=house.engine)
    await next_life.tick()
    await next_life.serve(5)
    assert positions(engine)[-1] == POLICY.reference_size + 5
    point = house.stores.evidence.curve(NAME, (await house.deployment()).promoted_at)[-1]
    assert any(channel.startswith("drift.") for channel in point.channels)
    await next_life.close()


async def test_a_reference_too_small_to_fit_is_not_tried_every_second(house: House) -> None:
    """A policy may ask for fewer answers than a reference needs: that is said, and rests."""
    small = build(house.stores, engine=house.engine, policy=replace(POLICY, reference_size=10))
    await small.promote(V1)
    await small.serve(10)
    await small.tick()
    await small.tick()
    assert not (await small.deployment()).confirmed
    assert small.loop.troubles.states() == {}
    await small.close()
