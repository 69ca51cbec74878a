"""The share of the traffic that a candidate gets, and of the prompts that are shadowed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from monitor.errors import BadRequest
from monitor.storage import audit, pointers, registry
from rollback.deployment import Deployment


def shared(
    connection: Connection,
    before: Deployment,
    *,
    candidate: str | None,
    candidate_share: float,
    shadow_rate: float,
) -> Deployment:
    """Return a deployment with other shares; its revision grows if anything differs.

    Raises `NotFound` and `Conflict` for a candidate that may not serve, and `BadRequest` for a
    share outside [0, 1].
    """
    if candidate is not None:
        registry.require_released(registry.locked(connection, candidate))
    try:
        after = replace(
            before,
            candidate=candidate,
            candidate_share=candidate_share,
            shadow_rate=shadow_rate,
        )
    except ValueError as error:
        raise BadRequest(str(error)) from error
    if (after.candidate, after.candidate_share) != (before.candidate, before.candidate_share):
        after = replace(after, canary=None)
    return before if after == before else replace(after, revision=before.revision + 1)


def put(
    connection: Connection,
    before: Deployment,
    after: Deployment,
    *,
    actor: str,
    reason: str,
    at: datetime,
) -> Deployment:
    """Write other shares with all that follows from them, if anything differs; return what is."""
    if after == before:
        return before
    pointers.write(connection, after)
    settle(connection, before, after, actor=actor, reason=reason)
    record(connection, after, actor=actor, reason=reason, at=at)
    return after


def settle(
    connection: Connection, before: Deployment, after: Deployment, *, actor: str, reason: str
) -> None:
    """Bring the states of the candidates, the old and the new, to where the written pointer puts them."""
    names = {name for name in (before.candidate, after.candidate) if name is not None}
    for version in registry.all_locked(connection, names).values():
        registry.settle(connection, version, reason, actor=actor)


def record(
    connection: Connection, after: Deployment, *, actor: str, reason: str, at: datetime
) -> None:
    """Write the audit row."""
    audit.add(
        connection,
        actor=actor,
        action="deployment.share",
        subject=after.name,
        payload={
            "epoch": after.epoch,
            "revision": after.revision,
            "candidate": after.candidate,
            "candidate_share": after.candidate_share,
            "shadow_rate": after.shadow_rate,
            "reason": reason,
        },
        at=at,
    )
