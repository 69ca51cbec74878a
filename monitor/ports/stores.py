"""Every store, as one thing to hand around."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.ports.alerts import Outbox
from monitor.ports.audit import AuditLog
from monitor.ports.decisions import Decisions, Proposals
from monitor.ports.deployments import Acknowledgements, Deployments, Incidents
from monitor.ports.evidence import EvidenceStore, Observations
from monitor.ports.feedback import FeedbackStore
from monitor.ports.golden import GoldenStore
from monitor.ports.indicators import IndicatorStore
from monitor.ports.news import News
from monitor.ports.record import ExchangeStore
from monitor.ports.schedule import Leases, Schedule
from monitor.ports.versions import ArtifactStore, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every store, as one thing to hand around; one object may play several parts."""

    exchanges: ExchangeStore
    evidence: EvidenceStore
    observations: Observations
    indicators: IndicatorStore
    news: News
    registry: Registry
    deployments: Deployments
    incidents: Incidents
    decisions: Decisions
    proposals: Proposals
    acknowledgements: Acknowledgements
    golden: GoldenStore
    outbox: Outbox
    schedule: Schedule
    leases: Leases
    audit: AuditLog
    feedback: FeedbackStore
    artifacts: ArtifactStore
