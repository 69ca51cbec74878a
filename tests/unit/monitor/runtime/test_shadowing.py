"""How many prompts a plan has shadowed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.config.hours import Hours
from monitor.runtime.shadowing import ShadowPlan

NIGHT = datetime(2026, 1, 1, 15, 0, tzinfo=UTC)  # midnight in Tokyo
DAY = datetime(2026, 1, 1, 3, 0, tzinfo=UTC)
PLAN = ShadowPlan(rate=0.01, on_suspicion_rate=0.5, hours=(Hours.parse("22:00-06:00 Asia/Tokyo"),))


@pytest.mark.parametrize(
    ("suspected", "now", "rate"),
    [(False, NIGHT, 0.01), (True, NIGHT, 0.5), (False, DAY, 0.0), (True, DAY, 0.0)],
)
def test_suspicion_raises_the_rate_within_the_hours(
    suspected: bool, now: datetime, rate: float
) -> None:
    """Outside of them the engine is the callers' alone."""
    assert PLAN.wanted(suspected=suspected, now=now)[0] == rate


def test_without_a_rate_of_its_own_suspicion_changes_nothing() -> None:
    """The plan names one rate."""
    plan = ShadowPlan(rate=0.2, on_suspicion_rate=0.0)
    assert plan.wanted(suspected=True, now=DAY)[0] == 0.2


@pytest.mark.parametrize(
    ("text", "moment", "inside"),
    [
        ("22:00-06:00 Asia/Tokyo", NIGHT, True),
        ("22:00-06:00", NIGHT, False),
        ("14:00-16:00", NIGHT, True),
        ("14:00-15:00", NIGHT, False),
        ("06:00-22:00 Asia/Tokyo", DAY, True),
    ],
)
def test_hours_know_their_zone_and_midnight(text: str, moment: datetime, inside: bool) -> None:
    """From the first minute, up to the last."""
    assert Hours.parse(text).contain(moment) is inside


@pytest.mark.parametrize("text", ["", "22-6", "25:00-06:00", "22:00-06:00 Mars/Base"])
def test_what_are_no_hours_is_refused_with_an_example(text: str) -> None:
    """Before anything is started."""
    with pytest.raises(ValueError, match="write them like"):
        Hours.parse(text)
