"""Canaries: a share of the callers that grows or goes by evidence alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from guards.exchange import Exchange
from monitor.errors import Conflict, GateRefused
from monitor.ports.handover import DEALT
from monitor.ports.stores import Stores
from rollback import audit_verification
from rollback.canary import Advance, Canary, Outcome
from rollback.canary_policy import CanaryPolicy
from rollback.incident import Phase
from rollback.versions import VersionState
from tests.integration.runtime.house import NAME, V1, V2, V3, Answers, House, build

pytestmark = pytest.mark.integration

POLICY = CanaryPolicy(
    steps=(0.2, 0.5), at_least=20, lasting=timedelta(0), margin=0.1, withdrawal_line=1e4
)
_callers = count()


@pytest.fixture
async def house(stores: Stores, answers: Answers) -> AsyncIterator[House]:
    """A running replica that leads, and on which the first version serves."""
    house = build(stores, answers=answers, canary=POLICY)
    await house.loop.versions.fingerprint_base()
    await house.tick()
    await house.promote(V1)
    yield house
    await house.close()


async def begin(house: House, version: str = V3) -> None:
    """Begin the canary of a version as good as the first."""
    await house.operations.promote(
        version, deployment=None, force=False, actor="ann", reason="a test", canary=True
    )


async def callers(
    house: House, number: int, *, broken: Callable[[str | None], bool] = lambda version: False
) -> list[Exchange]:
    """Let new callers ask one question each, as a gateway deals them."""
    route = house.loop.router.table.find(NAME)
    batch = []
    for _ in range(number):
        dealt = route.deal(f"user {next(_callers)}")
        assert dealt is not None
        version = route.candidate if dealt.to_candidate else route.active
        answer = house.answer(version, route.epoch, broken=broken(version))
        batch.append(replace(answer, tags={DEALT: str(dealt)}))
    await house.absorb(batch)
    return batch


async def newest(house: House) -> Canary:
    """Return the newest canary."""
    return (await asyncio.to_thread(house.stores.canaries.recent, NAME, 1))[0]


async def test_a_good_candidate_gets_everybody_step_by_step(house: House) -> None:
    """Each step is a share with an audit row; the last one is a promotion by its evidence."""
    await begin(house)
    shares = [(await house.deployment()).candidate_share]
    while (deployment := await house.deployment()).canary is not None:
        if deployment.candidate_share != shares[-1]:
            shares.append(deployment.candidate_share)
        await callers(house, 100)
        await house.tick()
        assert next(_callers) < 10_000
    assert shares == [0.2, 0.5]
    assert (deployment.active, deployment.baseline, deployment.candidate) == (V3, V1, None)
    canary = await newest(house)
    assert canary.outcome is Outcome.PROMOTED
    rows = [
        row for row in house.stores.audit.rows() if row.payload.get("evidence", {}).get("canary")
    ]
    assert [row.action for row in rows] == ["deployment.share", "deployment.promote"]
    assert rows[-1].payload["evidence"]["noninferiority"] >= POLICY.promotion_line
    assert audit_verification.verify(house.stores.audit.rows()).intact


async def test_a_bad_candidate_is_withdrawn_and_quarantined(house: House) -> None:
    """The pointer never moved; there is one incident, one notice, and the epoch is the same."""
    await begin(house)
    before = await house.deployment()
    while (await house.deployment()).canary is not None:
        await callers(house, 100, broken=lambda version: version == V3)
        await house.tick()
        assert next(_callers) < 10_000
    after = await house.deployment()
    assert (after.active, after.epoch, after.candidate_share) == (V1, before.epoch, 0.0)
    version = next(v for v in house.stores.registry.versions() if v.name == V3)
    assert version.state is VersionState.QUARANTINED
    (incident,) = await house.incidents()
    assert (incident.phase, incident.from_version, incident.to_version) == (Phase.WITHDRAWN, V3, V1)
    assert incident.exposure is not None
    assert incident.exposure > 0
    assert incident.evidence["harm"] >= POLICY.withdrawal_line
    assert (await house.tell()).count(incident.id) == 1
    assert (await newest(house)).outcome is Outcome.WITHDRAWN
    assert audit_verification.verify(house.stores.audit.rows()).intact


async def test_trouble_that_hits_both_alike_moves_nothing(house: House) -> None:
    """Half of all requests fail, whoever answers: chance spreads that over both versions."""
    await begin(house)
    coin = count()
    for _ in range(4):
        await callers(house, 100, broken=lambda version: next(coin) % 2 == 0)
        await house.tick()
    assert (await newest(house)).outcome is not Outcome.WITHDRAWN


async def test_without_enough_callers_nothing_moves(house: House) -> None:
    """Inconclusive never promotes, however long it lasts."""
    await begin(house)
    await callers(house, 20)
    deployment = await house.deployment()
    year = datetime.now(UTC) + timedelta(days=365)
    await house.loop.canaries.see_to(deployment, house.loop.policies[NAME], year)
    assert await house.deployment() == deployment


async def test_a_caller_counts_once(house: House) -> None:
    """Who asks a hundred times is one caller, by the first request."""
    await begin(house)
    (first,) = await callers(house, 1)
    again = [replace(first, id=f"again-{n}") for n in range(100)]
    await house.absorb(again)
    canary = await newest(house)
    assert canary.compared.active[0] + canary.compared.candidate[0] == 1


async def test_a_canary_goes_on_under_the_next_leader(house: House) -> None:
    """Killed at any moment, what was observed and the step are as they were stored."""
    await begin(house)
    await callers(house, 100)
    before = await newest(house)
    next_life = build(house.stores, engine=house.engine, canary=POLICY)
    await next_life.tick()
    await callers(next_life, 1)
    after = await newest(next_life)
    assert after.id == before.id
    seen = [
        sum(arm[0] for arm in (c.compared.active, c.compared.candidate)) for c in (before, after)
    ]
    assert seen == [100, 101]
    await next_life.close()


async def test_a_step_is_taken_once(house: House) -> None:
    """Two leaders who decide upon the same canary: the second one is refused."""
    await begin(house)
    while (await newest(house)).step == 0:
        stale, deployment = await newest(house), await house.deployment()
        await callers(house, 100)
        await house.tick()
    move = house.stores.canaries.advance

    with pytest.raises(Conflict, match="at step 1 already"):
        await asyncio.to_thread(move, stale, Advance(step=1, reason=""), datetime.now(UTC))
    assert (await house.deployment()).revision == deployment.revision + 1


async def test_the_golden_gate_comes_first(house: House) -> None:
    """A candidate that the golden set speaks against gets no caller."""
    with pytest.raises(GateRefused):
        await begin(house, V2)
    assert (await house.deployment()).candidate is None


async def test_a_rollback_ends_a_canary(house: House) -> None:
    """The pointer moved: what was compared is no longer what serves."""
    await begin(house)
    await house.operations.roll_back(NAME, to="base", actor="ann", reason="a test")
    assert (await newest(house)).outcome is Outcome.OVERTAKEN
    assert (await house.deployment()).canary is None


async def test_a_share_by_hand_ends_a_canary(house: House) -> None:
    """A person took the candidate away; its late answers say nothing."""
    await begin(house)
    await house.operations.share(
        NAME, candidate=None, candidate_share=0.0, shadow_rate=0.0, actor="ann", reason="a test"
    )
    canary = await newest(house)
    assert canary.outcome is Outcome.OVERTAKEN


async def test_a_second_canary_is_refused(house: House) -> None:
    """One candidate at a time: with two, nobody could say whose doing it was."""
    await begin(house)
    with pytest.raises(Conflict, match="has a share"):
        await begin(house)
