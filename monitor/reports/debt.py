"""What was put off: versions upon versions, forced promotions, and what waits for a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.ports.listings import AuditFilter
from monitor.ports.stores import Stores
from rollback.audit import AuditRow
from rollback.deployment import Deployment
from rollback.proposal import Answer, Proposal
from rollback.versions import AdapterVersion, VersionState

_ACTS = 500  # of a deployment, the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class ForcedPromotion:
    """A promotion that somebody forced past the gate."""

    version: str | None
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """A version in quarantine, which nobody has released.

    Args:
        since: when it was put there; `None` if that is not on record.
    """

    version: str
    since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Debt:
    """The technical debt of a deployment.

    Args:
        forebears: of the active version, the nearest first: each was made upon the next.
        active_days: days since the promotion of the active version.
        forced: newest first, of all time.
        proposals: those that nobody has answered.
    """

    forebears: tuple[str, ...]
    active_days: float | None
    forced: tuple[ForcedPromotion, ...]
    quarantined: tuple[Quarantined, ...]
    proposals: tuple[Proposal, ...]


def owed(
    stores: Stores, deployment: Deployment, versions: Sequence[AdapterVersion], now: datetime
) -> Debt:
    """Read what a deployment owes. Blocks."""
    wanted = AuditFilter(action="deployment", subject=deployment.name)
    acts = stores.listings.audit(wanted, None, _ACTS)
    promoted = deployment.promoted_at
    return Debt(
        forebears=forebears(deployment.active, {each.name: each.parent for each in versions}),
        active_days=(now - promoted) / timedelta(days=1) if promoted else None,
        forced=tuple(_forced(act) for act in acts if act.payload.get("forced")),
        quarantined=tuple(_quarantined(stores, deployment, versions, acts)),
        proposals=tuple(
            each
            for each in stores.proposals.list(deployment.name)
            if each.answer is Answer.PENDING and each.epoch == deployment.epoch
        ),
    )


def forebears(version: str | None, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the versions that a version was made upon, the nearest first.

    >>> forebears("v3", {"v3": "v2", "v2": "v1", "v1": None})
    ('v2', 'v1')
    """
    found: list[str] = []
    parent = parents.get(version) if version else None
    while parent is not None and parent != version and parent not in found:
        found.append(parent)
        parent = parents.get(parent)
    return tuple(found)


def _forced(act: AuditRow) -> ForcedPromotion:
    return ForcedPromotion(
        version=act.payload.get("to"),
        at=act.at,
        actor=act.actor,
        reason=str(act.payload.get("reason", "")),
    )


def _quarantined(
    stores: Stores,
    deployment: Deployment,
    versions: Sequence[AdapterVersion],
    acts: Sequence[AuditRow],
) -> list[Quarantined]:
    """Return the versions in quarantine that served here, or are of the deployment's family."""
    here = {act.payload.get("quarantined"): act.at for act in reversed(acts)}
    return [
        Quarantined(
            version=each.name,
            since=here.get(each.name) or _moved_at(stores, each.name),
            reason=each.reason,
        )
        for each in versions
        if each.state is VersionState.QUARANTINED
        and (each.name in here or each.family == deployment.name)
    ]


def _moved_at(stores: Stores, version: str) -> datetime | None:
    wanted = AuditFilter(action="version.quarantined", subject=version)
    acts = stores.listings.audit(wanted, None, 1)
    return acts[0].at if acts else None
