"""Which answers no indicator knows yet: a row for each batch and day, in the answers' transaction."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Row

_NUMBER = text("SELECT set_config('backstop.batch', nextval(:sequence)::text, true)::bigint")
_SEQUENCE = "rollup_queue_batch_seq"
_ADD = text(
    "INSERT INTO rollup_queue (batch, first, last, count) OVERRIDING SYSTEM VALUE"
    " VALUES (:batch, :first, :last, :count)"
)
_TAKE = text("""
DELETE FROM rollup_queue USING (
    SELECT batch, first, sum(count) OVER (ORDER BY first, batch) - count AS before
    FROM rollup_queue
) AS waiting
WHERE (rollup_queue.batch, rollup_queue.first) = (waiting.batch, waiting.first)
  AND before < :most
RETURNING rollup_queue.batch, rollup_queue.first, rollup_queue.last
""")
_DAY = timedelta(days=1)


def add(connection: Connection, days: Set[date], count: int) -> None:
    """Queue the answers that this transaction writes from now on, and give them their number.

    Args:
        days: on which they began, in UTC.
        count: how many they are.
    """
    batch = connection.execute(_NUMBER, {"sequence": _SEQUENCE}).scalar_one()
    for day in sorted(days):
        first = datetime(day.year, day.month, day.day, tzinfo=UTC)
        of_day = {"batch": batch, "first": first, "last": first + _DAY, "count": count}
        connection.execute(_ADD, of_day)


def take(connection: Connection, most: int) -> Sequence[Row[Any]]:
    """Take the oldest batches away, of some `most` answers; return batch, first and last of each."""
    return connection.execute(_TAKE, {"most": most}).all()
