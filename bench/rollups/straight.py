"""The same figures from the rows themselves, and how far roll-ups are from them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine

from bench.rollups.answers import DEPLOYMENT
from monitor.ports.indicators import IndicatorStore, Summary
from monitor.storage import values

SHARES: Mapping[str, float] = {"latency_p50_s": 0.5, "latency_p95_s": 0.95, "latency_p99_s": 0.99}
COUNTS = ("exchanges", "abandoned_rate", "fault_rate", "outlier_rate", "error_rate", "cut_rate")
MEANS = ("latency_mean_s", "output_tokens_mean", "mean_logprob", "grade_mean", "wrong_answer_mean")

_STRAIGHT = text("""
WITH answers AS (
    SELECT *, finish_reason IS DISTINCT FROM 'abandoned' AS complete FROM exchanges
    WHERE deployment = :deployment AND started_at >= :since AND started_at < :until
)
SELECT adapter, count(*) AS exchanges,
       avg((NOT complete)::int) AS abandoned_rate,
       avg((verdict = 'fail')::int) FILTER (WHERE complete) AS fault_rate,
       avg((verdict = 'warn')::int) FILTER (WHERE complete) AS outlier_rate,
       avg((error IS NOT NULL OR finish_reason = 'error')::int) FILTER (WHERE complete)
           AS error_rate,
       avg((finish_reason = 'length')::int) FILTER (WHERE complete) AS cut_rate,
       avg(latency_s) FILTER (WHERE complete) AS latency_mean_s,
       avg(output_tokens) FILTER (WHERE complete) AS output_tokens_mean,
       avg(mean_logprob) FILTER (WHERE complete) AS mean_logprob,
       avg(grade) AS grade_mean,
       avg(signals[1]::double precision) FILTER (WHERE complete) AS wrong_answer_mean,
       percentile_cont(CAST(:shares AS double precision[])) WITHIN GROUP (ORDER BY latency_s)
           FILTER (WHERE complete) AS latency
FROM answers GROUP BY adapter ORDER BY adapter
""")
_RANK = text("""
SELECT avg((latency_s <= :value)::int) FROM exchanges
WHERE deployment = :deployment AND adapter = :adapter
  AND started_at >= :since AND started_at < :until
  AND finish_reason IS DISTINCT FROM 'abandoned'
""")


def differences(
    engine: Engine, indicators: IndicatorStore, since: datetime, until: datetime
) -> dict[str, float]:
    """Return the largest differences of any version: of counts and rates, means, and quantiles.

    Those of means and values are by the true ones, ranks are shares of the answers.
    """
    span = {"deployment": DEPLOYMENT, "since": since, "until": until}
    found = {
        each.adapter: each
        for each in indicators.summary(DEPLOYMENT, since, until)
        if each.slice is None
    }
    worst = {"rates": 0.0, "means": 0.0, "value": 0.0, "rank": 0.0}
    with engine.connect() as connection:
        rows = connection.execute(_STRAIGHT, {**span, "shares": list(SHARES.values())}).all()
        if {values.version(row.adapter) for row in rows} != found.keys():
            raise SystemExit("the roll-ups have other versions than the rows")
        for row in rows:
            summary = found[values.version(row.adapter)]
            told = _numbers(summary)
            for name in COUNTS:
                worst["rates"] = max(worst["rates"], _off(told[name], getattr(row, name)))
            for name in MEANS:
                worst["means"] = max(worst["means"], _off(told[name], getattr(row, name)))
            for (name, share), true in zip(SHARES.items(), row.latency, strict=True):
                worst["value"] = max(worst["value"], _off(told[name], true))
                asked = {**span, "adapter": row.adapter, "value": told[name]}
                rank = float(connection.execute(_RANK, asked).scalar_one())
                worst["rank"] = max(worst["rank"], abs(rank - share))
    return worst


def _numbers(summary: Summary) -> dict[str, float]:
    return {name: each.value for name, each in summary.measured.items()}


def _off(told: float, true: Any) -> float:
    return abs(told - float(true)) / (abs(float(true)) or 1.0)
