"""The record of answers in Postgres."""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.engine import Engine, Row

from guards.assessment import Scored
from guards.exchange import Exchange
from guards.verdicts import Verdict
from monitor.ports.record import ExchangeStore, RecordedExchange
from monitor.storage import evidence, hash_key, partitions, values
from monitor.storage.copying import copy_new
from monitor.storage.database import transaction
from monitor.storage.partitions import Partitions
from monitor.storage.schema import evidence_points, exchanges
from rollback.evidence import EvidencePoint, JudgeState

_COLUMNS = tuple(column.name for column in exchanges.columns)


class PostgresExchanges(ExchangeStore):
    """`ports.ExchangeStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._partitions = Partitions(engine)
        self._hash_key: bytes | None = None

    def record(
        self,
        batch: Sequence[Scored],
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        *,
        keep_text: bool,
    ) -> None:
        """Write answers (COPY), evidence and judges' states in one transaction."""
        self._partitions.cover(scored.exchange.started_at for scored in batch)
        key = self._key()
        with transaction(self._engine) as connection:
            if batch:
                rows = [_row(scored, key, keep_text=keep_text) for scored in batch]
                copy_new(connection, exchanges, _COLUMNS, rows)
            evidence.add(connection, points)
            evidence.save_states(connection, states)

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        """Return the newest answers, newest first."""
        newest = (
            select(exchanges)
            .where(exchanges.c.deployment == deployment)
            .order_by(exchanges.c.started_at.desc(), exchanges.c.id.desc())
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [_recorded(row) for row in connection.execute(newest)]

    def exposure(self, deployment: str, epoch: int) -> int:
        """Count the answers recorded under an epoch."""
        count = (
            select(func.count())
            .select_from(exchanges)
            .where(exchanges.c.deployment == deployment, exchanges.c.epoch == epoch)
        )
        with transaction(self._engine) as connection:
            return connection.execute(count).scalar_one()

    def delete_before(self, moment: datetime, *, text_before: datetime) -> int:
        """Delete answers older than `moment`, and texts older than `text_before`."""
        with transaction(self._engine) as connection:
            dropped = partitions.drop_before(connection, moment)
            deleted = connection.execute(delete(exchanges).where(exchanges.c.started_at < moment))
            connection.execute(delete(evidence_points).where(evidence_points.c.at < moment))
            connection.execute(
                update(exchanges)
                .where(exchanges.c.started_at < text_before)
                .where(exchanges.c.prompt.is_not(None) | exchanges.c.output.is_not(None))
                .values(prompt=None, output=None)
            )
            return dropped + deleted.rowcount

    def _key(self) -> bytes:
        if self._hash_key is None:
            with transaction(self._engine) as connection:
                self._hash_key = hash_key.get(connection, "prompts")
        return self._hash_key


def _row(scored: Scored, key: bytes, *, keep_text: bool) -> tuple[Any, ...]:
    """Return the values of an answer in the order of `_COLUMNS`."""
    exchange = scored.exchange
    row = {
        "id": values.text(exchange.id),
        "started_at": exchange.started_at,
        "deployment": values.text(exchange.deployment),
        "adapter": values.optional_text(exchange.adapter),
        "epoch": exchange.epoch,
        "verdict": scored.verdict.value,
        "findings": [values.text(finding) for finding in scored.findings],
        "signals": values.dumps(scored.signals),
        "latency_s": exchange.latency_s,
        "first_token_s": exchange.first_token_s,
        "prompt_tokens": exchange.prompt_tokens,
        "output_tokens": exchange.output_tokens,
        "mean_logprob": _mean(exchange.token_logprobs),
        "finish_reason": exchange.finish_reason.value if exchange.finish_reason else None,
        "error": values.optional_text(exchange.error),
        "grade": exchange.grade,
        "caller": values.optional_text(exchange.caller),
        "tags": values.dumps(exchange.tags),
        "prompt_hash": _prompt_hash(exchange, key),
        "prompt": values.text(exchange.prompt) if keep_text else None,
        "output": values.text(exchange.output) if keep_text else None,
    }
    return tuple(row[column] for column in _COLUMNS)


def _prompt_hash(exchange: Exchange, key: bytes) -> bytes:
    """Return a hash that shows equal prompts, and that nobody without the key can try out."""
    digest = hmac.new(key, digestmod=hashlib.sha256)
    for message in exchange.messages:
        for part in (message.role, message.content):
            content = part.encode("utf-8", "surrogatepass")
            digest.update(len(content).to_bytes(8, "big") + content)
    return digest.digest()


def _mean(logprobs: Sequence[float] | None) -> float | None:
    finite = [logprob for logprob in logprobs or () if math.isfinite(logprob)]
    return math.fsum(finite) / len(finite) if finite else None


def _recorded(row: Row[Any]) -> RecordedExchange:
    return RecordedExchange(
        id=row.id,
        deployment=row.deployment,
        adapter=row.adapter,
        epoch=row.epoch,
        started_at=row.started_at,
        verdict=Verdict(row.verdict),
        findings=tuple(row.findings),
        signals=row.signals,
        latency_s=row.latency_s,
        output_tokens=row.output_tokens,
        finish_reason=row.finish_reason,
        error=row.error,
        prompt=row.prompt,
        output=row.output,
    )
