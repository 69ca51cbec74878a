"""All deployments in one glance: what the API's overview, the dashboard and the metrics show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.ports.stores import Stores
from monitor.reports.condition import Standing, gravest, standing
from monitor.reports.names import labels_of
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident
from rollback.versions import AdapterVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentView:
    """A deployment with its newest evidence and how it stands."""

    deployment: Deployment
    standing: Standing
    point: EvidencePoint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything that one glance should tell. Incidents and versions are newest first."""

    at: datetime
    standing: Standing
    deployments: tuple[DeploymentView, ...]
    incidents: tuple[Incident, ...]
    versions: tuple[AdapterVersion, ...]
    labels: dict[str, str]


def read(stores: Stores, now: datetime) -> Overview:
    """Read the overview. Blocks."""
    incidents = stores.incidents.list()
    versions = stores.registry.versions()
    labels = labels_of(versions)
    views = tuple(
        view(stores, deployment, incidents, labels, now) for deployment in stores.deployments.all()
    )
    return Overview(
        at=now,
        standing=gravest([each.standing for each in views]),
        deployments=views,
        incidents=tuple(incidents),
        versions=tuple(versions),
        labels=labels,
    )


def view(
    stores: Stores,
    deployment: Deployment,
    incidents: Sequence[Incident],
    labels: dict[str, str],
    now: datetime,
) -> DeploymentView:
    """Return one deployment with its newest evidence and how it stands. Blocks."""
    point = stores.evidence.newest(deployment.name, deployment.epoch)
    return DeploymentView(
        deployment=deployment,
        standing=standing(deployment, point, incidents, labels, now),
        point=point,
    )
