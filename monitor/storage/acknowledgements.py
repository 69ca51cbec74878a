"""Which replica routes by which epoch, in Postgres."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Engine

from monitor.ports.deployments import Acknowledgements
from monitor.storage.database import transaction
from monitor.storage.schema import replicas

_NEVER = -1  # below every epoch


class PostgresAcknowledgements(Acknowledgements):
    """`ports.Acknowledgements` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def acknowledge(self, replica: str, epochs: Mapping[str, int], at: datetime) -> None:
        """Record a replica's heartbeat and the epoch it routes by, per deployment."""
        seen = insert(replicas).values(name=replica, seen_at=at, epochs=epochs)
        merged = replicas.c.epochs.concat(seen.excluded.epochs)
        with transaction(self._engine) as connection:
            connection.execute(
                seen.on_conflict_do_update(
                    index_elements=["name"],
                    set_={"seen_at": seen.excluded.seen_at, "epochs": merged},
                )
            )

    def lagging(self, deployment: str, epoch: int, alive_since: datetime) -> Sequence[str]:
        """Return live replicas that have not reached the epoch."""
        reached = func.coalesce(replicas.c.epochs[deployment].astext.cast(BigInteger), _NEVER)
        late = (
            select(replicas.c.name)
            .where(replicas.c.seen_at >= alive_since, reached < epoch)
            .order_by(replicas.c.name)
        )
        with transaction(self._engine) as connection:
            return connection.execute(late).scalars().all()
