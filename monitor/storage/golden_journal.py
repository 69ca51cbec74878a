"""Golden runs that are under way: held by one process at a time, advanced chunk by chunk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from guards.golden import GoldenResult
from monitor.errors import Conflict
from monitor.ports.golden import Begun, GoldenRun, Hold, RunJournal, RunStatus
from monitor.storage import golden_rows
from monitor.storage.database import transaction
from monitor.storage.schema import golden_results, golden_runs

_RUNS = golden_runs.c
_END = ("status", "verdict", "finished_at", "summary")
_RUNNING = _RUNS.status == RunStatus.RUNNING.value


class PostgresRunJournal(RunJournal):
    """`ports.RunJournal` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, run: GoldenRun, hold: Hold, now: datetime, *, may_wait: bool) -> Begun:
        """Record a run that begins, or find the one that answers its question already."""
        with transaction(self._engine) as connection:
            _serialize(connection, run.deployment)
            known = _of_occasion(connection, run) or _left_of(connection, run, now)
            if known is not None:
                held = _take(connection, known.id, hold, now)
                return Begun(run=held or known, is_held=held is not None)
            other = None if may_wait else _under_way(connection, run.deployment, now)
            if other is not None:
                run = _skipped(run, other, now)
                hold = Hold(holder="", until=now)
            connection.execute(insert(golden_runs).values(golden_rows.run_row(run) | _held(hold)))
        return Begun(run=run, is_held=other is None)

    def take_over(self, run_id: str, hold: Hold, now: datetime) -> GoldenRun | None:
        """Hold a run that was left behind; `None` if somebody else was faster."""
        with transaction(self._engine) as connection:
            return _take(connection, run_id, hold, now)

    def hold(self, run_id: str, hold: Hold) -> None:
        """Prolong a hold."""
        with transaction(self._engine) as connection:
            _change(connection, run_id, hold, _held(hold))

    def advance(
        self, run: GoldenRun, hold: Hold, results: Mapping[str, Sequence[GoldenResult]]
    ) -> None:
        """Write a run's position, course and summary, and new results, in one transaction."""
        row = golden_rows.run_row(run)
        changes = {name: row[name] for name in ("position", "course", "summary")}
        with transaction(self._engine) as connection:
            _change(connection, run.id, hold, changes)
            golden_rows.add(connection, golden_rows.result_rows(run.id, results))

    def finish(self, run: GoldenRun, hold: Hold) -> None:
        """Record how a run ended, and forget what only it needed to know."""
        row = golden_rows.run_row(run)
        told = update(golden_results).where(
            golden_results.c.run == run.id, golden_results.c.token_logprobs.isnot(None)
        )
        with transaction(self._engine) as connection:
            _change(connection, run.id, hold, {name: row[name] for name in _END})
            connection.execute(told.values(token_logprobs=None))

    def left_behind(self, now: datetime) -> Sequence[GoldenRun]:
        """Return runs that are not finished and that nobody holds, oldest first."""
        left = select(golden_runs).where(_is_left(now)).order_by(_RUNS.started_at, _RUNS.id)
        with transaction(self._engine) as connection:
            return [golden_rows.run_of(row) for row in connection.execute(left)]


def _serialize(connection: Connection, deployment: str) -> None:
    """Let no two begin a deployment's run at once: also where no row can be locked yet."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('backstop.golden.run'), hashtext(:name))"),
        {"name": deployment},
    )


def _of_occasion(connection: Connection, run: GoldenRun) -> GoldenRun | None:
    if run.occasion is None:
        return None
    return _first(connection, _RUNS.deployment == run.deployment, _RUNS.occasion == run.occasion)


def _left_of(connection: Connection, run: GoldenRun, now: datetime) -> GoldenRun | None:
    """Return a run of the same question that was left behind."""
    asked = (
        getattr(_RUNS, name).is_not_distinct_from(getattr(run, name))
        for name in ("deployment", "subject", "against", "compared", "cause", "set_digest")
    )
    return _first(connection, *asked, _RUNS.occasion.is_(None), _is_left(now))


def _under_way(connection: Connection, deployment: str, now: datetime) -> GoldenRun | None:
    return _first(connection, _RUNS.deployment == deployment, _RUNNING, _RUNS.held_until > now)


def _first(connection: Connection, *conditions: ColumnElement[bool]) -> GoldenRun | None:
    oldest = select(golden_runs).where(*conditions).order_by(_RUNS.started_at, _RUNS.id).limit(1)
    row = connection.execute(oldest).one_or_none()
    return None if row is None else golden_rows.run_of(row)


def _is_left(now: datetime) -> ColumnElement[bool]:
    return and_(_RUNNING, or_(_RUNS.held_until.is_(None), _RUNS.held_until <= now))


def _take(connection: Connection, run_id: str, hold: Hold, now: datetime) -> GoldenRun | None:
    taken = (
        update(golden_runs)
        .where(_RUNS.id == run_id, _is_left(now))
        .values(_held(hold))
        .returning(golden_runs)
    )
    row: Row[Any] | None = connection.execute(taken).one_or_none()
    return None if row is None else golden_rows.run_of(row)


def _change(connection: Connection, run_id: str, hold: Hold, changes: Mapping[str, Any]) -> None:
    held = (
        update(golden_runs)
        .where(_RUNS.id == run_id, _RUNS.holder == hold.holder, _RUNNING)
        .values(dict(changes))
    )
    if connection.execute(held).rowcount == 0:
        raise Conflict(f"golden run {run_id} is in other hands, or has ended")


def _held(hold: Hold) -> dict[str, Any]:
    return {"holder": hold.holder, "held_until": hold.until}


def _skipped(run: GoldenRun, other: GoldenRun, now: datetime) -> GoldenRun:
    sentence = (
        f"skipped: golden run {other.id[:8]} of {run.deployment} ({other.cause}) was still under "
        f"way, at {other.position} of {other.set_size} cases"
    )
    return replace(run, status=RunStatus.SKIPPED, finished_at=now, summary={"sentence": sentence})
