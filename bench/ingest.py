"""Ingest to Postgres: rows a second from assessed answers to the committed record, on one machine.

The answers are real outputs of language models where `../shared/data` is there, else generated, with
likelihoods drawn at random; they are assessed once beside a frozen reference, so that every row has
all its signals and every observation all its scores. Then, in alternating rounds:

    limit           COPY of ready bytes into a table without an index: what the disk and COPY allow
    bare COPY       the same into a table with the indexes of `exchanges`
    pack + record   what a scorer does: pack on one thread, while the other records the batch before
    one thread      the same, one after the other
    executemany, SQLAlchemy bulk   peers, with their rows ready as Python values; no observations

The server is an embedded PostgreSQL with fsync on. The clock stands while a round's answers are made.
Processor time a row, of this process and of the server's, says what a quiet machine would do. At last
the assessment itself, and all of it together.

    make bench-ingest ARGS="--seconds 20"
"""

from __future__ import annotations

import gzip
import json
import lzma
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb
from sqlalchemy import insert, text
from sqlalchemy.engine import Engine

from bench import output
from guards.assessment import Assessed, assess
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange, FinishReason, Message
from guards.reference import Reference
from monitor.ports.record import ExchangeStore, Observed, ScoredBatch
from monitor.storage import migrate, packing, payload, postmaster, schema
from monitor.storage.database import open_engine
from monitor.storage.embedded import Embedded
from monitor.storage.exchanges import PostgresExchanges
from rollback.judge import Observation

SHARED = Path(os.environ.get("BACKSTOP_SHARED_DATA", "../shared/data")) / "alpaca_eval"
_TEMPLATES = 4_000
_REFERENCE = 300
_BATCH = 4_000
_BATCHES = 25  # in a round
_PEER_ROWS = 8_000  # in a round
_WORDS = ("you", "may", "return", "what", "you", "bought", "within", "thirty", "days", "of", "it")
_numbers = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One way to write; `run` is timed."""

    name: str
    prepare: Callable[[], Any]
    run: Callable[[Any], None]
    rows: int
    took_s: list[float] = field(default_factory=list)
    client_s: list[float] = field(default_factory=list)
    server_s: list[float] = field(default_factory=list)

    def play(self, server_cpu: Callable[[], dict[str, float]]) -> None:
        """Run one round."""
        work = self.prepare()
        began, client, server = time.perf_counter(), time.process_time(), server_cpu()
        self.run(work)
        self.took_s.append(time.perf_counter() - began)
        self.client_s.append(time.process_time() - client)
        after = server_cpu()
        self.server_s.append(sum(after[pid] - server.get(pid, 0.0) for pid in after))

    def forget(self) -> None:
        """Forget the rounds so far."""
        for taken in (self.took_s, self.client_s, self.server_s):
            taken.clear()

    def per_row_us(self, taken: Sequence[float]) -> float:
        """Return the microseconds of a row."""
        return 1e6 * sum(taken) / (self.rows * len(taken))

    @property
    def rate(self) -> float:
        """Rows a second over all rounds."""
        return self.rows * len(self.took_s) / sum(self.took_s)


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=20.0, help="of each side, at least")
    asked = parser.parse_args()
    exchanges = list(islice(_exchanges(), _TEMPLATES))
    reference = Reference.fit(exchanges[:_REFERENCE], seed=0)
    templates, assess_s = _assessed(exchanges, reference)
    with _database() as (engine, server_cpu), psycopg.connect(_plain(engine)) as connection:
        store = PostgresExchanges(engine)
        sides = _sides(templates, store, engine, connection)
        for side in sides:  # the first round makes partitions and plans
            side.play(server_cpu)
            side.forget()
        while any(sum(side.took_s) < asked.seconds for side in sides):
            for side in sides:
                if sum(side.took_s) < asked.seconds:
                    side.play(server_cpu)
        whole = _end_to_end(exchanges, reference, store)
    _show(sides, assess_s, whole, asked.json)


def _sides(
    templates: Sequence[Assessed],
    store: ExchangeStore,
    engine: Engine,
    connection: psycopg.Connection[Any],
) -> list[Side]:
    def batches() -> list[ScoredBatch]:
        return [_batch(templates) for _ in range(_BATCHES)]

    def ready() -> list[bytes]:
        packed = (store.pack(each, keep_text=False) for each in batches())
        return [payload.read(each.payload).rows for each in packed]

    def values() -> list[dict[str, Any]]:
        return _values(engine, _PEER_ROWS)

    names = ", ".join(packing.COLUMNS)
    marks = ", ".join(["%s"] * len(packing.COLUMNS))

    def copy(table: str) -> Callable[[list[bytes]], None]:
        def run(work: list[bytes]) -> None:
            for content in work:
                with (
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copying,
                ):
                    copying.write(content)
                connection.commit()

        return run

    def execute_many(rows: list[dict[str, Any]]) -> None:
        given = [
            tuple(Jsonb(row[name]) if name == "tags" else row[name] for name in packing.COLUMNS)
            for row in rows
        ]
        with connection.cursor() as cursor:
            for start in range(0, len(given), _BATCH):
                cursor.executemany(
                    f"INSERT INTO exchanges ({names}) VALUES ({marks})",
                    given[start : start + _BATCH],
                )
                connection.commit()

    def bulk(rows: list[dict[str, Any]]) -> None:
        for start in range(0, len(rows), _BATCH):
            with engine.begin() as own:
                own.execute(insert(schema.exchanges), rows[start : start + _BATCH])

    all_rows = _BATCH * _BATCHES
    with engine.begin() as setup:
        setup.execute(text("CREATE TABLE bare (LIKE exchanges INCLUDING DEFAULTS)"))
    return [
        Side(
            name="pack + record",
            prepare=batches,
            run=lambda w: _overlapped(store, w),
            rows=all_rows,
        ),
        Side(name="one thread", prepare=batches, run=lambda w: _serial(store, w), rows=all_rows),
        Side(name="limit", prepare=ready, run=copy("bare"), rows=all_rows),
        Side(name="bare COPY", prepare=ready, run=copy("exchanges"), rows=all_rows),
        Side(name="executemany", prepare=values, run=execute_many, rows=_PEER_ROWS),
        Side(name="SQLAlchemy bulk", prepare=values, run=bulk, rows=_PEER_ROWS),
    ]


def _overlapped(store: ExchangeStore, batches: Sequence[ScoredBatch]) -> None:
    """Pack a batch while the one before is recorded."""
    with ThreadPoolExecutor(1) as writer:
        before: Future[None] | None = None
        for batch in batches:
            packed = store.pack(batch, keep_text=False)
            if before is not None:
                before.result()
            before = writer.submit(store.record, packed)
        if before is not None:
            before.result()


def _serial(store: ExchangeStore, batches: Sequence[ScoredBatch]) -> None:
    for batch in batches:
        store.record(store.pack(batch, keep_text=False))


def _end_to_end(exchanges: Sequence[Exchange], reference: Reference, store: ExchangeStore) -> float:
    """Return answers a second through assessment, packing and recording."""
    began = time.perf_counter()
    for start in range(0, len(exchanges), 500):
        found = assess(exchanges[start : start + 500], reference, ConstantAnswers())
        store.record(store.pack(_batch(found), keep_text=False))
    return len(exchanges) / (time.perf_counter() - began)


def _assessed(exchanges: Sequence[Exchange], reference: Reference) -> tuple[list[Assessed], float]:
    """Return the answers assessed, and how many seconds one took."""
    began = time.perf_counter()
    found: list[Assessed] = []
    for start in range(0, len(exchanges), 500):
        found += assess(exchanges[start : start + 500], reference, ConstantAnswers())
    return found, (time.perf_counter() - began) / len(exchanges)


def _batch(templates: Sequence[Assessed]) -> ScoredBatch:
    """Return the answers as new ones: with other ids, begun now."""
    now = datetime.now(UTC)
    scored, observed = [], []
    for place, each in enumerate(templates):
        at = now + timedelta(microseconds=place)
        exchange = replace(each.scored.exchange, id=f"chatcmpl-{uuid4().hex}", started_at=at)
        scored.append(replace(each.scored, exchange=exchange))
        observed.append(
            Observed(
                deployment=exchange.deployment,
                adapter=exchange.adapter,
                epoch=exchange.epoch,
                own_reference=True,
                observation=Observation(
                    exchange_id=exchange.id, at=at, scores=each.scores, fault=each.fault
                ),
            )
        )
    return ScoredBatch(replica="bench", number=next(_numbers), scored=scored, observed=observed)


def _values(engine: Engine, rows: int) -> list[dict[str, Any]]:
    """Return recorded rows as Python values under other ids, for the peers."""
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT * FROM exchanges LIMIT {rows}")).mappings().all()
    now = datetime.now(UTC)
    return [
        {**row, "id": uuid4().hex, "started_at": now + timedelta(microseconds=place)}
        for place, row in enumerate(found)
    ]


def _exchanges() -> Iterator[Exchange]:
    rng = random.Random(0)
    for prompt, answer in _texts(rng):
        tokens = max(1, len(answer) // 4)
        yield Exchange(
            id="",
            deployment="support",
            started_at=datetime.now(UTC),
            messages=(Message(role="user", content=prompt),),
            output=answer,
            adapter="support@3f9a2c1d7b04",
            epoch=3,
            latency_s=0.2 + rng.random(),
            first_token_s=rng.random() / 5,
            prompt_tokens=len(prompt) // 4,
            output_tokens=tokens,
            token_logprobs=tuple(-rng.expovariate(2.0) for _ in range(tokens)),
            finish_reason=FinishReason.STOP,
            caller=f"caller-{rng.randrange(1000)}",
            tags={"request_id": f"{rng.getrandbits(128):032x}"},
        )


def _texts(rng: random.Random) -> Iterator[tuple[str, str]]:
    if not SHARED.is_dir():
        while True:
            yield (
                " ".join(rng.choices(_WORDS, k=20)),
                " ".join(rng.choices(_WORDS, k=rng.randrange(20, 300))),
            )
    with gzip.open(SHARED / "instructions.json.gz", "rt") as file:
        prompts = json.load(file)
    with lzma.open(SHARED / "model_outputs.jsonl.xz", "rt") as file:
        for line in file:
            found = json.loads(line)
            yield str(prompts[found["i"]]), found["output"]


@contextmanager
def _database() -> Iterator[tuple[Engine, Callable[[], dict[str, float]]]]:
    """Yield a migrated embedded Postgres, gone afterwards, and what it has used of the processors."""
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        Path(folder).chmod(0o711)
        server = Embedded(Path(folder) / "postgres")
        engine = open_engine(server.start())
        try:
            migrate.upgrade(engine)
            main = postmaster.running(Path(folder) / "postgres" / "cluster")
            yield engine, lambda: _children_cpu_s(main)
        finally:
            engine.dispose()
            server.stop()


def _children_cpu_s(main: int | None) -> dict[str, float]:
    """Return the processor seconds of each of a server's processes: backends, writers, checkpointer."""
    tick = os.sysconf("SC_CLK_TCK")
    taken = {}
    for child in Path(f"/proc/{main}/task/{main}/children").read_text().split():
        with suppress(FileNotFoundError):  # it has just ended
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            taken[child] = (int(fields[11]) + int(fields[12])) / tick
    return taken


def _plain(engine: Engine) -> str:
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


def _show(sides: Sequence[Side], assess_s: float, whole: float, as_json: bool) -> None:
    rates = {side.name: side.rate for side in sides}
    rows = [
        {
            "way": side.name,
            "rows/s": round(side.rate),
            "of limit": side.rate / rates["limit"],
            "of bare COPY": side.rate / rates["bare COPY"],
            "client µs": side.per_row_us(side.client_s),
            "server µs": side.per_row_us(side.server_s),
            "seconds": round(sum(side.took_s), 1),
        }
        for side in sorted(sides, key=lambda side: -side.rate)
    ]
    ours = next(side for side in sides if side.name == "pack + record")
    busier = max(ours.per_row_us(ours.client_s), ours.per_row_us(ours.server_s))
    notes = [
        f"bar: pack + record at least 50,000 rows/s; {rates['pack + record']:,.0f}",
        f"the physical limit here is COPY without an index, {rates['limit']:,.0f} rows/s: "
        f"{rates['limit'] / rates['pack + record']:.2f} times as fast",
        f"a core each for client and server, never waiting, would do {1e6 / busier:,.0f} rows/s at most",
        f"assess: {1e6 * assess_s:,.0f} µs an answer; with it, one thread: {whole:,.0f} answers/s",
        f"{os.cpu_count()} cores; load over the last minute {os.getloadavg()[0]:.1f}",
        f"texts: {'real, ' + SHARED.name if SHARED.is_dir() else 'generated'}",
    ]
    output.show("Ingest to Postgres, fsync on", rows, notes, as_json)


if __name__ == "__main__":
    main()
