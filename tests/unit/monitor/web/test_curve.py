"""What happened to the pointer, as marks on the curve."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.web.curve import marks
from tests.integration.web.story import V0, V1, V2, trouble

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LABELS = {V0: "v0", V1: "v1", V2: "v2"}


def test_marks_tell_the_story_in_order():
    """Promotions and rollbacks, oldest first, by the versions' labels."""
    memory = trouble(NOW)
    found = marks(memory.pointers["support"], memory.breaches, LABELS, NOW - timedelta(hours=1))
    assert [mark.label for mark in found] == [
        "support@v0 promoted",
        "support@v0 rolled back",
        "support@v2 active",
    ]


def test_marks_before_the_span_are_left_out():
    """Only what can be drawn is sent."""
    memory = trouble(NOW)
    found = marks(memory.pointers["support"], memory.breaches, LABELS, NOW - timedelta(minutes=5))
    assert [mark.label for mark in found] == ["support@v2 active"]
