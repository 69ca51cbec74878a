"""The ways to write that are compared."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import insert, text
from sqlalchemy.engine import Engine

from bench.ingest import answers
from bench.ingest.side import Side
from guards.assessment import Assessed
from monitor.ports.record import ExchangeStore, ScoredBatch
from monitor.storage import packing, payload, schema

_BATCHES = 25  # in a round
_PEER_ROWS = 8_000  # in a round
_NAMES = ", ".join(packing.COLUMNS)
_MARKS = ", ".join(["%s"] * len(packing.COLUMNS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What a scorer does with assessed answers; `pack_s` gets what packing takes of a processor."""

    store: ExchangeStore
    templates: Sequence[Assessed]
    pack_s: list[float] = field(default_factory=list)

    def sides(self) -> list[Side]:
        """Return our ways."""
        rows = len(self.templates) * _BATCHES
        return [
            Side(name="pack + record", prepare=self._batches, run=self._overlapped, rows=rows),
            Side(name="one thread", prepare=self._batches, run=self._serial, rows=rows),
        ]

    def ready(self) -> list[bytes]:
        """Return batches as COPY takes them."""
        packed = (self.store.pack(each, keep_text=False) for each in self._batches())
        return [payload.read(each.payload).rows for each in packed]

    @property
    def pack_us(self) -> float:
        """Return the microseconds of a row."""
        return 1e6 * sum(self.pack_s) / (len(self.pack_s) * len(self.templates))

    def _batches(self) -> list[ScoredBatch]:
        return [answers.batch(self.templates) for _ in range(_BATCHES)]

    def _overlapped(self, batches: Sequence[ScoredBatch]) -> None:
        """Pack a batch while the one before is recorded."""
        with ThreadPoolExecutor(1) as writer:
            before: Future[None] | None = None
            for batch in batches:
                began = time.thread_time()
                packed = self.store.pack(batch, keep_text=False)
                self.pack_s.append(time.thread_time() - began)
                if before is not None:
                    before.result()
                before = writer.submit(self.store.record, packed)
            if before is not None:
                before.result()

    def _serial(self, batches: Sequence[ScoredBatch]) -> None:
        for batch in batches:
            self.store.record(self.store.pack(batch, keep_text=False))


def copies(ours: Ours, engine: Engine, connection: psycopg.Connection[Any]) -> list[Side]:
    """Return COPY of ready bytes, without an index and with those of `exchanges`."""
    with engine.begin() as setup:
        setup.execute(text("CREATE TABLE bare (LIKE exchanges INCLUDING DEFAULTS)"))
    rows = len(ours.templates) * _BATCHES

    def side(name: str, table: str) -> Side:
        run = _copy(connection, table)
        return Side(name=name, prepare=ours.ready, run=run, rows=rows)

    return [side("limit", "bare"), side("bare COPY", "exchanges")]


def peers(engine: Engine, connection: psycopg.Connection[Any], size: int) -> list[Side]:
    """Return what others do with their rows ready as Python values, in batches of this size."""

    def values() -> list[dict[str, Any]]:
        return _values(engine)

    def execute_many(rows: list[dict[str, Any]]) -> None:
        _execute_many(connection, rows, size)

    def bulk(rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), size):
            with engine.begin() as own:
                own.execute(insert(schema.exchanges), rows[start : start + size])

    return [
        Side(name="executemany", prepare=values, run=execute_many, rows=_PEER_ROWS),
        Side(name="SQLAlchemy bulk", prepare=values, run=bulk, rows=_PEER_ROWS),
    ]


def _copy(connection: psycopg.Connection[Any], table: str) -> Callable[[list[bytes]], None]:
    statement = f"COPY {table} ({_NAMES}) FROM STDIN (FORMAT BINARY)"

    def run(work: list[bytes]) -> None:
        for content in work:
            with connection.cursor() as cursor, cursor.copy(statement) as copying:
                copying.write(content)
            connection.commit()

    return run


def _execute_many(
    connection: psycopg.Connection[Any], rows: list[dict[str, Any]], size: int
) -> None:
    given = [
        tuple(Jsonb(row[name]) if name == "tags" else row[name] for name in packing.COLUMNS)
        for row in rows
    ]
    statement = f"INSERT INTO exchanges ({_NAMES}) VALUES ({_MARKS})"
    with connection.cursor() as cursor:
        for start in range(0, len(given), size):
            cursor.executemany(statement, given[start : start + size])
            connection.commit()


def _values(engine: Engine) -> list[dict[str, Any]]:
    """Return recorded rows as Python values under other ids, for the peers."""
    with engine.connect() as connection:
        found = (
            connection.execute(text(f"SELECT * FROM exchanges LIMIT {_PEER_ROWS}")).mappings().all()
        )
    now = datetime.now(UTC)
    return [
        {**row, "id": uuid4().hex, "started_at": now + timedelta(microseconds=place)}
        for place, row in enumerate(found)
    ]
