"""Made-up answers in Postgres: days of them, from five versions, without a text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from monitor.storage import rollup_queue
from monitor.storage.database import transaction
from monitor.storage.partitions import Partitions

DEPLOYMENT = "support"
ADAPTERS = 5
_BATCH = 50_000

# Latencies are lognormal (Box and Muller), and every version has its own middle.
_FILL = text("""
INSERT INTO exchanges (deployment, started_at, id, adapter, epoch, verdict, findings, signal_set,
                       signals, latency_s, first_token_s, prompt_tokens, output_tokens, mean_logprob,
                       finish_reason, error, grade, tags)
SELECT :deployment, CAST(:start AS timestamptz) + random() * CAST(:span AS interval),
       :prefix || '-' || row, 'support@00000000000' || version, version,
       CASE WHEN luck < 0.01 THEN 'fail' WHEN luck < 0.05 THEN 'warn' ELSE 'ok' END, '{}', 1,
       ARRAY[luck]::real[], exp(0.6 * normal) * (0.5 + version), 0.02 + random() / 5,
       (20 + random() * 400)::int, (5 + random() * 300)::int, -1 - random(),
       CASE WHEN luck > 0.99 THEN 'abandoned' WHEN luck > 0.97 THEN 'length' ELSE 'stop' END,
       CASE WHEN luck < 0.002 THEN 'engine away' END,
       CASE WHEN luck > 0.9 THEN (random() > 0.2)::int END,
       CASE WHEN luck < 0.3 THEN '{"slice": "de"}' ELSE '{}' END::jsonb
FROM (
    SELECT row, row % :adapters AS version, random() AS luck,
           sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()) AS normal
    FROM generate_series(1, :rows) AS row
) AS made
""")


def days(count: int) -> list[date]:
    """Return the last days before today, the oldest first."""
    today = datetime.now(UTC).date()
    return [today - timedelta(days=back) for back in range(count, 0, -1)]


def fill(
    engine: Engine, day: date, rows: int, *, prefix: str, span: timedelta = timedelta(days=1)
) -> None:
    """Write answers of a day, in batches of their own.

    Args:
        prefix: of their ids.
        span: from midnight on, in which they begin.
    """
    Partitions(engine).cover({day})
    for start in range(0, rows, _BATCH):
        with transaction(engine) as connection:
            _fill(connection, day, min(_BATCH, rows - start), f"{prefix}-{day}-{start}", span)


def _fill(connection: Connection, day: date, rows: int, prefix: str, span: timedelta) -> None:
    connection.execute(
        text("INSERT INTO signal_sets VALUES (1, '{wrong_answer}') ON CONFLICT DO NOTHING")
    )
    rollup_queue.add(connection, {day}, rows)
    wanted = {
        "deployment": DEPLOYMENT,
        "start": datetime(day.year, day.month, day.day, tzinfo=UTC),
        "prefix": prefix,
        "adapters": ADAPTERS,
        "rows": rows,
        "span": span,
    }
    connection.execute(_FILL, wanted)
