"""Adapter versions and their fingerprints in Postgres."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine, Row

from monitor.errors import Conflict, NotFound
from monitor.ports.versions import Fingerprint, Registry
from monitor.storage import audit, pointers, values
from monitor.storage.database import transaction
from monitor.storage.schema import adapters, fingerprints
from rollback import versions
from rollback.errors import IllegalTransition
from rollback.versions import AdapterVersion, VersionState

_ACTOR = text("SELECT set_config('backstop.actor', :actor, true)")


class PostgresRegistry(Registry):
    """`ports.Registry` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, version: AdapterVersion, *, actor: str) -> AdapterVersion:
        """Store a version; return it as it is stored."""
        with transaction(self._engine) as connection:
            if not _insert(connection, version):
                return _stored(connection, version)
            audit.add(
                connection,
                actor=actor,
                action="version.add",
                subject=version.name,
                payload={"label": version.label, "state": version.state, "parent": version.parent},
                at=version.created_at,
            )
            return _stored(connection, version)  # as it was taken in, which others will read

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        """Return the versions, newest first."""
        newest = select(adapters).order_by(adapters.c.created_at.desc(), adapters.c.name)
        if family is not None:
            newest = newest.where(adapters.c.family == values.text(family))
        with transaction(self._engine) as connection:
            return [_version(row) for row in connection.execute(newest)]

    def move(
        self, name: str, to: VersionState, *, actor: str, reason: str, at: datetime
    ) -> AdapterVersion:
        """Change a version's state. Raises `NotFound`; `Conflict` if it is not a legal step."""
        with transaction(self._engine) as connection:
            before = locked(connection, name)
            after = move(connection, before, to, reason, actor=actor)
            if after.state is not before.state:
                audit.add(
                    connection,
                    actor=actor,
                    action=f"version.{to.value}",
                    subject=name,
                    payload={"from": before.state, "to": to, "reason": reason},
                    at=at,
                )
        return after

    def fingerprint(
        self, name: str | None, engine: str, new: Fingerprint | None = None
    ) -> Fingerprint | None:
        """Return the stored fingerprint; store `new` if there is none yet."""
        key = {"version": values.key(name), "engine": engine}
        with transaction(self._engine) as connection:
            if new is not None:
                first = insert(fingerprints).values(**key, **asdict(new))
                connection.execute(first.on_conflict_do_nothing())
            row = connection.execute(select(fingerprints).filter_by(**key)).one_or_none()
        return None if row is None else _fingerprint(row)


def locked(connection: Connection, name: str) -> AdapterVersion:
    """Return a version, locked until the transaction's end. Raises `NotFound`."""
    wanted = select(adapters).where(adapters.c.name == name).with_for_update()
    row = connection.execute(wanted).one_or_none()
    if row is None:
        raise NotFound(f"there is no adapter version {name!r}: see `backstop adapters list`")
    return _version(row)


def all_locked(connection: Connection, names: Set[str]) -> dict[str, AdapterVersion]:
    """Return versions by name, locked until the transaction's end. Raises `NotFound`.

    They are locked in one order always, so that two writers cannot wait for each other.
    """
    return {name: locked(connection, name) for name in sorted(names)}


def move(
    connection: Connection, version: AdapterVersion, to: VersionState, reason: str, *, actor: str
) -> AdapterVersion:
    """Change the state of a locked version. Raises `Conflict` if it is not a legal step.

    A version in quarantine is nobody's candidate. The database checks the step once more, also
    that a person releases: see `alembic/versions/0006_registry_and_audit_guards.py`.
    """
    try:
        moved = versions.move(version, to, values.text(reason), actor=actor)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    connection.execute(_ACTOR, {"actor": values.text(actor)})
    connection.execute(
        update(adapters)
        .where(adapters.c.name == version.name)
        .values(state=moved.state.value, reason=moved.reason)
    )
    if to is VersionState.QUARANTINED:
        pointers.withdraw(connection, version.name)
    return moved


def settle(connection: Connection, version: AdapterVersion, reason: str, *, actor: str) -> None:
    """Bring the state of a locked version to where the deployments' pointers put it.

    Raises `Conflict` if that is not a legal step.
    """
    to = versions.standing(version.state, pointers.roles(connection, version.name))
    if to is not version.state:
        move(connection, version, to, "" if to is VersionState.ACTIVE else reason, actor=actor)


def require_released(version: AdapterVersion) -> None:
    """Raise `Conflict` for a version in quarantine."""
    if version.state is VersionState.QUARANTINED:
        raise Conflict(
            f"{version.name} is quarantined ({version.reason}): "
            "release it first with `backstop adapters release`"
        )


def _insert(connection: Connection, version: AdapterVersion) -> bool:
    """Store a version; False if its name is there. Raises `Conflict` if its label is taken."""
    new = insert(adapters).values(
        name=values.text(version.name),
        family=values.text(version.family),
        label=values.text(version.label),
        state=version.state.value,
        reason=values.text(version.reason),
        parent=values.optional_text(version.parent),
        manifest=version.manifest,
        facts=version.facts,
        created_at=version.created_at,
    )
    added = connection.execute(new.on_conflict_do_nothing().returning(adapters.c.name))
    return added.one_or_none() is not None


def _stored(connection: Connection, version: AdapterVersion) -> AdapterVersion:
    """Return the version of this name. Raises `Conflict` if only its label is there."""
    same_name = select(adapters).where(adapters.c.name == values.text(version.name))
    row = connection.execute(same_name).one_or_none()
    if row is None:
        raise Conflict(
            f"label {version.label!r} of {version.family!r} belongs to other content: "
            "choose another label"
        )
    return _version(row)


def _version(row: Row[Any]) -> AdapterVersion:
    return AdapterVersion(
        name=row.name,
        label=row.label,
        state=VersionState(row.state),
        manifest=row.manifest,
        created_at=row.created_at,
        reason=row.reason,
        parent=row.parent,
        facts=row.facts,
    )


def _fingerprint(row: Row[Any]) -> Fingerprint:
    return Fingerprint(
        prompts=tuple(row.prompts),
        tokens=tuple(tuple(tokens) for tokens in row.tokens),
        logprobs=tuple(tuple(logprobs) for logprobs in row.logprobs),
    )
