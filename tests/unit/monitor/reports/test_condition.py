"""How a deployment stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.reports.condition import Condition, gravest, standing
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident, Phase

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = {"support@aa": "v1", "support@bb": "v2"}
DEPLOYMENT = Deployment(name="support", active="support@aa", epoch=5)
POINT = EvidencePoint(
    deployment="support",
    adapter="support@aa",
    epoch=5,
    position=80,
    at=NOW,
    suspicion=2.0,
    suspicion_line=1e3,
    evidence=0.5,
    line=1e5,
)
INCIDENT = Incident(
    id="i",
    deployment="support",
    opened_at=NOW - timedelta(minutes=5),
    phase=Phase.PROVED,
    from_version="support@bb",
    to_version="support@aa",
    reason="empty answers",
    actor="backstop",
    epoch=5,
)


def stand(deployment=DEPLOYMENT, point=POINT, incidents=(), now=NOW):
    """Return the standing of the deployment at noon."""
    return standing(deployment, point, incidents, LABELS, now)


def test_quiet_evidence_is_well():
    """Below both lines all is well, and the sentence says after how many answers."""
    quiet = stand()
    assert (quiet.condition, quiet.headline) == (Condition.WELL, "All is well")
    assert "80 answers of support@v1" in quiet.detail


def test_prompts_that_have_changed_are_named_beside_either_standing():
    """All stays well when only they have changed; a suspicion says that they have too."""
    changed = replace(POINT, traffic=1e3)
    assert stand(point=changed).condition is Condition.WELL
    assert "The prompts have changed, not the answers" in stand(point=changed).detail
    assert "prompts have changed too" in stand(point=replace(changed, suspicion=1e3)).detail
    assert "prompts" not in stand().detail


def test_no_judged_answer_is_not_well():
    """Unknown is not good: without a point the deployment waits."""
    assert stand(point=None).condition is Condition.UNWATCHED


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"suspicion": 1e3}, Condition.SUSPICION),
        ({"suspicion": 1e3, "evidence": 1e5}, Condition.BREACH),
        ({"evidence": 1e5}, Condition.BREACH),
    ],
)
def test_a_line_is_crossed_when_it_is_reached(change, condition):
    """Harm outweighs drift, and a line counts from its own value on."""
    assert stand(point=replace(POINT, **change)).condition is condition


def test_a_rollback_is_told_until_a_day_has_passed():
    """The news names both versions and the reason; after a day the calm sentence is back."""
    told = stand(incidents=[INCIDENT])
    assert told.headline == "Rolled back to support@v1"
    assert "support@v2 is out" in told.detail
    assert "Reason: empty answers." in told.detail
    later = stand(incidents=[INCIDENT], now=NOW + timedelta(hours=24))
    assert later.condition is Condition.WELL


def test_a_promotion_after_the_rollback_is_no_rollback():
    """Once another version is active the old incident says nothing about it."""
    promoted = replace(DEPLOYMENT, active="support@cc", epoch=6)
    assert stand(promoted, incidents=[INCIDENT]).condition is Condition.WELL
    again = replace(DEPLOYMENT, epoch=7)
    assert stand(again, incidents=[INCIDENT]).condition is Condition.WELL


def test_trouble_of_the_version_put_back_outweighs_the_news():
    """Suspicion of the present version matters more than the rollback before."""
    suspected = replace(POINT, suspicion=1e4)
    assert stand(point=suspected, incidents=[INCIDENT]).condition is Condition.SUSPICION


def test_a_failed_proof_is_never_well():
    """The engine did not show the fingerprint: a person must look, however long ago."""
    failed = replace(INCIDENT, phase=Phase.UNPROVED)
    late = NOW + timedelta(days=30)
    assert stand(incidents=[failed], now=late).condition is Condition.UNPROVED


def test_frozen_outweighs_everything():
    """Where nothing changes by itself the reason is the sentence."""
    frozen = stand(replace(DEPLOYMENT, frozen="three rollbacks in an hour"), incidents=[INCIDENT])
    assert (frozen.condition, frozen.detail) == (Condition.FROZEN, "three rollbacks in an hour.")


def test_the_gravest_standing_is_shown_first():
    """Of several deployments the one in trouble gives the headline."""
    calm, troubled = stand(), stand(point=replace(POINT, evidence=1e9))
    assert gravest([calm, troubled]) is troubled
    assert gravest([]).headline == "Nothing is deployed yet"
