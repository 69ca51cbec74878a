"""Which version served when, told by the audit trail alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rollback.audit import AuditRow, next_row
from rollback.audit_history import Served, concerns, serving

_NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_ACTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("ann", "deployment.promote", "support", {"to": "support@1", "reason": "first", "epoch": 1}),
    ("ann", "deployment.promote", "sales", {"to": "sales@1", "reason": "other", "epoch": 1}),
    ("ann", "deployment.share", "support", {"candidate": "support@2", "candidate_share": 0.1}),
    ("bob", "deployment.promote", "support", {"to": "support@2", "reason": "new", "epoch": 2}),
    (
        "backstop",
        "deployment.rollback",
        "support",
        {
            "to": "support@1",
            "reason": "evidence 1200 is over 1000",
            "epoch": 3,
            "evidence": {"evidence": 1200},
            "incident": "i-1",
        },
    ),
)


def _trail() -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number, (actor, action, subject, payload) in enumerate(_ACTS):
        last = rows[-1] if rows else None
        at = _NOON + number * _HOUR
        rows.append(
            next_row(last, at=at, actor=actor, action=action, subject=subject, payload=payload)
        )
    return rows


def test_before_the_first_act_the_base_model_served() -> None:
    """Nobody had changed anything."""
    before = _NOON - _HOUR
    assert serving(_trail(), "support", before) == Served(deployment="support", at=before)


def test_the_last_act_by_then_says_who_and_why() -> None:
    """At the very moment of an act it counts; acts on other deployments do not."""
    found = serving(_trail(), "support", _NOON + 4 * _HOUR)
    assert (found.version, found.actor, found.action) == ("support@1", "backstop", "rollback")
    assert (found.since, found.row, found.epoch) == (_NOON + 4 * _HOUR, 5, 3)
    assert (found.reason, found.evidence) == ("evidence 1200 is over 1000", {"evidence": 1200})
    assert found.incident == "i-1"
    assert serving(_trail(), "support", _NOON + 3.5 * _HOUR).version == "support@2"


def test_a_candidate_counts_until_the_next_flip() -> None:
    """A flip takes its share away."""
    shared = serving(_trail(), "support", _NOON + 2 * _HOUR)
    assert (shared.version, shared.candidate, shared.candidate_share) == (
        "support@1",
        "support@2",
        0.1,
    )
    assert serving(_trail(), "support", _NOON + 3 * _HOUR).candidate is None


def test_a_moment_without_a_zone_is_refused() -> None:
    """It would be another moment on another machine."""
    with pytest.raises(ValueError, match="timezone-aware"):
        serving([], "support", datetime(2026, 3, 1))  # noqa: DTZ001


def test_acts_on_versions_concern_the_deployment_they_name() -> None:
    """A refused promotion is on the version, and names the deployment."""
    refused = next_row(
        None,
        at=_NOON,
        actor="ann",
        action="promotion refused",
        subject="support@2",
        payload={"deployment": "support"},
    )
    assert concerns(refused, "support")
    assert not concerns(refused, "sales")
    assert concerns(_trail()[1], "sales")
