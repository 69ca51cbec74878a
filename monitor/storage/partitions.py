"""The daily partitions of the exchanges: made ahead of the rows, dropped as a whole.

Days far from the database's own today (a log taken in late, a wrong clock) go into the default
partition, so that callers cannot make partitions without number.
"""

from __future__ import annotations

from collections.abc import Set
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from monitor.storage.database import transaction

_PAST = timedelta(days=35)
_AHEAD = timedelta(days=2)
_PREFIX = "exchanges_"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('backstop.partitions'))")
_TODAY = text("SELECT (now() AT TIME ZONE 'UTC')::date")
_EXISTING = text(
    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'exchanges'::regclass"
)


class Partitions:
    """Makes sure that the days of a batch have their partitions."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: frozenset[date] = frozenset()

    def cover(self, days: Set[date]) -> None:
        """Make the partitions of these days, in UTC, and of the days ahead, where missing."""
        if days <= self._known:
            return
        with transaction(self._engine) as connection:
            connection.execute(_ONE_AT_A_TIME)
            today = connection.execute(_TODAY).scalar_one()
            wanted = {today + timedelta(days=ahead) for ahead in range(_AHEAD.days + 1)} | {
                day for day in days if today - _PAST <= day <= today + _AHEAD
            }
            for day in sorted(wanted - existing(connection)):
                _make(connection, day)
        self._known = self._known | wanted | days


def existing(connection: Connection) -> frozenset[date]:
    """Return the days that have a partition."""
    names = connection.execute(_EXISTING).scalars()
    suffixes = (name.removeprefix(_PREFIX) for name in names)
    return frozenset(_day(suffix) for suffix in suffixes if suffix.isdigit())


def drop_before(connection: Connection, moment: datetime) -> int:
    """Drop the partitions that end before a moment; return how many rows they held."""
    rows = 0
    for day in sorted(existing(connection)):
        if _start(day + timedelta(days=1)) <= moment:
            name = _name(day)
            rows += connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            connection.execute(text(f"DROP TABLE {name}"))
    return rows


def _make(connection: Connection, day: date) -> None:
    """Make a day's partition, with the rows of that day that the default one has taken."""
    name, start, end = (
        _name(day),
        _start(day).isoformat(),
        _start(day + timedelta(days=1)).isoformat(),
    )
    bounds = {"start": start, "end": end}
    connection.execute(text(f"CREATE TABLE {name} (LIKE exchanges INCLUDING DEFAULTS)"))
    connection.execute(
        text(
            "WITH moved AS (DELETE FROM exchanges_default"
            " WHERE started_at >= :start AND started_at < :end RETURNING *)"
            f" INSERT INTO {name} SELECT * FROM moved"
        ),
        bounds,
    )
    connection.execute(
        text(
            f"ALTER TABLE exchanges ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{start}') TO ('{end}')"
        )
    )


def _name(day: date) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def _day(suffix: str) -> date:
    return date(int(suffix[:4]), int(suffix[4:6]), int(suffix[6:]))


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
