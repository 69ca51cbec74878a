"""Who leads, in Postgres.

A row is never deleted: its epoch must go on growing, so that a holder who slept through the loss
of its lease is told from the one who leads now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, case, or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine

from monitor.ports.schedule import Leases
from monitor.storage.database import transaction
from monitor.storage.schema import leases


class PostgresLeases(Leases):
    """`ports.Leases` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acquire(self, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
        """Take or renew a lease; return its fencing epoch, or `None` if another holds it."""
        wanted = insert(leases).values(name=name, holder=holder, epoch=1, expires_at=now + ttl)
        free = or_(leases.c.holder.is_(None), leases.c.expires_at <= now)
        renewed = and_(leases.c.holder == holder, leases.c.expires_at > now)
        taken = wanted.on_conflict_do_update(
            index_elements=["name"],
            set_={
                "holder": holder,
                "epoch": case((renewed, leases.c.epoch), else_=leases.c.epoch + 1),
                "expires_at": wanted.excluded.expires_at,
            },
            where=or_(free, renewed),
        ).returning(leases.c.epoch)
        with transaction(self._engine) as connection:
            return connection.execute(taken).scalar_one_or_none()

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
        given = update(leases).where(leases.c.name == name, leases.c.holder == holder)
        with transaction(self._engine) as connection:
            connection.execute(given.values(holder=None))
