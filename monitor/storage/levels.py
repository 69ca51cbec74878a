"""Indicators that are read and not added up: evidence, golden runs, rollbacks, Backstop itself.

Each step keeps the latest value beside the least and the most.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.engine import Connection, Row

from monitor.ports.indicators import Reading
from monitor.storage.schema import levels
from rollback.indicators.steps import Step

_ADD = """
ON CONFLICT (step, deployment, bucket, adapter, name) DO UPDATE SET
    latest = CASE WHEN excluded.at >= levels.at THEN excluded.latest ELSE levels.latest END,
    at = greatest(levels.at, excluded.at),
    least = least(levels.least, excluded.least),
    most = greatest(levels.most, excluded.most),
    count = levels.count + excluded.count
"""
_REPLACE = """
ON CONFLICT (step, deployment, bucket, adapter, name) DO UPDATE SET
    latest = excluded.latest, at = excluded.at, least = excluded.least, most = excluded.most,
    count = excluded.count
"""
_INTO = (
    "INSERT INTO levels (step, deployment, bucket, adapter, name, latest, at, least, most, count)"
)
_EACH_STEP = "CROSS JOIN (VALUES ('minute'), ('hour'), ('day')) AS every (step)"

# The last point is read once more: a golden run between two answers has it written anew.
_EVIDENCE = text(f"""
WITH points AS (
    SELECT point.*, coalesce(point.adapter, '') AS version,
           (point.epoch, point.position) > (was.epoch, was.position) IS NOT FALSE AS new
    FROM deployments
    LEFT JOIN rollup_positions AS was ON was.deployment = deployments.name
    CROSS JOIN LATERAL (
        SELECT * FROM evidence_points
        WHERE deployment = deployments.name
          AND epoch = was.epoch AND position >= was.position
        UNION ALL
        SELECT * FROM evidence_points
        WHERE deployment = deployments.name AND epoch > coalesce(was.epoch, -1)
    ) AS point
), numbers AS (
    SELECT step, deployment, date_trunc(step, at) AS bucket, version, name,
           (array_agg(value ORDER BY epoch DESC, position DESC))[1], max(at), min(value),
           max(value), count(*) FILTER (WHERE new)
    FROM points {_EACH_STEP}
    CROSS JOIN LATERAL (VALUES
        ('evidence', evidence), ('suspicion', suspicion), ('traffic', traffic),
        ('judged_answers', position::double precision)
    ) AS number (name, value)
    GROUP BY step, deployment, bucket, version, name
), stored AS (
    {_INTO} SELECT * FROM numbers {_ADD}
)
INSERT INTO rollup_positions
SELECT DISTINCT ON (deployment) deployment, epoch, position FROM points
ORDER BY deployment, epoch DESC, position DESC
ON CONFLICT (deployment) DO UPDATE SET epoch = excluded.epoch, position = excluded.position
""")

# Rows are few and change until they are finished: the last two days are made anew each time.
_GOLDEN = text(f"""
WITH since AS (
    SELECT coalesce(date_trunc('day', max(at)) - interval '1 day', '-infinity') AS moment
    FROM levels WHERE step = 'day' AND name = 'golden_mean'
)
{_INTO}
SELECT step, deployment, date_trunc(step, finished_at), coalesce(subject, ''), name,
       (array_agg(value ORDER BY finished_at DESC))[1], max(finished_at), min(value), max(value),
       count(*)
FROM golden_runs CROSS JOIN since {_EACH_STEP}
CROSS JOIN LATERAL (VALUES
    ('golden_mean',
     coalesce(summary -> 'subject_mean', summary -> 'mean')::double precision),
    ('golden_regression_rate', (summary -> 'regressions' -> 'rate')::double precision)
) AS number (name, value)
WHERE finished_at >= since.moment AND value IS NOT NULL
GROUP BY 1, 2, 3, 4, 5 {_REPLACE}
""")
_INCIDENTS = text(f"""
WITH since AS (
    SELECT coalesce(date_trunc('day', max(at)) - interval '1 day', '-infinity') AS moment
    FROM levels WHERE step = 'day' AND name IN ('exposure', 'rollback_s')
)
{_INTO}
SELECT step, deployment, date_trunc(step, flipped_at), coalesce(from_version, ''), name,
       (array_agg(value ORDER BY flipped_at DESC))[1], max(flipped_at), min(value), max(value),
       count(*)
FROM incidents CROSS JOIN since {_EACH_STEP}
CROSS JOIN LATERAL (VALUES
    ('exposure', exposure::double precision),
    ('rollback_s', extract(epoch FROM converged_at - decided_at)::double precision)
) AS number (name, value)
WHERE flipped_at >= since.moment AND value IS NOT NULL
GROUP BY 1, 2, 3, 4, 5 {_REPLACE}
""")
_READING = text(f"""
{_INTO}
SELECT step, '', date_trunc(step, at), :process, :name, value, at, value, value, 1
FROM (SELECT CAST(:at AS timestamptz) AS at, CAST(:value AS double precision) AS value) AS reading
{_EACH_STEP} {_ADD}
""")


def add(connection: Connection, now: datetime, readings: Sequence[Reading]) -> None:
    """Bring every level up to date, and add the readings of now."""
    for source in (_EVIDENCE, _GOLDEN, _INCIDENTS):
        connection.execute(source)
    if readings:
        told = [
            {"process": each.process, "name": each.name, "value": each.value, "at": now}
            for each in readings
        ]
        connection.execute(_READING, told)


def read(
    connection: Connection,
    deployment: str,
    step: Step,
    since: datetime,
    until: datetime,
    *,
    name: str | None = None,
) -> Sequence[Row[Any]]:
    """Return the levels of buckets that begin in [since, until), oldest first.

    Args:
        name: only this one; `None` is every one.
    """
    wanted = (
        select(levels)
        .where(levels.c.step == step.value, levels.c.deployment == deployment)
        .where(levels.c.bucket >= since, levels.c.bucket < until)
        .order_by(levels.c.bucket, levels.c.adapter, levels.c.name)
    )
    if name is not None:
        wanted = wanted.where(levels.c.name == name)
    return connection.execute(wanted).all()
