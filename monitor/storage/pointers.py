"""Rows of deployments: a name's pointer, read and written inside a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.engine import Connection, Row

from monitor.errors import Conflict, NotFound
from monitor.storage import values
from monitor.storage.schema import deployments
from rollback.deployment import Deployment

_COLUMNS = tuple(column.name for column in deployments.columns)


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
    """Replace the row of a locked deployment."""
    row = {name: getattr(deployment, name) for name in _COLUMNS}
    connection.execute(update(deployments).where(deployments.c.name == deployment.name).values(row))


def frozen(before: str | None, change: str | None) -> str | None:
    """Return why a deployment is frozen: as before where nothing is said; empty text thaws."""
    return before if change is None else values.text(change) or None


def from_row(row: Row[Any]) -> Deployment:
    """Return the deployment of a row."""
    return Deployment(**row._mapping)
