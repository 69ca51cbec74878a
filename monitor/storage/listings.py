"""Long lists in Postgres, a page at a time by the keys of their tables."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, func, literal, or_, select, tuple_
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.sql.elements import ColumnElement

from monitor.ports.golden import GoldenRun
from monitor.ports.listings import AuditFilter, ExchangeFilter, Found, Listings, Place
from monitor.storage import audit, exchanges, golden_rows, incidents, values
from monitor.storage.database import transaction
from monitor.storage.schema import audit_log, golden_runs, signal_sets
from monitor.storage.schema import exchanges as answers
from monitor.storage.schema import incidents as breaches
from rollback.audit import AuditRow
from rollback.incident import Incident

_SEARCHED = 20_000  # answers that one search looks at: the rest is the next page's


class PostgresListings(Listings):
    """`ports.Listings` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def exchanges(self, wanted: ExchangeFilter, after: Place | None, limit: int) -> Found:
        """Return a page of answers, newest first.

        What no index answers is looked for in the newest 20,000 answers after `after`, so that a
        page comes soon however rare a word is; the next page looks farther.
        """
        window = _window(wanted, after)
        with transaction(self._engine) as connection:
            rows = connection.execute(_page(window, wanted, limit)).all()
            found = [exchanges.recorded(row) for row in rows]
            if len(found) == limit:
                return Found(rows=found, place=Place(at=found[-1].started_at, id=found[-1].id))
            place = _end_of(connection, window)
        return Found(rows=found, place=place, searched_to=place.at if place else None)

    def audit(self, wanted: AuditFilter, before: int | None, limit: int) -> Sequence[AuditRow]:
        """Return acts with numbers below `before`, newest first."""
        acts = audit_log.c
        newest = audit.ROWS.order_by(acts.seq.desc()).limit(limit)
        if before is not None:
            newest = newest.where(acts.seq < before)
        for column, value in ((acts.actor, wanted.actor), (acts.subject, wanted.subject)):
            newest = newest.where(column == values.text(value)) if value else newest
        if wanted.action:
            action = values.text(wanted.action)
            newest = newest.where(
                or_(acts.action == action, acts.action.startswith(f"{action}.", autoescape=True))
            )
        with transaction(self._engine) as connection:
            return [audit.audit_row(row) for row in connection.execute(newest)]

    def incidents(
        self, deployment: str | None, after: Place | None, limit: int
    ) -> Sequence[Incident]:
        """Return incidents, newest first."""
        wanted = _newest(breaches, breaches.c.opened_at, deployment, after, limit)
        with transaction(self._engine) as connection:
            return [incidents.incident(row) for row in connection.execute(wanted)]

    def golden_runs(
        self, deployment: str | None, after: Place | None, limit: int
    ) -> Sequence[GoldenRun]:
        """Return golden runs, newest first."""
        wanted = _newest(golden_runs, golden_runs.c.started_at, deployment, after, limit)
        with transaction(self._engine) as connection:
            return [golden_rows.run_of(row) for row in connection.execute(wanted)]


def _window(wanted: ExchangeFilter, after: Place | None) -> Select[Any]:
    """Return the answers of a deployment and a span of time from a place on, newest first."""
    key = tuple_(answers.c.started_at, answers.c.id)
    window = (
        select(answers)
        .where(answers.c.deployment == values.text(wanted.deployment))
        .order_by(answers.c.started_at.desc(), answers.c.id.desc())
    )
    if wanted.since is not None:
        window = window.where(answers.c.started_at >= wanted.since)
    if wanted.until is not None:
        window = window.where(answers.c.started_at < wanted.until)
    if after is not None:
        # The first condition says what the second does, and lets Postgres leave out later days.
        window = window.where(answers.c.started_at <= after.at)
        window = window.where(key < tuple_(literal(after.at), literal(values.text(after.id))))
    return window


def _page(window: Select[Any], wanted: ExchangeFilter, limit: int) -> Select[Any]:
    looked_at = window.limit(_SEARCHED).subquery()
    matching = select(looked_at).where(*_conditions(looked_at, wanted))
    newest = (
        matching.order_by(looked_at.c.started_at.desc(), looked_at.c.id.desc())
        .limit(limit)
        .subquery()
    )
    return (
        select(newest, signal_sets.c.names)
        .join(signal_sets, signal_sets.c.id == newest.c.signal_set)
        .order_by(newest.c.started_at.desc(), newest.c.id.desc())
    )


def _conditions(rows: Subquery, wanted: ExchangeFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.adapter is not None:
        name = values.version(values.text(wanted.adapter))
        conditions.append(rows.c.adapter.is_not_distinct_from(name))
    if wanted.verdict is not None:
        conditions.append(rows.c.verdict == wanted.verdict.value)
    if wanted.finding:
        said = func.array_to_string(rows.c.findings, "\n")
        conditions.append(said.icontains(values.text(wanted.finding), autoescape=True))
    if wanted.text:
        word = values.text(wanted.text)
        conditions.append(
            or_(
                rows.c.prompt.icontains(word, autoescape=True),
                rows.c.output.icontains(word, autoescape=True),
            )
        )
    return conditions


def _end_of(connection: Connection, window: Select[Any]) -> Place | None:
    """Return the last row of a window that is at its limit, `None` for one that is exhausted."""
    last = connection.execute(
        window.with_only_columns(answers.c.started_at, answers.c.id)
        .offset(_SEARCHED - 1)  # within the bounded window: never more than that is passed over
        .limit(1)
    ).one_or_none()
    return None if last is None else Place(at=last.started_at, id=last.id)


def _newest(
    table: Any,
    at: ColumnElement[datetime],
    deployment: str | None,
    after: Place | None,
    limit: int,
) -> Select[Any]:
    wanted = select(table).order_by(at.desc(), table.c.id.desc()).limit(limit)
    if deployment is not None:
        wanted = wanted.where(table.c.deployment == values.text(deployment))
    if after is not None:
        key = tuple_(literal(after.at), literal(values.text(after.id)))
        wanted = wanted.where(tuple_(at, table.c.id) < key)
    return wanted
