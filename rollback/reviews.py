"""Technical reviews: when a person should look at what serves again, though nothing is wrong."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from rollback import card_statement
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion

AGE = timedelta(days=180)  # a review for each such period that a version is old
DEPTH = 3  # versions under a version, each made from the one below


class Cause(Enum):
    """Why a review is due."""

    AGE = "age"  # means that the version that serves was added long ago
    DEPTH = "depth"  # means that it was made from one that was made from one, and so on
    BASE_CHANGED = "base changed"  # means that the base model answers otherwise than before
    LICENCE_CHANGED = "licence changed"  # means that it, its base or data has another licence


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review that is due.

    Args:
        id: the same for a cause, a version and a period, whenever it is asked for.
    """

    id: str
    deployment: str
    version: str
    cause: Cause
    sentence: str


def due(
    deployment: Deployment,
    versions: Mapping[str, AdapterVersion],
    incidents: Sequence[Incident],
    now: datetime,
) -> list[Review]:
    """Return the reviews of what serves a deployment, done or not; none while the base serves.

    Args:
        versions: every version by name; incidents: of the deployment.
    """
    version = versions.get(deployment.active or "")
    if version is None:
        return []
    return [
        Review(
            id=_id(deployment, version, cause, period),
            deployment=deployment.name,
            version=version.name,
            cause=cause,
            sentence=sentence,
        )
        for cause, period, sentence in (
            *_aged(version, now),
            *_stacked(version, versions),
            *_base_changed(incidents),
            *_licences(version, deployment, versions),
        )
    ]


def _id(deployment: Deployment, version: AdapterVersion, cause: Cause, period: str) -> str:
    key = f"review:{deployment.name}:{version.name}:{cause.value}:{period}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, key))


def _aged(version: AdapterVersion, now: datetime) -> Iterator[tuple[Cause, str, str]]:
    periods = (now - version.created_at) // AGE
    if periods >= 1:
        days = (now - version.created_at).days
        yield Cause.AGE, str(periods), f"it was added {days} days ago"


def _stacked(
    version: AdapterVersion, versions: Mapping[str, AdapterVersion]
) -> Iterator[tuple[Cause, str, str]]:
    below: list[str] = []
    parent = version.parent
    while parent is not None and parent not in below:
        below.append(parent)
        parent = versions[parent].parent if parent in versions else None
    if len(below) >= DEPTH:
        yield Cause.DEPTH, "", f"it stands on {len(below)} versions made from each other"


def _base_changed(incidents: Sequence[Incident]) -> Iterator[tuple[Cause, str, str]]:
    for incident in incidents:
        if incident.phase is Phase.BASE_CHANGED:
            told = f"the base model answers otherwise since {incident.opened_at:%Y-%m-%d}"
            yield Cause.BASE_CHANGED, incident.id, told


def _licences(
    version: AdapterVersion, deployment: Deployment, versions: Mapping[str, AdapterVersion]
) -> Iterator[tuple[Cause, str, str]]:
    earlier = versions.get(version.parent or deployment.baseline or "")
    if earlier is None:
        return
    now, before = _stated(version), _stated(earlier)
    changed = [what for what in now if now[what] != before[what]]
    if changed:
        told = "; ".join(
            f"{each}: {before[each] or 'none'} → {now[each] or 'none'}" for each in changed
        )
        yield Cause.LICENCE_CHANGED, earlier.name, f"licences differ from {earlier.name}: {told}"


def _stated(version: AdapterVersion) -> Mapping[str, str]:
    said = card_statement.of(version.facts)
    own = str(version.facts.get("licence", ""))
    return {"adapter": own, "base model": said.base_licence, "data": said.data_licence}
