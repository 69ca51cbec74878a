"""Moments are aware and written in UTC."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rollback.times import iso, require_aware


def test_a_moment_is_written_in_utc_with_microseconds() -> None:
    """The same moment in any time zone has one form."""
    tokyo = timezone(timedelta(hours=9))
    assert iso(datetime(2026, 1, 1, 9, tzinfo=tokyo)) == "2026-01-01T00:00:00.000000+00:00"
    assert iso(datetime(2026, 1, 1, microsecond=7, tzinfo=UTC)).endswith(".000007+00:00")


def test_a_naive_moment_is_refused_by_name() -> None:
    """The message names the owner and the moment."""
    with pytest.raises(ValueError, match="incident 7: opened_at must be timezone-aware"):
        require_aware("incident 7", opened_at=datetime(2026, 1, 1), closed_at=None)  # noqa: DTZ001
