"""Rows of deployments: a name's pointer, read and written inside a transaction."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Row

from monitor.errors import Conflict, NotFound
from monitor.storage import notices, values
from monitor.storage.schema import deployments
from rollback import moves
from rollback.deployment import Deployment
from rollback.errors import IllegalTransition
from rollback.moves import Move
from rollback.versions import Roles

_COLUMNS = tuple(column.name for column in deployments.columns)


def add(connection: Connection, deployment: Deployment) -> None:
    """Store a deployment; do nothing if its name is there."""
    new = insert(deployments).values(_row(deployment)).on_conflict_do_nothing()
    if connection.execute(new.returning(deployments.c.name)).one_or_none() is not None:
        notices.pointers(connection, deployment.name)


def locked(connection: Connection, name: str, expected_epoch: int) -> Deployment:
    """Return a deployment, locked until the transaction's end.

    Raises `NotFound`, and `Conflict` if its epoch is another one.
    """
    found = read(connection, name, for_update=True)
    if found.epoch != expected_epoch:
        raise Conflict(
            f"deployment {name!r} is at epoch {found.epoch}, not {expected_epoch}: "
            "somebody else was faster; look again and repeat"
        )
    return found


def read(connection: Connection, name: str, *, for_update: bool = False) -> Deployment:
    """Return a deployment. Raises `NotFound`."""
    wanted = select(deployments).where(deployments.c.name == name)
    row = connection.execute(wanted.with_for_update() if for_update else wanted).one_or_none()
    if row is None:
        raise NotFound(f"there is no deployment {name!r}")
    return from_row(row)


def write(connection: Connection, deployment: Deployment) -> None:
    """Replace the row of a locked deployment, and tell those who route."""
    own = deployments.c.name == deployment.name
    connection.execute(update(deployments).where(own).values(_row(deployment)))
    notices.pointers(connection, deployment.name)


def withdraw(connection: Connection, version: str) -> None:
    """Take a version's share away wherever it is the candidate, and tell those who route."""
    rows = deployments.c
    taken = (
        update(deployments)
        .where(rows.candidate == version)
        .values(candidate=None, candidate_share=0.0, canary=None, revision=rows.revision + 1)
        .returning(rows.name)
    )
    for name in connection.execute(taken).scalars().all():
        notices.pointers(connection, name)


def roles(connection: Connection, version: str) -> Roles:
    """Return what deployments use a version for."""
    uses = (deployments.c[role.name] for role in fields(Roles))
    asked = select(*(exists().where(use == version).label(use.name) for use in uses))
    return Roles(**connection.execute(asked).one()._mapping)


def require(deployment: Deployment, move: Move, *, actor: str) -> None:
    """Let a move of a locked deployment happen. Raises `Conflict`."""
    try:
        moves.require(deployment, move, actor=actor)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error


def changed(before: str | None, change: str | None) -> str | None:
    """Return why a deployment is frozen or pinned: as before where nothing is said; empty text ends it."""
    return before if change is None else values.text(change) or None


def from_row(row: Row[Any]) -> Deployment:
    """Return the deployment of a row."""
    return Deployment(**row._mapping)


def _row(deployment: Deployment) -> dict[str, Any]:
    return {name: getattr(deployment, name) for name in _COLUMNS}
