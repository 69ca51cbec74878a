"""What served a deployment at a moment, who or what changed it, and on what evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from rollback.audit import AuditRow
from rollback.times import require_aware

PROMOTE, ROLLBACK = "deployment.promote", "deployment.rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What answered a deployment's callers at a moment.

    Args:
        version: `None` for the base model.
        since, actor, action, reason, evidence, row: of the act that made it so; `None` or empty if
            nothing had moved the pointer by then. `row` is the act's number in the audit trail.
        candidate, candidate_share: which version answered that share of the callers instead.
    """

    deployment: str
    at: datetime
    version: str | None = None
    since: datetime | None = None
    actor: str | None = None
    action: str | None = None
    reason: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    incident: str | None = None
    epoch: int = 0
    row: int | None = None
    candidate: str | None = None
    candidate_share: float = 0.0


def serving(rows: Iterable[AuditRow], deployment: str, at: datetime) -> Served:
    """Return what served at a moment, from the trail alone.

    Acts are in the order of the trail; an act counts from the moment that it carries.

    Args:
        rows: every row, oldest first.
        at: timezone-aware.

    Raises:
        ValueError: if `at` is naive.
    """
    require_aware("the moment", at=at)
    served = Served(deployment=deployment, at=at)
    share: AuditRow | None = None
    for row in rows:
        if row.subject != deployment or row.at > at:
            continue
        if row.action in (PROMOTE, ROLLBACK):
            served, share = _moved(row, deployment, at), None
        elif row.action == "deployment.share":
            share = row
    return served if share is None else _shared(served, share)


def concerns(row: AuditRow, deployment: str) -> bool:
    """Tell whether an act was on a deployment, or on a version in it by name."""
    return row.subject == deployment or row.payload.get("deployment") == deployment


def _moved(row: AuditRow, deployment: str, at: datetime) -> Served:
    acted = row.payload
    return Served(
        deployment=deployment,
        at=at,
        version=acted.get("to"),
        since=row.at,
        actor=row.actor,
        action=row.action.rpartition(".")[2],
        reason=acted.get("reason", ""),
        evidence=acted.get("evidence") or {},
        incident=acted.get("incident"),
        epoch=acted.get("epoch", 0),
        row=row.seq,
    )


def _shared(served: Served, share: AuditRow) -> Served:
    return replace(
        served,
        candidate=share.payload.get("candidate"),
        candidate_share=share.payload.get("candidate_share", 0.0),
    )
