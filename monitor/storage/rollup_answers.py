"""The answers of some batches, summed up by adapter, slice and minute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from sqlalchemy.engine import Connection, Row

from guards import quantiles
from monitor.storage.copying import driver
from rollback.indicators.totals import NUMBERS, Totals

_ELEMENT = np.dtype([("length", ">i4"), ("value", ">f8")])
_ARRAY_HEAD = 20  # bytes: dimensions, whether there are NULLs, type, size, lower bound
_DOUBLES = 1022  # the type float8[]
_LONGEST_SLICE = 64
_NOTHING = np.empty(0)

# A rate without an answer behind it, or a mean of unknown values, is no number, never 0: so each sum
# has its own count beside it.
_SUM_UP = f"""
WITH sets AS MATERIALIZED (
    SELECT id, array_position(names, 'wrong_answer') AS wrong_answer,
           array_position(names, 'cost') AS cost
    FROM signal_sets
), answers AS (
    SELECT deployment, coalesce(adapter, '') AS adapter, verdict, error, finish_reason,
           left(coalesce(tags ->> 'slice', ''), {_LONGEST_SLICE}) AS slice,
           date_trunc('minute', started_at) AS bucket,
           finish_reason IS DISTINCT FROM 'abandoned' AS complete,
           nullif(latency_s, 'NaN') AS latency_s, nullif(first_token_s, 'NaN') AS first_token_s,
           prompt_tokens, output_tokens, nullif(mean_logprob, 'NaN') AS mean_logprob,
           nullif(signals[sets.wrong_answer], 'NaN')::double precision AS likely_wrong,
           nullif(signals[sets.cost], 'NaN')::double precision AS cost,
           nullif(grade, 'NaN') AS grade
    FROM exchanges LEFT JOIN sets ON sets.id = exchanges.signal_set
    WHERE batch = ANY(%(batches)s) AND started_at >= %(first)s AND started_at < %(last)s
)
SELECT deployment, bucket, adapter, slice,
       count(*) AS served,
       count(*) FILTER (WHERE complete) AS judged,
       count(*) FILTER (WHERE complete AND verdict = 'fail') AS faults,
       count(*) FILTER (WHERE complete AND verdict = 'warn') AS outliers,
       count(*) FILTER (WHERE complete
                          AND (error IS NOT NULL OR finish_reason = 'error')) AS errors,
       count(*) FILTER (WHERE complete AND finish_reason = 'length') AS cut,
       count(latency_s) FILTER (WHERE complete) AS timed,
       count(prompt_tokens) FILTER (WHERE complete) AS prompts_counted,
       count(output_tokens) FILTER (WHERE complete) AS counted,
       count(mean_logprob) FILTER (WHERE complete) AS with_logprob,
       count(likely_wrong) FILTER (WHERE complete) AS with_likely_wrong,
       count(grade) AS graded,
       count(cost) AS priced,
       count(first_token_s) AS first_tokens,
       coalesce(sum(latency_s) FILTER (WHERE complete), 0) AS latency_s,
       coalesce(sum(prompt_tokens) FILTER (WHERE complete), 0)::double precision AS prompt_tokens,
       coalesce(sum(output_tokens) FILTER (WHERE complete), 0)::double precision AS output_tokens,
       coalesce(sum(output_tokens) FILTER (WHERE latency_s > 0), 0)::double precision
           AS speed_tokens,
       coalesce(sum(latency_s) FILTER (WHERE output_tokens IS NOT NULL), 0) AS speed_s,
       coalesce(sum(mean_logprob) FILTER (WHERE complete), 0) AS logprob,
       coalesce(sum(likely_wrong) FILTER (WHERE complete), 0) AS likely_wrong,
       coalesce(sum(grade), 0) AS grade,
       coalesce(sum(cost), 0) AS cost,
       array_agg(latency_s) FILTER (WHERE complete AND latency_s IS NOT NULL) AS latency,
       array_agg(first_token_s) FILTER (WHERE first_token_s IS NOT NULL) AS first_token
FROM answers
GROUP BY deployment, bucket, adapter, slice
"""


class Key(NamedTuple):
    """Whose answers, and of which bucket; the base model is the empty string."""

    deployment: str
    bucket: datetime
    adapter: str
    slice: str


_KEYS = len(Key._fields)


def summed_up(connection: Connection, taken: Sequence[Row[Any]]) -> Iterator[tuple[Key, Totals]]:
    """Yield the totals of the answers of batches by minute; a key may come more than once.

    Args:
        taken: batch, first and last of each; see `rollup_queue`.
    """
    batches: dict[tuple[datetime, datetime], list[int]] = defaultdict(list)
    for row in taken:
        batches[row.first, row.last].append(row.batch)
    for (first, last), numbers in batches.items():
        yield from _of_days(connection, {"batches": numbers, "first": first, "last": last})


def _of_days(connection: Connection, wanted: Mapping[str, object]) -> Iterator[tuple[Key, Totals]]:
    with driver(connection).cursor(binary=True) as cursor:
        cursor.adapters.register_loader(_DOUBLES, _Numbers)
        rows = cursor.execute(_SUM_UP, wanted).fetchall()
    latency = quantiles.each_of([_NOTHING if row[-2] is None else row[-2] for row in rows])
    first_token = quantiles.each_of([_NOTHING if row[-1] is None else row[-1] for row in rows])
    for row, own, first in zip(rows, latency, first_token, strict=True):
        numbers = dict(zip(NUMBERS, row[_KEYS:-2], strict=True))
        yield Key(*row[:_KEYS]), Totals(**numbers, latency=own, first_token=first)


class _Numbers(Loader):
    """Reads an array of doubles without NULLs; shape (n,)."""

    format = pq.Format.BINARY

    def load(self, data: Buffer) -> NDArray[np.float64]:
        """Return the elements of Postgres' binary format."""
        elements = np.frombuffer(data, dtype=_ELEMENT, offset=_ARRAY_HEAD)
        return elements["value"].astype(np.float64)
