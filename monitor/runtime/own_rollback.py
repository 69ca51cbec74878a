"""What a rollback without Postgres consists of: the act itself, and what is written of it afterwards."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from monitor.ports.alerts import Notice
from monitor.ports.deployments import Flip
from monitor.runtime.last_good import Act
from rollback.actors import AUTOMATIC
from rollback.decision import RollBack
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase


def act_of(before: Deployment, decided: RollBack, now: datetime) -> Act:
    """Return the act. Replicas that do the same of one epoch do it under one incident."""
    key = f"away:{before.name}:{before.epoch}:{before.active}:{decided.to}"
    reason = f"{decided.reason} (by one replica, while the database was away)"
    incident = Incident(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        deployment=before.name,
        opened_at=now,
        phase=Phase.FLIPPED,
        from_version=before.active,
        to_version=decided.to,
        reason=reason,
        actor=AUTOMATIC,
        epoch=before.epoch + 1,
        evidence=decided.numbers,
        promoted_at=before.promoted_at,
        decided_at=now,
        flipped_at=now,
    )
    return Act(
        before=before,
        to=decided.to,
        reason=reason,
        evidence=decided.numbers,
        incident=incident,
        at=now,
    )


def flip(act: Act, link: str) -> Flip:
    """Return the flip that tells Postgres of an act."""
    return Flip(
        deployment=act.before.name,
        expected_epoch=act.before.epoch,
        active=act.to,
        baseline=act.after.baseline,
        actor=AUTOMATIC,
        reason=act.reason,
        at=act.at,
        action="rollback",
        quarantine=act.before.active,
        incident=act.incident,
        notice=notice(act, link),
        evidence=act.evidence,
    )


def notice(act: Act, link: str) -> Notice:
    """Return the news of an act; its id is the incident's, whoever tells it."""
    to = act.to or "the base model"
    title = f"{act.before.name}: rolled back to {to} while the database was away"
    return _told(act, act.incident.id, "rollback", title, link)


def overruled(act: Act, stored: Deployment, why: str, link: str) -> Notice:
    """Return the news that Postgres says otherwise."""
    notice_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"overruled:{act.incident.id}"))
    title = f"{stored.name}: the rollback of {act.at:%H:%M:%S} was overruled"
    facts = {"serves": stored.active, "why": why}
    return _told(act, notice_id, "overruled", title, link, facts)


def overruled_facts(act: Act, stored: Deployment, why: str) -> dict[str, Any]:
    """Return what the audit trail says of an act that Postgres overruled, as JSON."""
    return {
        "incident": act.incident.id,
        "from": act.before.active,
        "to": act.to,
        "at": act.at.isoformat(),
        "serves": stored.active,
        "epoch": stored.epoch,
        "reason": why,
    }


def _told(
    act: Act,
    notice_id: str,
    kind: str,
    title: str,
    link: str,
    facts: Mapping[str, Any] = MappingProxyType({}),
) -> Notice:
    return Notice(
        id=notice_id,
        kind=kind,
        severity="critical",
        title=title,
        facts={
            "deployment": act.before.name,
            "incident": act.incident.id,
            "from": act.before.active,
            "to": act.to,
            "reason": act.reason,
            "actor": AUTOMATIC,
            "link": link,
            **facts,
        },
        created_at=act.at,
    )
