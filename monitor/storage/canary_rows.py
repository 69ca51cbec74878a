"""Rows of canaries, read and written inside a transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection, Row

from monitor.errors import Conflict
from monitor.ports.record import Observed
from monitor.storage import values
from monitor.storage.schema import canaries, canary_callers, deployments
from rollback import canary_policy
from rollback.canary import Canary, Outcome
from rollback.dealing import Dealt
from rollback.deployment import Deployment
from rollback.randomized import Randomized

# One is over where its deployment no longer names it, whatever took the candidate away.
_WITH_POINTER = select(canaries, deployments.c.canary.label("pointer")).join(
    deployments, deployments.c.name == canaries.c.deployment
)


def add(connection: Connection, canary: Canary) -> None:
    """Store a new canary."""
    connection.execute(insert(canaries).values(_row(canary)))


def running(connection: Connection, deployment: str) -> Canary | None:
    """Return the canary that a deployment names."""
    own = _WITH_POINTER.where(
        canaries.c.deployment == deployment, canaries.c.id == deployments.c.canary
    )
    row = connection.execute(own).one_or_none()
    return None if row is None else _canary(row)


def recent(connection: Connection, deployment: str, limit: int) -> Sequence[Canary]:
    """Return the canaries of a deployment, newest first."""
    own = _WITH_POINTER.where(canaries.c.deployment == deployment)
    newest = own.order_by(canaries.c.started_at.desc(), canaries.c.id).limit(limit)
    return [_canary(row) for row in connection.execute(newest)]


def locked(connection: Connection, before: Deployment, id: str) -> Canary:
    """Return a canary of a locked deployment, locked. Raises `Conflict` if it is over."""
    if before.canary != id:
        raise Conflict(f"the canary {id} of {before.name} is over")
    own = _WITH_POINTER.where(canaries.c.id == id).with_for_update(of=canaries)
    return _canary(connection.execute(own).one())


def write(connection: Connection, canary: Canary) -> None:
    """Replace the row of a locked canary."""
    own = canaries.c.id == canary.id
    connection.execute(update(canaries).where(own).values(_row(canary)))


def promote(connection: Connection, before: Deployment, id: str, at: datetime) -> None:
    """Note that a canary ends with its candidate's promotion. Raises `Conflict` if it is over."""
    found = locked(connection, before, id)
    write(connection, replace(found, outcome=Outcome.PROMOTED, ended_at=at))


def observe(connection: Connection, observed: Sequence[Observed]) -> None:
    """Let callers who were dealt a version count, each once in a canary, by his first request."""
    lots: defaultdict[str, list[tuple[Dealt, float]]] = defaultdict(list)
    for each in observed:
        seen = each.observation
        if seen.dealt is not None and seen.worth is not None:
            lots[values.text(seen.dealt.canary)].append((seen.dealt, seen.worth))
    for id, own in sorted(lots.items()):
        _observe(connection, id, own)


def _observe(connection: Connection, id: str, lots: Sequence[tuple[Dealt, float]]) -> None:
    alive = _WITH_POINTER.where(canaries.c.id == id, canaries.c.id == deployments.c.canary)
    row = connection.execute(alive.with_for_update(of=canaries)).one_or_none()
    if row is None:
        return
    new = _new_callers(connection, id, [dealt.caller for dealt, _ in lots])
    counted = []
    for dealt, worth in lots:
        if dealt.caller in new:
            new.discard(dealt.caller)
            counted.append((dealt, worth))
    canary = _canary(row)
    canary.compared.observe_all(
        [dealt.share for dealt, _ in counted],
        [dealt.to_candidate for dealt, _ in counted],
        [worth for _, worth in counted],
    )
    write(connection, canary)


def _new_callers(connection: Connection, id: str, callers: Sequence[str]) -> set[str]:
    """Note callers; return those that had not counted."""
    rows = [{"canary": id, "caller": caller} for caller in sorted(set(callers))]
    added = postgresql.insert(canary_callers).values(rows).on_conflict_do_nothing()
    return set(connection.execute(added.returning(canary_callers.c.caller)).scalars())


def _row(canary: Canary) -> Mapping[str, Any]:
    return {
        "id": canary.id,
        "deployment": canary.deployment,
        "candidate": canary.candidate,
        "against": canary.against,
        "epoch": canary.epoch,
        "policy": canary.policy.state(),
        "compared": canary.compared.state(),
        "actor": values.text(canary.actor),
        "reason": values.text(canary.reason),
        "started_at": canary.started_at,
        "step": canary.step,
        "step_started_at": canary.step_started_at,
        "step_callers": canary.step_callers,
        "outcome": None if canary.outcome is None else canary.outcome.value,
        "ended_at": canary.ended_at,
    }


def _canary(row: Row[Any]) -> Canary:
    outcome = None if row.outcome is None else Outcome(row.outcome)
    if outcome is None and row.pointer != row.id:
        outcome = Outcome.OVERTAKEN
    return Canary(
        id=row.id,
        deployment=row.deployment,
        candidate=row.candidate,
        against=row.against,
        epoch=row.epoch,
        policy=canary_policy.policy_of(row.policy),
        compared=Randomized.restore(row.compared),
        actor=row.actor,
        reason=row.reason,
        started_at=row.started_at,
        step=row.step,
        step_started_at=row.step_started_at,
        step_callers=row.step_callers,
        outcome=outcome,
        ended_at=row.ended_at,
    )
