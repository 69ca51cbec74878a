"""When a message is tried again."""

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.schedule import DELAYS, SPREAD, retry_at

_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_schedule_is_the_standards() -> None:
    """Ten attempts over 75.6 hours."""
    assert len(DELAYS) == 10
    assert sum(DELAYS, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


@pytest.mark.parametrize(("attempt", "delay"), list(enumerate(DELAYS[1:])))
def test_each_attempt_waits_longer(attempt: int, delay: timedelta) -> None:
    """Jitter lengthens the wait by a share of it."""
    assert retry_at(attempt, _NOW, jitter=0) == _NOW + delay
    assert retry_at(attempt, _NOW, jitter=0.5) == _NOW + delay * (1 + SPREAD / 2)


def test_after_the_last_attempt_there_is_none() -> None:
    """The message is given up."""
    assert retry_at(9, _NOW, jitter=0) is None
    assert retry_at(9, _NOW, jitter=0, retry_after_s=60) is None


@pytest.mark.parametrize(
    ("wish", "wait"), [(1.0, 5), (60.0, 60), (1e7, 86_400), (1e300, 86_400), (0.0, 5)]
)
def test_the_receivers_wish_is_honoured_up_to_a_day(wish: float, wait: int) -> None:
    """It never shortens the wait."""
    assert retry_at(0, _NOW, jitter=0, retry_after_s=wish) == _NOW + timedelta(seconds=wait)
