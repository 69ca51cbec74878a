"""Buckets of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rollback.indicators.steps import Step

_AT = datetime(2026, 2, 28, 23, 59, 59, 999_999, UTC)


@pytest.mark.parametrize(
    ("step", "start"),
    [
        (Step.MINUTE, datetime(2026, 2, 28, 23, 59, tzinfo=UTC)),
        (Step.HOUR, datetime(2026, 2, 28, 23, tzinfo=UTC)),
        (Step.DAY, datetime(2026, 2, 28, tzinfo=UTC)),
    ],
)
def test_a_bucket_begins_at_its_whole_step(step: Step, start: datetime) -> None:
    """And the next moment begins the next."""
    assert step.start(_AT) == start == step.start(start)
    assert step.start(_AT + timedelta(microseconds=1)) == start + step.length


def test_buckets_are_of_utc_whatever_the_zone() -> None:
    """A moment is in one bucket, however it is written."""
    japan = _AT.astimezone(timezone(timedelta(hours=9)))
    assert Step.DAY.start(japan) == Step.DAY.start(_AT)
