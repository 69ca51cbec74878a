"""The shadow rate follows suspicion, its budget and its hours, and pairs are evidence."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from guards.declared import Prices
from guards.exchange import Exchange
from monitor.ports.stores import Stores
from monitor.runtime.shadowing import ShadowPlan
from tests.integration.runtime.house import NAME, V1, V3, Answers, House, build

pytestmark = pytest.mark.integration

PLAN = ShadowPlan(
    rate=0.1,
    on_suspicion_rate=0.6,
    prices=Prices(prompt=1.0, output=1.0),
    most_cost_per_day=1.0,
)


@pytest.fixture
async def house(stores: Stores, answers: Answers) -> AsyncIterator[House]:
    """A replica on which a version serves that has a baseline."""
    house = build(stores, answers=answers, shadow=PLAN)
    await house.loop.versions.fingerprint_base()
    await house.tick()
    await house.promote(V1)
    await house.promote(V3)
    yield house
    await house.close()


def shadows(house: House, of: Sequence[Exchange], **changes: object) -> list[Exchange]:
    """Return the baseline's answers to the same prompts."""
    made = []
    for each in of:
        shadow = house.answer(V1, each.epoch, broken=False)
        tags = {"shadow_of": each.id}
        made.append(replace(shadow, messages=each.messages, tags=tags, **changes))
    return made


async def test_the_rate_is_the_plans(house: House) -> None:
    """Set by the leader, with one audit row."""
    await house.tick()
    await house.tick()
    assert (await house.deployment()).shadow_rate == 0.1
    rows = [row for row in house.stores.audit.rows() if row.action == "deployment.share"]
    assert [row.payload["shadow_rate"] for row in rows] == [0.1]


async def test_suspicion_raises_the_rate_until_it_is_cleared(house: House) -> None:
    """By what the judge holds, at the next tick."""
    await house.serve(1)
    watched = house.loop.watch._watched[NAME]
    point = house.loop.watch.point(NAME)
    assert point is not None
    watched.suspicion = replace(point, suspicion=point.suspicion_line)
    deployment = await house.deployment()
    await house.loop.shadowing.see_to(deployment, datetime.now(UTC))
    assert (await house.deployment()).shadow_rate == 0.6
    watched.clear_suspicion()
    await house.loop.shadowing.see_to(await house.deployment(), datetime.now(UTC))
    assert (await house.deployment()).shadow_rate == 0.1


async def test_a_days_budget_ends_shadows_until_midnight(house: House) -> None:
    """By the tokens of the shadows on record; live answers cost the callers, not the shadows."""
    live = await house.serve(200)
    await house.tick()
    assert (await house.deployment()).shadow_rate == 0.1
    costly = shadows(house, live[:2], prompt_tokens=400, output_tokens=200)
    await house.absorb(costly)
    later = datetime.now(UTC) + timedelta(seconds=20)
    await house.loop.shadowing.see_to(await house.deployment(), later)
    assert (await house.deployment()).shadow_rate == 0.0
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await house.loop.shadowing.see_to(await house.deployment(), tomorrow)
    assert (await house.deployment()).shadow_rate == 0.1


async def test_a_version_whose_answers_are_worth_less_than_their_shadows_is_rolled_back(
    house: House,
) -> None:
    """Pairs alone: half of its answers are empty, which the tolerated rate of faults allows here."""
    lenient = replace(house.loop.policies[NAME], fault_rate_tolerated=0.9)
    generous = build(house.stores, engine=house.engine, policy=lenient, shadow=PLAN)
    await generous.tick()
    for _ in range(6):
        live = [
            replace(each, output="" if number % 2 else each.output)
            for number, each in enumerate(generous.answers(20))
        ]
        await generous.absorb(live)
        await generous.absorb(shadows(generous, live))
    await generous.tick()
    assert (await generous.deployment()).active == V1
    (incident,) = await generous.incidents()
    channels = incident.evidence["channels"]
    assert channels["pairs"] > 100 > channels["faults"]
    await generous.close()


async def test_shadows_that_come_twice_are_one_pair(house: House) -> None:
    """Handed over again after a reconnect: judges do not see them again."""
    live = [replace(each, output="") for each in house.answers(3)]
    await house.absorb(live)
    twice = shadows(house, live)
    await house.absorb(twice)
    before = house.stores.evidence.newest(NAME, live[0].epoch)
    await house.absorb(twice)
    after = house.stores.evidence.newest(NAME, live[0].epoch)
    assert before is not None
    assert after is not None
    assert after.channels["pairs"] == before.channels["pairs"] > 0
    assert after.position == 3
