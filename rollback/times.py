"""Moments: always timezone-aware, written in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def require_aware(owner: str, **moments: datetime | None) -> None:
    """Refuse naive moments.

    Args:
        owner: whose moments these are, for the message.

    Raises:
        ValueError: naming the first naive one.
    """
    for name, moment in moments.items():
        if moment is not None and moment.tzinfo is None:
            raise ValueError(f"{owner}: {name} must be timezone-aware")


def iso(moment: datetime) -> str:
    """Return a moment in UTC, ISO 8601, always with microseconds.

    >>> iso(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    '2026-01-02T03:04:05.000000+00:00'
    """
    require_aware("moment", moment=moment)
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
