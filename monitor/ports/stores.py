"""Every store, as one thing to hand around."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.ports.alerts import Alarms, MailRoom
from monitor.ports.audit import AuditLog
from monitor.ports.canaries import CanaryStore
from monitor.ports.decisions import Decisions, Proposals
from monitor.ports.deployments import Acknowledgements, Deployments, Incidents
from monitor.ports.drills import DrillStore
from monitor.ports.evidence import EvidenceStore, Observations
from monitor.ports.feedback import FeedbackStore
from monitor.ports.golden import GoldenStore
from monitor.ports.indicators import IndicatorStore
from monitor.ports.inventory import Inventory
from monitor.ports.listings import Listings
from monitor.ports.news import News
from monitor.ports.record import ExchangeStore
from monitor.ports.retention import Retention
from monitor.ports.schedule import Leases, Schedule
from monitor.ports.versions import ArtifactStore, Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every store, as one thing to hand around; one object may play several parts."""

    exchanges: ExchangeStore
    evidence: EvidenceStore
    observations: Observations
    indicators: IndicatorStore
    retention: Retention
    news: News
    registry: Registry
    deployments: Deployments
    incidents: Incidents
    decisions: Decisions
    proposals: Proposals
    acknowledgements: Acknowledgements
    drills: DrillStore
    golden: GoldenStore
    outbox: MailRoom
    alarms: Alarms
    canaries: CanaryStore
    schedule: Schedule
    leases: Leases
    audit: AuditLog
    feedback: FeedbackStore
    artifacts: ArtifactStore
    listings: Listings
    inventory: Inventory
