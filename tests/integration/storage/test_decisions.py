"""Tests of `monitor.storage.decisions` and `monitor.storage.proposals`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import Conflict, NotFound
from monitor.ports.stores import Stores
from rollback import case as cases
from rollback.decided import Decided
from rollback.deployment import Deployment
from rollback.policy import Policy
from rollback.proposal import Act, Answer, Proposal
from rollback.situation import Situation
from rollback.windows import Maintenance, Window
from tests.integration.storage.builders import (
    NOW,
    SECOND,
    V1,
    add_verified,
    notice,
    point,
    promotion,
    version,
)

pytestmark = pytest.mark.integration


def _decided(number: int, evidence: float) -> Decided:
    deployment = Deployment(name="support", active=V1, epoch=1)
    policy = Policy(
        maintenance=Maintenance(windows=(Window(start=NOW, lasting=timedelta(hours=1)),))
    )
    given = replace(point(number), evidence=evidence)
    case = cases.of(deployment, given, Situation(versions={}), policy, NOW)
    at = NOW + number * SECOND
    return Decided(id=f"decision-{number}", at=at, case=case, decision=case.decide())


def test_decisions_come_back_as_they_were_made(stores: Stores) -> None:
    """To the last digit, newest first, each once; and they give the same decision again."""
    stores.deployments.ensure("support")
    made = [_decided(1, 0.1 + 0.2), _decided(2, 1e300)]
    for each in (*made, made[0]):
        stores.decisions.record(each)
    assert list(stores.decisions.list("support")) == made[::-1]
    assert stores.decisions.get("decision-2") == made[1]
    assert all(each.replays for each in stores.decisions.list("support"))
    assert stores.decisions.list("support", 1) == [made[1]]
    with pytest.raises(NotFound, match="policy explain"):
        stores.decisions.get("decision-9")


def test_a_row_that_cannot_be_read_stops_nothing(stores: Stores, engine: Engine) -> None:
    """Another version wrote it: the others are there, and it is as if it were not."""
    stores.deployments.ensure("support")
    for number in (1, 2):
        stores.decisions.record(_decided(number, 0.5))
    with engine.begin() as connection:
        connection.execute(text("UPDATE decisions SET inputs = '{}' WHERE id = 'decision-2'"))
    assert [each.id for each in stores.decisions.list("support")] == ["decision-1"]
    with pytest.raises(NotFound):
        stores.decisions.get("decision-2")


_PROPOSAL = Proposal(
    id="p1",
    deployment="support",
    epoch=1,
    act=Act.ROLLBACK,
    version=None,
    reason="harm",
    made_at=NOW,
    made_by="backstop",
)


@pytest.fixture
def asked(stores: Stores) -> Stores:
    """A deployment at epoch 1 with a proposal."""
    stores.deployments.ensure("support")
    add_verified(stores, version(V1, "v1"))
    stores.deployments.flip(promotion(V1, None, 0))
    stores.proposals.put(_PROPOSAL, notice(1))
    return stores


def test_a_proposal_is_made_once(asked: Stores) -> None:
    """With one audit row and one notice, however often it is repeated."""
    assert asked.proposals.put(replace(_PROPOSAL, reason="again"), notice(2)) == _PROPOSAL
    assert asked.proposals.newest("support", 1, Act.ROLLBACK) == _PROPOSAL
    assert asked.proposals.newest("support", 1, Act.PROMOTION) is None
    assert asked.proposals.newest("support", 2, Act.ROLLBACK) is None
    assert asked.proposals.list() == asked.proposals.list("support") == [_PROPOSAL]
    made = [row for row in asked.audit.rows() if row.action == "proposal.made"]
    assert len(made) == 1


def test_an_answer_stays(asked: Stores) -> None:
    """The same one again changes nothing, another one is refused."""
    for _ in range(2):
        said = asked.proposals.answer("p1", Answer.APPROVED, actor="ann", reason="go", at=NOW)
        assert (said.answer, said.answered_by, said.answer_reason) == (Answer.APPROVED, "ann", "go")
    with pytest.raises(Conflict, match="ann has approved p1 already"):
        asked.proposals.answer("p1", Answer.REJECTED, actor="bob", reason="no", at=NOW)
    actions = [row.action for row in asked.audit.rows() if row.action.startswith("proposal.")]
    assert actions == ["proposal.made", "proposal.approved"]


def test_two_tokens_are_two_people(asked: Stores) -> None:
    """One yes of two settles nothing, the same token's second is refused, another's settles it."""
    asked.proposals.put(replace(_PROPOSAL, id="p2", needed=2), notice(4))
    one = asked.proposals.answer("p2", Answer.APPROVED, actor="ann", reason="go", at=NOW)
    assert (one.answer, one.approved_by, one.lacks) == (Answer.PENDING, ("ann",), 1)
    with pytest.raises(Conflict, match="ann has approved p2 already; somebody else's token"):
        asked.proposals.answer("p2", Answer.APPROVED, actor="ann", reason="go!", at=NOW)
    two = asked.proposals.answer("p2", Answer.APPROVED, actor="bob", reason="me too", at=NOW)
    assert (two.answer, two.answered_by_all) == (Answer.APPROVED, "ann, bob")
    rows = list(asked.audit.rows())[-2:]
    assert [(row.action, row.actor, row.payload["reason"]) for row in rows] == [
        ("proposal.approval", "ann", "go"),
        ("proposal.approved", "bob", "me too"),
    ]


def test_one_no_settles_a_proposal_of_two(asked: Stores) -> None:
    """Whoever said yes before."""
    asked.proposals.put(replace(_PROPOSAL, id="p2", needed=2), notice(4))
    asked.proposals.answer("p2", Answer.APPROVED, actor="ann", reason="go", at=NOW)
    no = asked.proposals.answer("p2", Answer.REJECTED, actor="bob", reason="wait", at=NOW)
    assert (no.answer, no.answered_by_all) == (Answer.REJECTED, "bob")


def test_a_proposal_of_an_earlier_epoch_is_void(asked: Stores) -> None:
    """What was asked about no longer serves; an unknown one is named."""
    stores = asked
    stores.proposals.put(replace(_PROPOSAL, id="p0", epoch=0), notice(3))
    with pytest.raises(Conflict, match="epoch 1, not 0"):
        stores.proposals.answer("p0", Answer.APPROVED, actor="ann", reason="go", at=NOW)
    with pytest.raises(NotFound, match="p9"):
        stores.proposals.get("p9")


def test_a_pin_is_set_and_ends(asked: Stores) -> None:
    """With an audit row each, and it outlives other changes."""

    def amend(**changes: str | bool) -> Deployment:
        return asked.deployments.amend(
            "support",
            expected_epoch=1,
            actor="ann",
            reason="fair",
            at=NOW,
            **changes,  # type: ignore[arg-type]
        )

    assert amend(pinned="the fair").pinned == "the fair"
    assert amend(confirmed=True).pinned == "the fair"
    assert list(asked.audit.rows())[-1].payload["pinned"] == "the fair"
    assert amend(pinned="").pinned is None
