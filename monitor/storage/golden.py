"""Golden cases, runs and their results in Postgres. Every set that was ever in force is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Row

from guards import golden
from guards.exchange import Message
from guards.flakiness import Spread
from guards.golden import GoldenCase, GoldenResult
from guards.golden_case import rare_left_out
from monitor.errors import BadGoldenSet, UnreadableGoldenSet
from monitor.ports.golden import GoldenRun, GoldenStore
from monitor.storage import audit, golden_rows, values
from monitor.storage.database import transaction
from monitor.storage.golden_journal import PostgresRunJournal
from monitor.storage.schema import golden_cases, golden_results, golden_runs, golden_sets
from rollback.canonical import canonical


class PostgresGolden(PostgresRunJournal, GoldenStore):
    """`ports.GoldenStore` on Postgres."""

    def import_cases(
        self, deployment: str, cases: Sequence[GoldenCase], *, actor: str, at: datetime
    ) -> str:
        """Replace a deployment's golden set; return its digest. The same content changes nothing.

        Raises `BadGoldenSet` if there is no case, or two have one id.
        """
        with transaction(self._engine) as connection:
            before = _digest_in_force(connection, deployment)
            change = _Change(action="golden.import", actor=actor, at=at)
            return _replace(connection, deployment, before, cases, change)

    def add_case(
        self, deployment: str, case: GoldenCase, *, actor: str, at: datetime, source: str
    ) -> str:
        """Add a case, in the place of one with its id; return the set's digest."""
        with transaction(self._engine) as connection:
            _serialize(connection, deployment)
            before = _digest_in_force(connection, deployment)
            others = [each for each in _in_force(connection, deployment) if each.id != case.id]
            facts = {"case": case.id, "source": source}
            change = _Change(action="golden.add", actor=actor, at=at, facts=facts)
            return _replace(connection, deployment, before, [*others, case], change)

    def cases(self, deployment: str) -> Sequence[GoldenCase]:
        """Return the golden set as imported last; empty if there is none."""
        with transaction(self._engine) as connection:
            return _in_force(connection, deployment)

    def save_run(self, run: GoldenRun, results: Mapping[str, Sequence[GoldenResult]]) -> None:
        """Insert or update a run by id, with results per version name (`''`: base model)."""
        row = golden_rows.run_row(run)
        new = insert(golden_runs).values(row)
        with transaction(self._engine) as connection:
            connection.execute(new.on_conflict_do_update(index_elements=["id"], set_=row))
            golden_rows.replace(connection, golden_rows.result_rows(run.id, results))

    def runs(self, deployment: str, limit: int = 20) -> Sequence[GoldenRun]:
        """Return runs, newest first."""
        newest = (
            select(golden_runs)
            .where(golden_runs.c.deployment == deployment)
            .order_by(golden_runs.c.started_at.desc(), golden_runs.c.id)
            .limit(limit)
        )
        with transaction(self._engine) as connection:
            return [golden_rows.run_of(row) for row in connection.execute(newest)]

    def run(self, run_id: str) -> GoldenRun | None:
        """Return a run by its id."""
        with transaction(self._engine) as connection:
            row = connection.execute(
                select(golden_runs).where(golden_runs.c.id == values.text(run_id))
            ).one_or_none()
        return None if row is None else golden_rows.run_of(row)

    def results(self, run_id: str) -> Mapping[str, Sequence[GoldenResult]]:
        """Return a run's results by version name (`''`: base model), in the order of case ids."""
        of_run = (
            select(golden_results)
            .where(golden_results.c.run == values.text(run_id))
            .order_by(golden_results.c.version, golden_results.c.case_id)
        )
        found: dict[str, list[GoldenResult]] = {}
        with transaction(self._engine) as connection:
            for row in connection.execute(of_run):
                found.setdefault(row.version, []).append(golden_rows.result_of(row))
        return found

    def cases_of(self, run: GoldenRun) -> Sequence[GoldenCase]:
        """Return the cases of the set that a run was of; empty if that set is not on record."""
        every = (
            select(golden_cases)
            .where(golden_cases.c.deployment == run.deployment)
            .order_by(golden_cases.c.set_digest, golden_cases.c.position)
        )
        with transaction(self._engine) as connection:
            rows = connection.execute(every).all()
        for _, of_set in groupby(rows, key=lambda row: row.set_digest):
            cases = [_case(row) for row in of_set]
            if golden.set_digest(cases) == run.set_digest:
                return cases
        return []

    def spreads(
        self, deployment: str, set_digest: str, versions: Sequence[str | None]
    ) -> Sequence[Spread]:
        """Return how grades of versions (`None`: base model) differ between their runs of a set."""
        differing = (
            select(
                golden_results.c.version,
                golden_results.c.case_id,
                func.count().label("runs"),
                func.coalesce(func.var_samp(golden_results.c.grade), 0.0).label("variance"),
            )
            .join(golden_runs, golden_runs.c.id == golden_results.c.run)
            .where(
                golden_runs.c.deployment == deployment,
                golden_runs.c.set_digest == set_digest,
                golden_results.c.version.in_([name or "" for name in versions]),
                golden_results.c.error.is_(None),
            )
            .group_by(golden_results.c.version, golden_results.c.case_id)
            .order_by(golden_results.c.version, golden_results.c.case_id)
        )
        with transaction(self._engine) as connection:
            return [Spread(**row._mapping) for row in connection.execute(differing)]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """Who changes a set, how and when, for the audit trail."""

    action: str
    actor: str
    at: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)


def _replace(
    connection: Connection,
    deployment: str,
    before: str | None,
    cases: Sequence[GoldenCase],
    change: _Change,
) -> str:
    rows = _case_rows(cases)
    digest = _digest(rows)
    if before == digest:
        return digest
    keyed = [{"deployment": deployment, "set_digest": digest, **row} for row in rows]
    connection.execute(insert(golden_cases).on_conflict_do_nothing(), keyed)
    _put_in_force(connection, deployment, digest, change.actor, change.at)
    audit.add(
        connection,
        actor=change.actor,
        action=change.action,
        subject=deployment,
        payload={"from": before, "to": digest, "cases": len(rows), **change.facts},
        at=change.at,
    )
    return digest


def _serialize(connection: Connection, deployment: str) -> None:
    """Let no two add to a set at once: also the first one, where no row can be locked yet."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext('backstop.golden'), hashtext(:name))"),
        {"name": deployment},
    )


def _in_force(connection: Connection, deployment: str) -> list[GoldenCase]:
    in_force = (
        select(golden_cases)
        .join(
            golden_sets,
            (golden_sets.c.deployment == golden_cases.c.deployment)
            & (golden_sets.c.digest == golden_cases.c.set_digest),
        )
        .where(golden_cases.c.deployment == deployment)
        .order_by(golden_cases.c.position)
    )
    return [_case(row) for row in connection.execute(in_force)]


def _digest_in_force(connection: Connection, deployment: str) -> str | None:
    digest = select(golden_sets.c.digest).where(golden_sets.c.deployment == deployment)
    return connection.execute(digest.with_for_update()).scalar_one_or_none()


def _put_in_force(
    connection: Connection, deployment: str, digest: str, actor: str, at: datetime
) -> None:
    row = {"digest": digest, "imported_at": at, "actor": actor}
    new = insert(golden_sets).values(deployment=deployment, **row)
    connection.execute(new.on_conflict_do_update(index_elements=["deployment"], set_=row))


def _case_rows(cases: Sequence[GoldenCase]) -> list[dict[str, Any]]:
    if not cases:
        raise BadGoldenSet("the golden set is empty: give at least one case")
    ids = [case.id for case in cases]
    twice = next((name for name in ids if ids.count(name) > 1), None)
    if twice is not None:
        raise BadGoldenSet(f"two golden cases have the id {twice!r}: ids must be unique")
    return [
        {
            "id": values.text(case.id),
            "position": position,
            "messages": [
                {"role": message.role, "content": values.text(message.content)}
                for message in case.messages
            ],
            "expectation": values.jsonable(case.expectation),
            "slice": values.text(case.slice),
            "weight": float(case.weight),
            "critical": case.critical,
            "tools": values.jsonable(case.tools),
            "context": values.texts(case.context),
            "stop": values.texts(case.stop),
            "max_tokens": case.max_tokens,
        }
        for position, case in enumerate(cases)
    ]


def _digest(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the SHA-256 of the set; what few cases have does not change it where it is empty."""
    told = [rare_left_out(row) for row in rows]
    return hashlib.sha256(canonical(told)).hexdigest()


def _case(row: Row[Any]) -> GoldenCase:
    """Return the case of a row. Raises `UnreadableGoldenSet` if somebody damaged it."""
    try:
        return _case_of(row)
    except (TypeError, ValueError, KeyError) as error:
        raise UnreadableGoldenSet(
            f"golden case {row.id!r} of {row.deployment} cannot be read ({error}); import the set "
            "anew with `backstop golden import`"
        ) from error


def _case_of(row: Row[Any]) -> GoldenCase:
    return GoldenCase(
        id=row.id,
        messages=tuple(Message(**message) for message in row.messages),
        expectation=row.expectation,
        slice=row.slice,
        weight=row.weight,
        critical=row.critical,
        tools=tuple(row.tools),
        context=tuple(row.context),
        stop=tuple(row.stop),
        max_tokens=row.max_tokens,
    )
