"""The record of answers in Postgres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Engine, Row

from guards.exchange import Message
from guards.verdicts import Verdict
from monitor.ports.record import ExchangeStore, PackedBatch, RecordedExchange, ScoredBatch
from monitor.storage import (
    notices,
    observation_items,
    observations,
    packing,
    payload,
    rollup_queue,
    values,
)
from monitor.storage.copying import copy_ready
from monitor.storage.database import transaction
from monitor.storage.hash_key import HashKey
from monitor.storage.partitions import Partitions
from monitor.storage.schema import exchanges, signal_sets
from monitor.storage.signal_names import SignalSets


class PostgresExchanges(ExchangeStore):
    """`ports.ExchangeStore` on Postgres. The batches of one replica are to be recorded in order."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._partitions = Partitions(engine)
        self._hash_key = HashKey(engine, "prompts")
        self._signal_sets = SignalSets()

    def pack(self, batch: ScoredBatch, *, keep_text: bool) -> PackedBatch:
        """Return a batch in the form in which it is written.

        Without Postgres since the start it has no hashes of the prompts: their key is unknown.
        """
        rows = packing.pack(batch.scored, self._hash_key.known(), keep_text=keep_text)
        items = observation_items.pack(batch.observed)
        return PackedBatch(
            replica=batch.replica,
            number=batch.number,
            count=len(batch.scored),
            payload=payload.write(rows, items),
        )

    def record(self, batch: PackedBatch) -> None:
        """Write answers (COPY) and what judges must know of them in one transaction.

        Raises `BadRequest` for a payload of another format. The commit waits for the disk, as
        everywhere: an acknowledged batch is a durable one, and larger batches make up for it.
        """
        content = payload.read(batch.payload)
        self._partitions.cover(content.days)
        with transaction(self._engine) as connection:
            self._hash_key.learn(connection)
            if not observations.add(connection, batch, content.items):
                return
            self._signal_sets.add(connection, content.signal_sets)
            rollup_queue.add(connection, content.days, batch.count)
            added = copy_ready(connection, exchanges, packing.COLUMNS, content.rows, key="id")
            if added is not None:
                observations.keep_only(connection, batch, content.items, added)
            notices.observations(connection)
        self._signal_sets.remember(content.signal_sets)

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        """Return the newest answers, newest first."""
        newest = (
            select(exchanges)
            .where(exchanges.c.deployment == deployment)
            .order_by(exchanges.c.started_at.desc(), exchanges.c.id.desc())
            .limit(limit)
        ).subquery()
        named = (
            select(newest, signal_sets.c.names)
            .join(signal_sets, signal_sets.c.id == newest.c.signal_set)
            .order_by(newest.c.started_at.desc(), newest.c.id.desc())
        )
        with transaction(self._engine) as connection:
            return [recorded(row) for row in connection.execute(named)]

    def find(self, exchange_id: str) -> RecordedExchange | None:
        """Return an answer by its id, or `None`."""
        found = (
            select(exchanges, signal_sets.c.names)
            .join(signal_sets, signal_sets.c.id == exchanges.c.signal_set)
            .where(exchanges.c.id == values.text(exchange_id))
            .limit(1)
        )
        with transaction(self._engine) as connection:
            row = connection.execute(found).one_or_none()
        return None if row is None else recorded(row)

    def asked(
        self, exchange_id: str, candidates: Sequence[tuple[Message, ...]]
    ) -> tuple[Message, ...] | None:
        """Return the candidate that an answer was asked by, or `None`; the hash of it tells."""
        hashed = select(exchanges.c.prompt_hash).where(exchanges.c.id == values.text(exchange_id))
        with transaction(self._engine) as connection:
            self._hash_key.learn(connection)
            digest = connection.execute(hashed.limit(1)).scalar_one_or_none()
        key = self._hash_key.known()
        if digest is None or key is None:
            return None
        same = (each for each in candidates if packing.prompt_hash(each, key) == digest)
        return next(same, None)

    def shadow_tokens(self, deployment: str, since: datetime) -> tuple[int, int]:
        """Return how many tokens of prompts, and of answers, the shadows since a moment took."""
        rows = exchanges.c
        sums = [
            func.coalesce(func.sum(each), 0) for each in (rows.prompt_tokens, rows.output_tokens)
        ]
        shadows = select(*sums).where(
            rows.deployment == deployment,
            rows.started_at >= since,
            rows.tags.has_key("shadow_of"),
        )
        with transaction(self._engine) as connection:
            prompts, outputs = connection.execute(shadows).one()
        return int(prompts), int(outputs)

    def exposure(self, deployment: str, epoch: int) -> int:
        """Count the answers recorded under an epoch."""
        count = (
            select(func.count())
            .select_from(exchanges)
            .where(exchanges.c.deployment == deployment, exchanges.c.epoch == epoch)
        )
        with transaction(self._engine) as connection:
            return connection.execute(count).scalar_one()


def recorded(row: Row[Any]) -> RecordedExchange:
    """Return the answer of a row that is joined with the names of its signals."""
    signals = zip(row.names, row.signals, strict=True)
    return RecordedExchange(
        id=row.id,
        deployment=row.deployment,
        adapter=row.adapter,
        epoch=row.epoch,
        started_at=row.started_at,
        verdict=Verdict(row.verdict),
        findings=tuple(row.findings),
        signals={name: value for name, value in signals if not math.isnan(value)},
        latency_s=row.latency_s,
        output_tokens=row.output_tokens,
        finish_reason=row.finish_reason,
        error=row.error,
        prompt=row.prompt,
        output=row.output,
    )
