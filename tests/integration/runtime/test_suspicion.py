"""Suspicion: drift has no sign, so a golden run decides."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from guards.verdicts import Verdict
from rollback.incident import Phase
from tests.integration.runtime.house import NAME, POLICY, V1, V3, Answers, House, build

pytestmark = pytest.mark.integration


@pytest.fixture
async def trusted(house: House) -> House:
    """A house that serves v3 with the confirmed v1 as its baseline."""
    await house.promote(V1)
    await house.serve(POLICY.reference_size)
    await house.tick()
    await house.promote(V3)
    await house.tick()
    return house


async def test_drift_that_does_no_harm_is_cleared(trusted: House) -> None:
    """The early golden run is clean: one notice, no incident, and the suspicion rests."""
    await trusted.serve(60, odd=True)
    await trusted.tick()
    run = trusted.stores.golden.runs(NAME)[0]
    assert (run.cause, run.verdict) == ("suspicion", Verdict.OK)
    await trusted.tick()
    assert await trusted.incidents() == []
    await trusted.tell()
    assert [n.kind for n in trusted.pager.notices].count("suspicion") == 1


async def test_drift_that_falls_again_before_anybody_looked_is_looked_into(trusted: House) -> None:
    """Between two ticks it passes its line and falls below: a run is made, and it rests."""
    line, start = POLICY.suspicion_line, len(trusted.stores.golden.runs(NAME))
    while await trusted.suspicion() < line:
        await trusted.serve(1, odd=True)
    while await trusted.suspicion() >= line:
        await trusted.serve(1)
    await trusted.tick()
    assert len(trusted.stores.golden.runs(NAME)) == start + 1
    await trusted.tick()
    assert len(trusted.stores.golden.runs(NAME)) == start + 1


async def test_drift_that_fell_again_is_known_after_a_restart(trusted: House) -> None:
    """The point that reached the line is saved with the judge."""
    while await trusted.suspicion() < POLICY.suspicion_line:
        await trusted.serve(1, odd=True)
    while await trusted.suspicion() >= POLICY.suspicion_line:
        await trusted.serve(1)
    again = build(trusted.stores, engine=trusted.engine)
    await again.tick()
    assert trusted.stores.golden.runs(NAME)[0].cause == "suspicion"
    await again.close()


async def test_drift_that_comes_with_harm_is_rolled_back(trusted: House, answers: Answers) -> None:
    """The golden run fails, its differences cross the line, and the suspicion's time is kept."""
    answers.weights[V3] = ["n", "o", "!"]
    await trusted.serve(60, odd=True)
    await trusted.tick()
    await trusted.tick()
    await trusted.tick()
    (incident,) = await trusted.incidents()
    assert (incident.from_version, incident.to_version, incident.phase) == (V3, V1, Phase.PROVED)
    assert incident.suspected_at is not None
    assert incident.evidence["channels"]["golden"] > 0


async def test_a_suspicion_is_looked_into_once_at_a_time(trusted: House) -> None:
    """While it rests, more odd answers start no second run before the cool-down is over."""
    policy = replace(POLICY, cool_down=timedelta(minutes=5))
    patient = build(trusted.stores, engine=trusted.engine, policy=policy)
    await patient.tick()
    before = len(trusted.stores.golden.runs(NAME))
    await patient.serve(60, odd=True)
    for _ in range(3):
        await patient.serve(60, odd=True)
        await patient.tick()
    assert len(trusted.stores.golden.runs(NAME)) == before + 1
    await patient.close()


async def test_a_golden_weight_of_nothing_is_no_mistake(trusted: House) -> None:
    """A policy may leave golden runs out of the evidence; the run then goes on to its end."""
    policy = replace(POLICY, weights={"faults": 1.0, "golden": 0.0, "pairs": 0.0})
    deaf = build(trusted.stores, engine=trusted.engine, policy=policy)
    await deaf.tick()
    await deaf.serve(60, odd=True)
    await deaf.tick()
    assert trusted.stores.golden.runs(NAME)[0].cause == "suspicion"
    assert deaf.loop.troubles.states() == {}
    await deaf.close()


async def test_a_run_on_demand_counts_as_evidence(trusted: House, answers: Answers) -> None:
    """Harm is harm, whoever asked for the run."""
    answers.weights[V3] = ["n", "o", "!"]
    await trusted.serve(1)
    run = await trusted.operations.run_golden(NAME, cause="demand")
    assert run.verdict is Verdict.FAIL
    await trusted.tick()
    assert (await trusted.deployment()).active == V1


async def test_an_engine_that_breaks_off_a_run_is_no_harm(trusted: House, answers: Answers) -> None:
    """A broken measurement never rolls back."""
    await trusted.serve(1)
    answers.broken.add(V3)
    run = await trusted.operations.run_golden(NAME, cause="demand")
    assert run.verdict is Verdict.ERROR
    await trusted.tick()
    assert (await trusted.deployment()).active == V3


async def test_a_run_of_an_older_epoch_weighs_nothing(trusted: House, answers: Answers) -> None:
    """A run that ended after the flip says nothing about who serves now."""
    answers.weights[V3] = ["n", "o", "!"]
    stale = await trusted.deployment()
    await trusted.operations.roll_back(NAME, to=None, actor="ann", reason="by hand")
    await trusted.tick()
    await trusted.serve(1)
    await trusted.loop.golden.gather(stale, POLICY, cause="suspicion", compared=True)
    await trusted.tick()
    assert len(await trusted.incidents()) == 1
