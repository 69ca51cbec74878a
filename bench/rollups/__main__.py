"""Roll up millions of answers; kill it, repeat it, come late; compare with straight SQL.

python -m bench.rollups [--rows 1000000] [--days 30] [--json]
"""

from __future__ import annotations

import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Engine

from bench import output
from bench.ingest.server import ServerCpu, database
from bench.rollups import answers, straight
from monitor.storage.database import transaction
from monitor.storage.indicators import PostgresIndicators

_AT_ONCE = 50_000
_KILLS = 3
_TURNS = 5
_LATE = 20_000
_STEADY = 10_000  # answers in five seconds at 2,000 a second
_CHILD = """
import sys; from datetime import UTC, datetime
from monitor.storage.database import open_engine; from monitor.storage.indicators import PostgresIndicators
print("ready", flush=True)
PostgresIndicators(open_engine(sys.argv[1]), at_once=int(sys.argv[2])).roll_up(datetime.now(UTC))
"""
# What must come out the same to the last bit; sums of doubles depend on the order of their parts.
_EXACT = text("""
SELECT md5(string_agg(concat_ws('|', step, bucket, adapter, slice, served, judged, faults, outliers,
                                errors, cut, graded, md5(latency), md5(first_token)),
                      ',' ORDER BY step, bucket, adapter, slice))
FROM rollups
""")
_AGAIN = text("""
INSERT INTO rollup_queue (batch, first, last, count) OVERRIDING SYSTEM VALUE
SELECT batch, date_trunc('day', started_at), date_trunc('day', started_at) + interval '1 day',
       count(*)
FROM exchanges GROUP BY 1, 2
""")


def main() -> None:
    """Measure and print."""
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    given = parser.parse_args()
    with database() as (engine, cpu_s):
        rows = _measure(engine, given.rows, answers.days(given.days), cpu_s)
        notes = [f"{sum(cpu_s().values()):.0f} s of processor in Postgres in all"]
    output.show("roll-ups", rows, notes, given.json)


def _measure(
    engine: Engine, rows: int, days: Sequence[date], cpu_s: ServerCpu
) -> list[dict[str, object]]:
    indicators = PostgresIndicators(engine, at_once=_AT_ONCE)
    table: list[dict[str, object]] = []
    since = datetime.combine(days[0], datetime.min.time(), UTC)
    until = since + timedelta(days=len(days))

    def note(what: str, figure: object, bar: str = "") -> None:
        table.append({"what": what, "figure": figure, "bar": bar})
        print(f"{what}: {figure}", file=sys.stderr, flush=True)

    start = time.perf_counter()
    for day in days:
        answers.fill(engine, day, rows // len(days), prefix="a")
    _analyse(engine)
    note("answers written, s", round(time.perf_counter() - start, 1))
    killed = sum(_killed(engine) for _ in range(_KILLS))
    start = time.perf_counter()
    added = indicators.roll_up(datetime.now(UTC))
    taken = time.perf_counter() - start
    note("kills with SIGKILL while rolling up", killed)
    note("answers rolled up afterwards", added)
    note("answers rolled up a second", round(added / taken))
    _compare(engine, indicators, since, until, note, "30 days")
    once = _digest(engine)
    note("again: nothing is added", indicators.roll_up(datetime.now(UTC)) == 0)
    note("again: every count and sketch is the same", _digest(engine) == once, "True")
    _empty(engine)
    indicators.roll_up(datetime.now(UTC))
    note("without a kill: every count and sketch is the same", _digest(engine) == once, "True")
    answers.fill(engine, days[len(days) // 2], _LATE, prefix="late")
    note("late answers added", indicators.roll_up(datetime.now(UTC)))
    _compare(engine, indicators, since, until, note, "with late answers")
    ragged = since + timedelta(days=1, hours=3, minutes=7)
    _compare(engine, indicators, ragged, until - timedelta(hours=5), note, "ragged ends")
    note("10,000 answers of five seconds, processor s", _steady(engine, indicators, days, cpu_s))
    start = time.perf_counter()
    indicators.summary(answers.DEPLOYMENT, since, until)
    note("a summary of all days, s", round(time.perf_counter() - start, 3), "at most 5")
    for name in ("rollups", "exchanges"):
        note(f"size of {name}, MB", round(_size(engine, name) / 1e6, 1))
    note("kept of minutes, rows", _count(engine))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    note("peak memory of this process, MB", round(peak))
    return table


def _compare(
    engine: Engine,
    indicators: PostgresIndicators,
    since: datetime,
    until: datetime,
    note: Callable[[str, object, str], None],
    what: str,
) -> None:
    found = straight.differences(engine, indicators, since, until)
    note(f"{what}: counts and rates, relative difference", f"{found['rates']:.1e}", "0")
    note(f"{what}: means, relative difference", f"{found['means']:.1e}", "rounding")
    note(f"{what}: quantiles, value", f"{found['value']:.2%}", "1 %")
    note(f"{what}: quantiles, rank", f"{found['rank']:.2%}", "1 %")


def _killed(engine: Engine) -> bool:
    """Begin to roll up in a process of its own, and kill it in the middle of a transaction."""
    url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    command = [sys.executable, "-c", _CHILD, url, str(_AT_ONCE)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(2.0)
    working = child.poll() is None
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    return working


def _steady(
    engine: Engine, indicators: PostgresIndicators, days: Sequence[date], cpu_s: ServerCpu
) -> float:
    """Return what five seconds at 2,000 answers a second take, here and in Postgres."""
    span = timedelta(seconds=5)
    taken = []
    for turn in range(_TURNS):
        answers.fill(engine, days[-1], _STEADY, prefix=f"steady-{turn}", span=span)
        start = time.process_time() + sum(cpu_s().values())
        indicators.roll_up(datetime.now(UTC))
        taken.append(time.process_time() + sum(cpu_s().values()) - start)
    return round(statistics.median(taken), 2)


def _empty(engine: Engine) -> None:
    with transaction(engine) as connection:
        connection.execute(text("TRUNCATE rollups, indicator_slices"))
        connection.execute(_AGAIN)


def _digest(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.execute(_EXACT).scalar_one())


def _count(engine: Engine) -> int:
    with engine.connect() as connection:
        counted = text("SELECT count(*) FROM rollups WHERE step = 'minute'")
        return int(connection.execute(counted).scalar_one())


def _size(engine: Engine, table: str) -> int:
    wanted = text(
        "SELECT sum(pg_total_relation_size(relid))::bigint FROM pg_partition_tree(:name)"
        if table == "exchanges"
        else "SELECT pg_total_relation_size(CAST(:name AS regclass))"
    )
    with engine.connect() as connection:
        return int(connection.execute(wanted, {"name": table}).scalar_one())


def _analyse(engine: Engine) -> None:
    with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        connection.execute(text("ANALYZE"))


if __name__ == "__main__":
    main()
