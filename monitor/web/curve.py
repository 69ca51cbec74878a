"""The evidence curve with what happened to the pointer, as the dashboard draws it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.reports.names import version_label
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class PointerMark:
    """A change of the pointer, with a few words for it."""

    at: datetime
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A deployment's evidence and what happened to its pointer, both oldest first."""

    deployment: str
    points: Sequence[EvidencePoint]
    marks: Sequence[PointerMark]


def marks(
    deployment: Deployment,
    incidents: Sequence[Incident],
    labels: Mapping[str, str],
    since: datetime,
) -> list[PointerMark]:
    """Return the promotions and rollbacks since a time, as far as they are on record."""
    happened = {deployment.promoted_at: f"{version_label(deployment.active, labels)} active"}
    for incident in incidents:
        harmful = version_label(incident.from_version, labels)
        happened[incident.promoted_at] = f"{harmful} promoted"
        happened[incident.flipped_at] = f"{harmful} rolled back"
    return [
        PointerMark(at=at, label=label)
        for at, label in sorted((at, label) for at, label in happened.items() if at is not None)
        if at >= since
    ]
