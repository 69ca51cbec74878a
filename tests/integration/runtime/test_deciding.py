"""Decisions in the running loop: attributed, held by people, and on record."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.errors import Conflict, GateRefused
from monitor.ports.stores import Stores
from rollback import rules
from rollback.decided import Decided
from rollback.policy import Approval, Policy
from rollback.proposal import Answer
from tests.integration.runtime.house import NAME, POLICY, V1, V2, V3, Answers, House, build
from tests.integration.storage.builders import record, scored

pytestmark = pytest.mark.integration

_SLOW = rules.parse(
    [{"when": "latency_p95_s > 1 for 3 min with at least 30 answers", "action": "rollback"}]
)


async def _opened(stores: Stores, policy: Policy) -> House:
    """Return a house that serves v3 with v1 as its baseline."""
    house = build(stores, answers=Answers(), policy=policy)
    await house.loop.versions.fingerprint_base()
    await house.tick()
    for name in (V1, V3):
        await house.promote(name, force=True)
        await house.tick()
    return house


@pytest.fixture
async def ruled(stores: Stores) -> AsyncIterator[House]:
    """A house with a rule on slow answers."""
    house = await _opened(stores, replace(POLICY, thresholds=_SLOW))
    yield house
    await house.close()


@pytest.fixture
async def asking(stores: Stores) -> AsyncIterator[House]:
    """A house whose policy asks a person before anything moves."""
    house = await _opened(stores, replace(POLICY, approval=Approval(rollback=True)))
    yield house
    await house.close()


def _minutes(stores: Stores, version: str, latency_s: float) -> None:
    """Record ten answers in each of the last four whole minutes, and sum them up."""
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for ago in range(1, 5):
        at = minute - timedelta(minutes=ago)
        answers = [
            scored(
                0,
                id=f"{version}-{ago}-{number}",
                started_at=at,
                adapter=version,
                latency_s=latency_s,
            )
            for number in range(10)
        ]
        record(stores, *answers)
    stores.indicators.roll_up(minute)


def _last(house: House) -> Decided:
    return house.stores.decisions.list(NAME, 1)[0]


async def _kinds(house: House) -> Sequence[str]:
    await house.tell()
    return [notice.kind for notice in house.pager.notices]


async def test_a_slow_version_beside_a_quick_baseline_is_rolled_back(ruled: House) -> None:
    """The shadows' answers at the same time show whose fault it is."""
    _minutes(ruled.stores, V3, 3.0)
    _minutes(ruled.stores, V1, 0.2)
    await ruled.tick()
    assert (await ruled.deployment()).active == V1
    (incident,) = await ruled.incidents()
    assert incident.evidence["attribution"]["cause"] == "adapter"


async def test_a_slow_engine_moves_nothing_and_is_told_once(ruled: House) -> None:
    """The baseline is slow too; the decision is on record, and gives itself again."""
    _minutes(ruled.stores, V3, 3.0)
    _minutes(ruled.stores, V1, 3.0)
    await ruled.tick()
    await ruled.tick()
    assert (await ruled.deployment()).active == V3
    assert (await _kinds(ruled)).count("held") == 1
    last = _last(ruled)
    assert last.decision.numbers["attribution"]["cause"] == "engine"
    assert last.replays


async def test_a_quiet_deployment_is_one_row(ruled: House) -> None:
    """Also over a restart."""
    for _ in range(3):
        await ruled.tick()
    before = len(ruled.stores.decisions.list(NAME))
    again = build(ruled.stores, policy=replace(POLICY, thresholds=_SLOW))
    await again.tick()
    assert len(again.stores.decisions.list(NAME)) == before
    await again.close()


async def test_a_pinned_version_stays_until_it_is_unpinned(ruled: House) -> None:
    """Whatever the evidence; people are told."""
    await ruled.operations.pin(NAME, actor="ann", reason="the fair")
    await ruled.serve(60, broken=True)
    await ruled.tick()
    assert (await ruled.deployment()).active == V3
    assert _last(ruled).decision.because.value == "pinned"
    assert "held" in await _kinds(ruled)
    await ruled.operations.unpin(NAME, actor="ann", reason="over")
    await ruled.tick()
    assert (await ruled.deployment()).active == V1
    with pytest.raises(Conflict, match="not pinned"):
        await ruled.operations.unpin(NAME, actor="ann", reason="again")


async def test_a_rollback_waits_for_a_person_and_is_theirs(asking: House) -> None:
    """Proposed and told once; approved, the leader's next tick carries it out, once."""
    await asking.serve(60, broken=True)
    for _ in range(3):
        await asking.tick()
    assert (await asking.deployment()).active == V3
    (proposal,) = asking.stores.proposals.list(NAME)
    assert (await _kinds(asking)).count("proposal") == 1
    await asking.operations.approve(proposal.id, actor="ann", reason="go")
    await asking.tick()
    await asking.tick()
    assert (await asking.deployment()).active == V1
    (incident,) = await asking.incidents()
    assert incident.actor == "ann"


async def test_a_rejected_rollback_is_not_proposed_again(asking: House) -> None:
    """Until the pointer has moved."""
    await asking.serve(60, broken=True)
    await asking.tick()
    (proposal,) = asking.stores.proposals.list(NAME)
    said = await asking.operations.reject(proposal.id, actor="ann", reason="a load test")
    assert said.answer is Answer.REJECTED
    await asking.tick()
    assert (await asking.deployment()).active == V3
    assert len(asking.stores.proposals.list(NAME)) == 1
    assert "ann said no: a load test" in _last(asking).decision.reason


async def test_a_promotion_that_needs_approval_passes_the_gate_after_it(stores: Stores) -> None:
    """Approval is no way past the gate: what is worse is refused, approved or not."""
    house = build(stores, policy=replace(POLICY, approval=Approval(promotion=True)))
    await house.loop.versions.fingerprint_base()
    await house.tick()
    with pytest.raises(Conflict, match="backstop approve"):
        await house.promote(V1)
    (proposal,) = stores.proposals.list(NAME)
    await house.operations.approve(proposal.id, actor="bob", reason="go")
    assert (await house.deployment()).active == V1
    with pytest.raises(Conflict, match="backstop approve"):
        await house.promote(V2)
    worse = stores.proposals.list(NAME)[0]
    with pytest.raises(GateRefused):
        await house.operations.approve(worse.id, actor="bob", reason="go")
    assert (await house.deployment()).active == V1
    await house.close()


async def test_a_promotion_that_needs_two_is_nobodys_alone(stores: Stores) -> None:
    """Not forced, not by the same token twice; the second person's yes promotes it."""
    house = build(stores, policy=replace(POLICY, approval=Approval(promotion=2)))
    await house.loop.versions.fingerprint_base()
    await house.tick()
    with pytest.raises(Conflict, match="of 2 people promotes it"):
        await house.promote(V1)
    (proposal,) = stores.proposals.list(NAME)
    for _ in range(2):
        with suppress(Conflict):
            await house.operations.approve(proposal.id, actor="bob", reason="go")
    with pytest.raises(Conflict, match="backstop approve"):
        await house.promote(V1)
    assert (await house.deployment()).active is None
    await house.operations.approve(proposal.id, actor="ann", reason="go")
    assert (await house.deployment()).active == V1
    await house.close()
