"""The answers of every replica on their way to the judges, in Postgres.

What was read stays until its retention ends, so that a decision can be replayed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import and_, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine

from monitor.errors import Conflict
from monitor.ports.evidence import Observations, ObservedBatch
from monitor.ports.record import PackedBatch
from monitor.storage import observation_items
from monitor.storage.database import transaction
from monitor.storage.schema import observations, read_positions

_NONE = -1  # the position of a replica of which nothing was read

# A batch is not read before those of lower numbers, whenever they were written.
_UNREAD = text("""
WITH RECURSIVE replicas (name) AS (
    (SELECT replica FROM observations ORDER BY replica LIMIT 1)
    UNION ALL
    SELECT (SELECT replica FROM observations WHERE replica > earlier.name ORDER BY replica LIMIT 1)
    FROM replicas AS earlier WHERE earlier.name IS NOT NULL
), unread AS (
    SELECT batch.*,
           max(batch.seq) OVER earlier AS turn,
           lag(batch.number, 1, position.number) OVER earlier AS after
    FROM replicas
    LEFT JOIN read_positions ON read_positions.replica = replicas.name
    CROSS JOIN LATERAL (SELECT coalesce(read_positions.number, -1) AS number) AS position
    CROSS JOIN LATERAL (
        SELECT replica, number, seq FROM observations
        WHERE replica = replicas.name AND number > position.number
        ORDER BY number LIMIT :limit
    ) AS batch
    WINDOW earlier AS (PARTITION BY batch.replica ORDER BY batch.number)
    ORDER BY turn, batch.number LIMIT :limit
)
SELECT unread.replica, unread.number, unread.after, items
FROM unread JOIN observations USING (replica, number)
ORDER BY turn, number
""")


class PostgresObservations(Observations):
    """`ports.Observations` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unread(self, limit: int) -> Sequence[ObservedBatch]:
        """Return up to `limit` batches that no judge has read, in the order to be read."""
        with transaction(self._engine) as connection:
            rows = connection.execute(_UNREAD, {"limit": limit}).all()
        return [
            ObservedBatch(
                replica=row.replica,
                number=row.number,
                after=row.after,
                items=observation_items.unpack(bytes(row.items)),
            )
            for row in rows
        ]


def add(connection: Connection, batch: PackedBatch, items: bytes) -> bool:
    """Store a batch's observations; False if the batch is there already."""
    new = insert(observations).values(
        replica=batch.replica, number=batch.number, at=func.now(), count=batch.count, items=items
    )
    added = connection.execute(new.on_conflict_do_nothing().returning(observations.c.number))
    return added.one_or_none() is not None


def keep_only(connection: Connection, batch: PackedBatch, items: bytes, ids: Sequence[str]) -> None:
    """Leave out what is not of these answers: judges have seen the others already."""
    kept = observation_items.only(items, ids)
    own = and_(observations.c.replica == batch.replica, observations.c.number == batch.number)
    connection.execute(update(observations).where(own).values(count=len(ids), items=kept))


def advance(connection: Connection, read: Mapping[str, tuple[int, int]]) -> None:
    """Move read positions on, each from where its reader thinks it is.

    Raises `Conflict` if one of them is elsewhere.
    """
    for replica, (before, now) in sorted(read.items()):
        if not _advance(connection, replica, before, now):
            raise Conflict(
                f"the answers of {replica} are no longer read to {before}: "
                "another judge has read on; begin again from the saved states"
            )


def _advance(connection: Connection, replica: str, before: int, now: int) -> bool:
    positions = read_positions.c
    if before == _NONE:
        first = insert(read_positions).values(replica=replica, number=now)
        new = first.on_conflict_do_nothing().returning(positions.number)
        return connection.execute(new).one_or_none() is not None
    own = and_(positions.replica == replica, positions.number == before)
    return connection.execute(update(read_positions).where(own).values(number=now)).rowcount == 1
