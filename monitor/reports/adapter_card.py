"""An adapter card: all that is on record of a version, put together when somebody asks.

Nothing is kept beside the record, so a card is never behind what it tells of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.proposal import Proposal
from rollback.versions import AdapterVersion

_RUNS = 200  # of each deployment, the newest
_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterCard:
    """What a card tells.

    Args:
        runs: finished golden runs of the version, newest first.
        proposals: of the version, with what people said to them; newest first.
        incidents: in which the version was the one that did harm; newest first.
    """

    version: AdapterVersion
    at: datetime
    uses: Sequence[tuple[str, str]]  # deployment, what it uses the version for
    runs: Sequence[GoldenRun]
    proposals: Sequence[Proposal]
    incidents: Sequence[Incident]


def assemble(stores: Stores, version: AdapterVersion, at: datetime) -> AdapterCard:
    """Return the card of a version. Blocks."""
    name, deployments = version.name, stores.deployments.all()
    runs = [
        run
        for deployment in deployments
        for run in stores.golden.runs(deployment.name, _RUNS)
        if run.subject == name and run.verdict is not None
    ]
    return AdapterCard(
        version=version,
        at=at,
        uses=[(each.name, use) for each in deployments for use in _uses(each, name)],
        runs=sorted(runs, key=lambda run: run.started_at, reverse=True)[:_SHOWN],
        proposals=[each for each in stores.proposals.list() if each.version == name][:_SHOWN],
        incidents=[each for each in stores.incidents.list() if each.from_version == name][:_SHOWN],
    )


def _uses(deployment: Deployment, version: str) -> list[str]:
    roles = {
        "active": deployment.active,
        "baseline": deployment.baseline,
        "candidate": deployment.candidate,
    }
    return [role for role, name in roles.items() if name == version]
