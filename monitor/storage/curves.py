"""The evidence curve, thinned by Postgres: what it costs does not grow with the traffic.

Each epoch is cut into slots of as many positions each. From a slot come its first point, and its
first points over either line: so no crossing is lost, and the earliest is exact. Every one of
these is one step into an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Row

from monitor.storage.schema import evidence_points

_CURVE = text("""
WITH RECURSIVE epochs (epoch) AS (
    SELECT max(epoch) FROM evidence_points WHERE deployment = :deployment
    UNION ALL
    SELECT (SELECT max(epoch) FROM evidence_points
            WHERE deployment = :deployment AND epoch < later.epoch)
    FROM epochs AS later WHERE later.epoch IS NOT NULL
), spans AS (
    SELECT epoch, least(first.position, last.position) AS first,
           greatest(first.position, last.position) AS last
    FROM epochs
    CROSS JOIN LATERAL (
        SELECT position FROM evidence_points
        WHERE deployment = :deployment AND epoch = epochs.epoch AND at >= CAST(:since AS timestamptz)
        ORDER BY at, position LIMIT 1
    ) AS first
    CROSS JOIN LATERAL (
        SELECT position FROM evidence_points
        WHERE deployment = :deployment AND epoch = epochs.epoch AND at < CAST(:until AS timestamptz)
        ORDER BY at DESC, position DESC LIMIT 1
    ) AS last
), slots AS (
    SELECT epoch, start, start + stride AS stop
    FROM spans
    CROSS JOIN LATERAL (SELECT (last - first) / CAST(:most AS bigint) + 1 AS stride) AS width
    CROSS JOIN LATERAL generate_series(first, last, stride) AS start
), picked AS (
    SELECT epoch, point.position
    FROM slots
    CROSS JOIN LATERAL (
        (SELECT position FROM evidence_points
         WHERE deployment = :deployment AND epoch = slots.epoch
           AND position >= start AND position < stop
         ORDER BY position LIMIT 1)
        UNION ALL
        (SELECT position FROM evidence_points
         WHERE deployment = :deployment AND epoch = slots.epoch
           AND position >= start AND position < stop AND evidence >= line
         ORDER BY position LIMIT 1)
        UNION ALL
        (SELECT position FROM evidence_points
         WHERE deployment = :deployment AND epoch = slots.epoch
           AND position >= start AND position < stop AND suspicion >= suspicion_line
         ORDER BY position LIMIT 1)
    ) AS point
    UNION
    SELECT epoch, last FROM spans
)
SELECT found.*
FROM picked
CROSS JOIN LATERAL (
    SELECT * FROM evidence_points
    WHERE deployment = :deployment AND epoch = picked.epoch AND position = picked.position
    LIMIT 1  -- or the planner joins with the whole table
) AS found
WHERE at >= CAST(:since AS timestamptz) AND at < CAST(:until AS timestamptz)
ORDER BY at, epoch, position
""").columns(*evidence_points.columns)
_FOR_EVER = "infinity"  # a time of Postgres', later than every other


def read(
    connection: Connection, deployment: str, since: datetime, until: datetime | None, most: int
) -> Sequence[Row[Any]]:
    """Return the rows of a curve in [since, until), oldest first.

    Args:
        most: slots of an epoch; an epoch of as many points comes whole.
    """
    wanted = {"deployment": deployment, "since": since, "until": until or _FOR_EVER, "most": most}
    return connection.execute(_CURVE, wanted).all()
