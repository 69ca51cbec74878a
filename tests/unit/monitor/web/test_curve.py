"""What happened to the pointer, as marks on the curve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.web.curve import marks
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase

V0, V1, V2 = "support@0aa1b2c3d4e5", "support@3f9a2c1d7b04", "support@b81e02d95c3a"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POINTER = Deployment(name="support", active=V2, baseline=V1, epoch=4, promoted_at=NOW - 3 * MINUTE)
INCIDENT = Incident(
    id="1",
    deployment="support",
    opened_at=NOW - 24 * MINUTE,
    phase=Phase.PROVED,
    from_version=V0,
    to_version=V1,
    reason="repetition",
    actor="backstop",
    epoch=3,
    promoted_at=NOW - 25 * MINUTE,
    flipped_at=NOW - 24 * MINUTE,
)
LABELS = {V0: "v0", V1: "v1", V2: "v2"}


def test_marks_tell_the_story_in_order():
    """Promotions and rollbacks, oldest first, by the versions' labels."""
    found = marks(POINTER, [INCIDENT], LABELS, NOW - 60 * MINUTE)
    assert [mark.label for mark in found] == [
        "support@v0 promoted",
        "support@v0 rolled back",
        "support@v2 active",
    ]


def test_marks_before_the_span_are_left_out():
    """Only what can be drawn is sent."""
    found = marks(POINTER, [INCIDENT], LABELS, NOW - 5 * MINUTE)
    assert [mark.label for mark in found] == ["support@v2 active"]
