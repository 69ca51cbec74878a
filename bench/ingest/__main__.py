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
Processor time a row, of this process and of the server's, says what a quiet machine would do, and
where the time of a row goes. At last the assessment itself, and all of it together.

    make bench-ingest ARGS="--seconds 20"
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from itertools import islice

import psycopg

from bench import output
from bench.ingest import answers, server, ways
from bench.ingest.side import Side
from guards.assessment import assess
from guards.constancy import ConstantAnswers
from guards.exchange import Exchange
from guards.reference import Reference
from monitor.bootstrap import pace
from monitor.ports.record import ExchangeStore
from monitor.storage.exchanges import PostgresExchanges

_REFERENCE = 300


def main() -> None:
    """Run the benchmark and print its table."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--seconds", type=float, default=20.0, help="of pack + record, at least")
    parser.add_argument("--rows", type=int, default=4_000, help="in a batch")
    parser.add_argument("--no-peers", action="store_true", help="leave out what others do")
    asked = parser.parse_args()
    pace.of_scoring()
    exchanges = list(islice(answers.exchanges(), asked.rows))
    reference = Reference.fit(exchanges[:_REFERENCE], seed=0)
    templates, assess_s = answers.assessed(exchanges, reference)
    with (
        server.database() as (engine, server_cpu),
        psycopg.connect(server.plain_url(engine)) as connection,
    ):
        store = PostgresExchanges(engine)
        ours = ways.Ours(store=store, templates=templates)
        sides = [*ours.sides(), *ways.copies(ours, engine, connection)]
        if not asked.no_peers:
            sides += ways.peers(engine, connection, asked.rows)
        _play(sides, server_cpu, asked.seconds)
        whole = _end_to_end(exchanges, reference, store)
    notes = [
        *_notes(sides, ours.pack_us),
        f"assess: {1e6 * assess_s:,.0f} µs an answer; with it, one thread: {whole:,.0f} answers/s",
        f"{os.cpu_count()} cores; load over the last minute {os.getloadavg()[0]:.1f}",
        f"texts: {'real, ' + answers.SHARED.name if answers.SHARED.is_dir() else 'generated'}",
    ]
    output.show("Ingest to Postgres, fsync on", _rows(sides), notes, asked.json)


def _play(sides: Sequence[Side], server_cpu: server.ServerCpu, seconds: float) -> None:
    """Run rounds of the sides in turns, until the first has had its seconds."""
    for side in sides:  # the first round makes partitions and plans
        side.play(server_cpu)
        side.forget()
    while sum(sides[0].took_s) < seconds:
        for side in sides:
            side.play(server_cpu)


def _end_to_end(exchanges: Sequence[Exchange], reference: Reference, store: ExchangeStore) -> float:
    """Return answers a second through assessment, packing and recording."""
    began = time.perf_counter()
    for start in range(0, len(exchanges), 500):
        found = assess(exchanges[start : start + 500], reference, ConstantAnswers())
        store.record(store.pack(answers.batch(found), keep_text=False))
    return len(exchanges) / (time.perf_counter() - began)


def _rows(sides: Sequence[Side]) -> list[dict[str, object]]:
    rates = {side.name: side.rate for side in sides}
    return [
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


def _notes(sides: Sequence[Side], pack_us: float) -> list[str]:
    named = {side.name: side for side in sides}
    ours, copied, limit = named["pack + record"], named["bare COPY"], named["limit"]
    client, served = ours.per_row_us(ours.client_s), ours.per_row_us(ours.server_s)
    return [
        f"bar: pack + record at least 50,000 rows/s, sustained; {ours.rate:,.0f} over "
        f"{sum(ours.took_s):.0f} s, {ours.rate / copied.rate:.2f} of bare COPY",
        f"the physical limit here is COPY without an index, {limit.rate:,.0f} rows/s: "
        f"{limit.rate / ours.rate:.2f} times as fast",
        f"processor time of a row: pack {pack_us:.1f} µs, sending it {client - pack_us:.1f}, "
        f"Postgres {served:.1f}; a core each for client and server, never waiting, would do "
        f"{1e6 / max(client, served):,.0f} rows/s at most",
    ]


if __name__ == "__main__":
    main()
