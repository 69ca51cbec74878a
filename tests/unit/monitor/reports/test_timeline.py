"""Incidents as timelines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.reports.timeline import between, timeline
from rollback.incident import Incident, Phase

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
INCIDENT = Incident(
    id="i",
    deployment="support",
    opened_at=START,
    phase=Phase.FLIPPED,
    from_version="support@bb",
    to_version="support@aa",
    reason="r",
    actor="backstop",
    epoch=2,
    promoted_at=START,
    decided_at=START + timedelta(seconds=9),
    flipped_at=START + timedelta(seconds=9.01),
)


def test_a_step_is_timed_from_the_step_before_that_happened():
    """A rollback without suspicion counts from the promotion."""
    steps = {step.name: step for step in timeline(INCIDENT)}
    assert steps["promoted"].after is None
    assert steps["suspected"].at is None
    assert steps["decided"].after == timedelta(seconds=9)
    assert steps["flipped"].after == timedelta(milliseconds=10)
    assert steps["proved"].after is None


def test_the_steps_are_in_their_order():
    """From promotion to proof, whether they have happened or not."""
    names = [step.name for step in timeline(INCIDENT)]
    assert names == ["promoted", "suspected", "decided", "flipped", "converged", "proved"]


def test_a_span_to_what_has_not_happened_is_unknown():
    """No proof, no time to proof."""
    assert between(INCIDENT, "decided", "flipped") == timedelta(milliseconds=10)
    assert between(INCIDENT, "flipped", "proved") is None
