"""Health numbers per adapter and minute, computed by Postgres from the record of answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.engine import Engine

from monitor.ports.indicators import Indicator, IndicatorStore
from monitor.storage import values
from monitor.storage.database import transaction
from monitor.storage.schema import indicators

# Answers that their caller left are incomplete: they count as served and say nothing about the
# adapter. A rate without an answer behind it, or a mean of unknown values, is no row, never 0.
_ROLL_UP = text("""
WITH answers AS (
    SELECT *, coalesce(adapter, '') AS version, date_trunc('minute', started_at) AS minute,
           finish_reason IS DISTINCT FROM 'abandoned' AS complete
    FROM exchanges
    LEFT JOIN LATERAL (
        SELECT nullif(signals[array_position(names, 'wrong_answer')], 'NaN') AS likely_wrong
        FROM signal_sets WHERE signal_sets.id = exchanges.signal_set
    ) AS told ON true
    WHERE started_at >= date_trunc('minute', CAST(:since AS timestamptz))
      AND started_at < date_bin('1 minute', CAST(:until AS timestamptz)
                                + interval '1 minute' - interval '1 microsecond', 'epoch')
), minutes AS (
    SELECT deployment, version, minute,
           count(*) AS served,
           count(*) FILTER (WHERE complete) AS judged,
           count(*) FILTER (WHERE complete AND verdict = 'fail') AS faults,
           count(*) FILTER (WHERE complete AND verdict = 'warn') AS outliers,
           count(*) FILTER (WHERE complete
                              AND (error IS NOT NULL OR finish_reason = 'error')) AS errors,
           count(*) FILTER (WHERE complete AND finish_reason = 'length') AS cut,
           percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY latency_s)
               FILTER (WHERE complete) AS latency,
           count(latency_s) FILTER (WHERE complete) AS timed,
           percentile_cont(0.95) WITHIN GROUP (ORDER BY first_token_s) AS first_token,
           count(first_token_s) AS first_tokens,
           avg(output_tokens) FILTER (WHERE complete) AS tokens,
           count(output_tokens) FILTER (WHERE complete) AS counted,
           sum(output_tokens) FILTER (WHERE latency_s > 0)
               / nullif(sum(latency_s) FILTER (WHERE output_tokens IS NOT NULL), 0) AS speed,
           avg(mean_logprob) FILTER (WHERE complete) AS logprob,
           count(mean_logprob) FILTER (WHERE complete) AS with_logprob,
           avg(likely_wrong) FILTER (WHERE complete) AS likely_wrong,
           count(likely_wrong) FILTER (WHERE complete) AS with_likely_wrong,
           avg(grade) AS grade,
           count(grade) AS graded
    FROM answers
    GROUP BY deployment, version, minute
)
INSERT INTO indicators (deployment, bucket, adapter, name, value, count)
SELECT deployment, minute, version, number.name, number.value, number.count
FROM minutes CROSS JOIN LATERAL (VALUES
    ('exchanges', served::double precision, served),
    ('abandoned_rate', (served - judged)::double precision / served, served),
    ('fault_rate', faults::double precision / nullif(judged, 0), judged),
    ('outlier_rate', outliers::double precision / nullif(judged, 0), judged),
    ('error_rate', errors::double precision / nullif(judged, 0), judged),
    ('cut_rate', cut::double precision / nullif(judged, 0), judged),
    ('latency_p50_s', latency[1], timed),
    ('latency_p95_s', latency[2], timed),
    ('first_token_p95_s', first_token, first_tokens),
    ('output_tokens_mean', tokens::double precision, counted),
    ('tokens_per_s', speed, counted),
    ('mean_logprob', logprob, with_logprob),
    ('wrong_answer_mean', likely_wrong, with_likely_wrong),
    ('grade_mean', grade, graded)
) AS number (name, value, count)
WHERE number.value IS NOT NULL
ON CONFLICT (deployment, bucket, adapter, name)
DO UPDATE SET value = excluded.value, count = excluded.count
""")


class PostgresIndicators(IndicatorStore):
    """`ports.IndicatorStore` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def roll_up(self, since: datetime, until: datetime) -> int:
        """Recompute the indicators of the minutes that [since, until) touches; idempotent."""
        with transaction(self._engine) as connection:
            return connection.execute(_ROLL_UP, {"since": since, "until": until}).rowcount

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        """Return the indicators of all adapters of a deployment, oldest first."""
        numbers = indicators.c
        stored = (
            select(indicators)
            .where(numbers.deployment == deployment)
            .where(numbers.bucket >= since, numbers.bucket < until)
            .order_by(numbers.bucket, numbers.adapter, numbers.name)
        )
        with transaction(self._engine) as connection:
            return [
                Indicator(**{**row._mapping, "adapter": values.version(row.adapter)})
                for row in connection.execute(stored)
            ]
