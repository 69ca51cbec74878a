"""What runs and what waits, in Postgres."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.engine import Engine

from monitor.ports.inventory import DeliveryOnRecord, Inventory, Replica, RunOnRecord
from monitor.storage.database import transaction
from monitor.storage.schema import deliveries, outbox, replicas, scheduled_runs

_MOST_REPLICAS = 200


class PostgresInventory(Inventory):
    """`ports.Inventory` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def replicas(self) -> Sequence[Replica]:
        """Return the replicas, the one heard of last first."""
        newest = select(replicas).order_by(replicas.c.seen_at.desc()).limit(_MOST_REPLICAS)
        with transaction(self._engine) as connection:
            return [Replica(**row._mapping) for row in connection.execute(newest)]

    def runs(self, limit: int) -> Sequence[RunOnRecord]:
        """Return scheduled runs, the latest slot first."""
        run = scheduled_runs.c
        latest = (
            select(run.job, run.slot, run.worker, run.finished_at, run.error)
            .order_by(run.slot.desc(), run.job)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [RunOnRecord(**row._mapping) for row in connection.execute(latest)]

    def deliveries(self, limit: int) -> Sequence[DeliveryOnRecord]:
        """Return notices with their ways to each receiver, newest first."""
        notice = outbox.c
        newest = (
            select(outbox).order_by(notice.created_at.desc(), notice.id).limit(limit).subquery()
        )
        ways = (
            select(
                newest.c.id.label("notice"),
                newest.c.kind,
                newest.c.severity,
                newest.c.title,
                newest.c.created_at,
                deliveries.c.receiver,
                deliveries.c.attempt,
                deliveries.c.due_at,
                deliveries.c.sent_at,
                deliveries.c.error,
            )
            .select_from(newest.outerjoin(deliveries, deliveries.c.notice == newest.c.id))
            .order_by(newest.c.created_at.desc(), newest.c.id, deliveries.c.receiver)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(ways).all()
        return [DeliveryOnRecord(**{**row._mapping, "attempt": row.attempt or 0}) for row in rows]
