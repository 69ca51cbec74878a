"""Health numbers per adapter, slice and time, in Postgres."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine, Row

from guards.confidence import Interval
from monitor.errors import BadRequest
from monitor.ports.indicators import Indicator, IndicatorStore, Reading, SeriesPoint, Summary
from monitor.storage import levels, rollup_answers, rollup_queue, rollups, values
from monitor.storage.database import transaction
from monitor.storage.rollup_answers import Key
from monitor.storage.rollups import Piece
from rollback.indicators import totals as totals_of
from rollback.indicators.catalogue import CATALOGUE, Kind
from rollback.indicators.measured import Measured
from rollback.indicators.steps import Step
from rollback.indicators.totals import Totals

_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(hashtext('backstop.indicators'))")
_AT_ONCE = 50_000  # answers in one transaction: five times what comes between two at full load


class PostgresIndicators(IndicatorStore):
    """`ports.IndicatorStore` on Postgres."""

    def __init__(self, engine: Engine, *, at_once: int = _AT_ONCE) -> None:
        self._engine = engine
        self._at_once = at_once

    def roll_up(self, now: datetime, readings: Sequence[Reading] = ()) -> int:
        """Add the answers recorded since the last call, and the readings, to their buckets.

        Returns how many answers were added; 0 also while another process is doing it.
        """
        with transaction(self._engine) as connection:
            if not connection.execute(_ONE_AT_A_TIME).scalar_one():
                return 0
            levels.add(connection, now, readings)
        added = 0
        while (more := self._roll_up_some()) is not None:
            added += more
        return added

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        """Return the minutes of all adapters of a deployment, slices together, oldest first."""
        with transaction(self._engine) as connection:
            rows = rollups.read(connection, deployment, Piece(Step.MINUTE, since, until))
        return [
            Indicator(
                deployment=deployment,
                adapter=values.version(adapter),
                bucket=bucket,
                name=name,
                value=each.value,
                count=each.count,
            )
            for (bucket, adapter), totals in _by_bucket(rows)
            for name, each in sorted(totals_of.measured(totals, intervals=False).items())
        ]

    def series(
        self,
        deployment: str,
        name: str,
        since: datetime,
        until: datetime,
        step: Step,
        *,
        slice: str | None = None,
    ) -> Sequence[SeriesPoint]:
        """Return an indicator of all adapters in the buckets that begin in [since, until).

        Raises `BadRequest` if the catalogue has no such indicator.
        """
        if name not in CATALOGUE:
            raise BadRequest(f"there is no indicator {name!r}; docs/indicators.md lists them")
        with transaction(self._engine) as connection:
            if CATALOGUE[name].kind is Kind.LEVEL:
                found = levels.read(connection, deployment, step, since, until, name=name)
                return [_point(row.bucket, row.adapter, _level(row)) for row in found]
            rows = rollups.read(connection, deployment, Piece(step, since, until), slice=slice)
        return [
            _point(bucket, adapter, measured[name])
            for (bucket, adapter), totals in _by_bucket(rows)
            if name in (measured := totals_of.measured(totals, intervals=True, only=name))
        ]

    def summary(
        self, deployment: str, since: datetime, until: datetime, *, intervals: bool = True
    ) -> Sequence[Summary]:
        """Return the indicators of the answers in [since, until), merged over that time."""
        pieces = list(_pieces(since, until))
        with transaction(self._engine) as connection:
            rows = [row for piece in pieces for row in rollups.read(connection, deployment, piece)]
            found = [
                row
                for piece in pieces
                for row in levels.read(connection, deployment, piece.step, piece.since, piece.until)
            ]
        return list(_summaries(rows, found, intervals=intervals))

    def _roll_up_some(self) -> int | None:
        """Add some answers, in one transaction; return how many, `None` if none are left."""
        with transaction(self._engine) as connection:
            if not connection.execute(_ONE_AT_A_TIME).scalar_one():
                return None
            taken = rollup_queue.take(connection, self._at_once)
            if not taken:
                return None
            return rollups.add(connection, rollup_answers.summed_up(connection, taken))


def _point(bucket: datetime, adapter: str, measured: Measured) -> SeriesPoint:
    return SeriesPoint(adapter=values.version(adapter), bucket=bucket, measured=measured)


def _level(*rows: Row[Any]) -> Measured:
    latest = max(rows, key=lambda row: row.at)
    return Measured(
        value=latest.latest,
        count=sum(row._mapping["count"] for row in rows),
        interval=Interval(min(row.least for row in rows), max(row.most for row in rows)),
    )


def _by_bucket(
    rows: Iterable[tuple[Key, Totals]],
) -> Iterator[tuple[tuple[datetime, str], Totals]]:
    """Yield bucket and adapter with the totals of all its slices, in order."""
    parts: dict[tuple[datetime, str], list[Totals]] = defaultdict(list)
    for key, totals in rows:
        parts[key.bucket, key.adapter].append(totals)
    for where in sorted(parts):
        yield where, totals_of.merged(parts[where])


def _summaries(
    rows: Sequence[tuple[Key, Totals]], found: Sequence[Row[Any]], *, intervals: bool
) -> Iterator[Summary]:
    """Yield for each adapter all of its answers, then each slice."""
    parts: dict[str, dict[str, list[Totals]]] = defaultdict(lambda: defaultdict(list))
    read: dict[str, dict[str, list[Row[Any]]]] = defaultdict(lambda: defaultdict(list))
    for key, totals in rows:
        parts[key.adapter][key.slice].append(totals)
    for row in found:
        read[row.adapter][row.name].append(row)
    for adapter in sorted(parts.keys() | read.keys()):
        slices = {name: totals_of.merged(each) for name, each in sorted(parts[adapter].items())}
        whole = totals_of.measured(totals_of.merged(slices.values()), intervals=intervals)
        told = {name: _level(*each) for name, each in sorted(read[adapter].items())}
        version = values.version(adapter)
        yield Summary(adapter=version, slice=None, measured={**whole, **told})
        if slices.keys() - {""}:
            for name, totals in slices.items():
                own = totals_of.measured(totals, intervals=intervals)
                yield Summary(adapter=version, slice=name, measured=own)


def _pieces(since: datetime, until: datetime) -> Iterator[Piece]:
    """Cut [since, until) into the fewest whole days, hours and minutes, in order."""
    at = Step.MINUTE.start(since)
    end = Step.MINUTE.start(until + Step.MINUTE.length - timedelta(microseconds=1))
    while at < end:
        step = next(each for each in reversed(Step) if _begins(each, at, end))
        stop = at + step.length
        larger = _next_larger(step)
        while stop + step.length <= end and not (larger and _begins(larger, stop, end)):
            stop += step.length
        yield Piece(step, at, stop)
        at = stop


def _begins(step: Step, at: datetime, end: datetime) -> bool:
    return step.start(at) == at and at + step.length <= end


def _next_larger(step: Step) -> Step | None:
    steps = list(Step)
    place = steps.index(step) + 1
    return steps[place] if place < len(steps) else None
