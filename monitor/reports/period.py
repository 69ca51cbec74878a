"""The time that a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from monitor.errors import BadRequest

_DAY = timedelta(days=1)
NAMED = {"day": _DAY, "week": 7 * _DAY}
_LONGEST = 366 * _DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """[since, until), in UTC. From a day on it begins at a whole hour: minutes are not kept long."""

    since: datetime
    until: datetime

    @classmethod
    def ending(cls, until: datetime, length: timedelta) -> Self:
        """Return the period of a length that ends at a moment.

        Raises:
            BadRequest: if it is no time at all, or more than 366 days.
        """
        if not timedelta() < length <= _LONGEST:
            raise BadRequest("a report is about more than no time, and at most 366 days")
        since = until - length
        if length >= _DAY:
            since = since.replace(minute=0, second=0, microsecond=0)
        return cls(since=since, until=until)

    @classmethod
    def parse(cls, text: str, now: datetime) -> Self:
        """Return the period of `day`, `week`, or `FROM..TO` in dates or moments, by ISO 8601.

        Both ends are UTC where they name no zone; a date stands for its midnight.

        Raises:
            BadRequest: saying how a period is written.
        """
        if text in NAMED:
            return cls.ending(now, NAMED[text])
        try:
            since, until = (_moment(end) for end in text.split(".."))
        except ValueError as error:
            raise BadRequest(
                f"{text!r} is no period; write day, week, or FROM..TO like 2026-11-01..2026-11-08"
            ) from error
        return cls.ending(until, until - since)

    @property
    def before(self) -> Period:
        """The period before, of the same length."""
        return Period(since=self.since - (self.until - self.since), until=self.since)


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
