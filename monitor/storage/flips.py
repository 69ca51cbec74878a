"""The flip: a pointer moves, and everything that must be written with it, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlalchemy import delete, exists, insert, select
from sqlalchemy.engine import Connection

from monitor.ports.deployments import Flip
from monitor.storage import audit, canary_rows, incidents, outbox, pointers, registry, values
from monitor.storage.schema import (
    detector_states,
    reference_drafts,
    references,
    rollbacks,
)
from rollback.deployment import Deployment
from rollback.moves import Move
from rollback.versions import AdapterVersion, VersionState


def apply(connection: Connection, flip: Flip) -> Deployment:
    """Move a pointer, once per incident; see `ports.Deployments.flip`."""
    if flip.incident is not None and incidents.is_known(connection, flip.incident.id):
        return pointers.read(connection, flip.deployment)
    before = pointers.locked(connection, flip.deployment, flip.expected_epoch)
    if flip.canary is not None:
        canary_rows.promote(connection, before, flip.canary, flip.at)
    pointers.require(before, Move(flip.action), actor=flip.actor)
    after = _moved(connection, before, flip)
    concerned = _concerned(connection, before, after, flip)
    pointers.write(connection, after)
    _move_versions(connection, concerned, flip)
    _forget_epoch(connection, before)
    if flip.incident is not None:
        incidents.add(connection, flip.incident)
    if flip.action == Move.ROLLBACK.value:
        _record_rollback(connection, before, after, flip)
    if flip.notice is not None:
        outbox.put(connection, flip.notice)
    _audit(connection, before, after, flip)
    return after


def _moved(connection: Connection, before: Deployment, flip: Flip) -> Deployment:
    return replace(
        before,
        active=flip.active,
        baseline=flip.baseline,
        epoch=before.epoch + 1,
        promoted_at=flip.at,
        candidate=None,
        candidate_share=0.0,
        canary=None,
        revision=before.revision + 1,
        frozen=pointers.changed(before.frozen, flip.frozen),
        confirmed=_has_reference(connection, flip.deployment, flip.active),
    )


def _forget_epoch(connection: Connection, before: Deployment) -> None:
    """Delete what only the judging of the epoch that ends needed."""
    states, drafts = detector_states.c, reference_drafts.c
    connection.execute(delete(detector_states).where(states.deployment == before.name))
    connection.execute(
        delete(reference_drafts).where(
            drafts.deployment == before.name, drafts.epoch <= before.epoch
        )
    )


def _has_reference(connection: Connection, deployment: str, version: str | None) -> bool:
    """Tell whether a version has shown itself good in this deployment's traffic before."""
    frozen = exists().where(
        references.c.deployment == deployment, references.c.version == values.key(version)
    )
    return connection.execute(select(frozen)).scalar_one()


def _concerned(
    connection: Connection, before: Deployment, after: Deployment, flip: Flip
) -> Mapping[str, AdapterVersion]:
    """Return the versions whose states may change, locked. Raises `NotFound`, `Conflict`."""
    quarantined = frozenset() if flip.quarantine is None else frozenset({flip.quarantine})
    found = registry.all_locked(connection, before.needed | after.needed | quarantined)
    if flip.active is not None:
        registry.require_released(found[flip.active])
    return found


def _move_versions(
    connection: Connection, concerned: Mapping[str, AdapterVersion], flip: Flip
) -> None:
    """Bring the states of locked versions to where the pointers put them."""
    for name, version in concerned.items():
        if name == flip.quarantine:
            to = VersionState.QUARANTINED
            registry.move(connection, version, to, flip.reason, actor=flip.actor)
        else:
            registry.settle(connection, version, flip.reason, actor=flip.actor)


def _record_rollback(
    connection: Connection, before: Deployment, after: Deployment, flip: Flip
) -> None:
    connection.execute(
        insert(rollbacks).values(
            deployment=flip.deployment,
            epoch=after.epoch,
            incident=None if flip.incident is None else flip.incident.id,
            from_version=before.active,
            to_version=after.active,
            actor=flip.actor,
            reason=values.text(flip.reason),
            at=flip.at,
        )
    )


def _audit(connection: Connection, before: Deployment, after: Deployment, flip: Flip) -> None:
    audit.add(
        connection,
        actor=flip.actor,
        action=f"deployment.{flip.action}",
        subject=flip.deployment,
        payload={
            "from": before.active,
            "to": after.active,
            "baseline": after.baseline,
            "epoch": after.epoch,
            "forced": flip.forced,
            "frozen": after.frozen,
            "quarantined": flip.quarantine,
            "incident": None if flip.incident is None else flip.incident.id,
            "reason": flip.reason,
            "evidence": flip.evidence,
        },
        at=flip.at,
    )
