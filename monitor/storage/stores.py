"""Every store over one database."""

from __future__ import annotations

from sqlalchemy.engine import Engine

from monitor.ports.stores import Stores
from monitor.ports.versions import ArtifactStore
from monitor.storage.acknowledgements import PostgresAcknowledgements
from monitor.storage.alarms import PostgresAlarms
from monitor.storage.audit import PostgresAuditLog
from monitor.storage.canaries import PostgresCanaries
from monitor.storage.decisions import PostgresDecisions
from monitor.storage.deployments import PostgresDeployments
from monitor.storage.drills import PostgresDrills
from monitor.storage.evidence import PostgresEvidence
from monitor.storage.exchanges import PostgresExchanges
from monitor.storage.feedback import PostgresFeedback
from monitor.storage.golden import PostgresGolden
from monitor.storage.incidents import PostgresIncidents
from monitor.storage.indicators import PostgresIndicators
from monitor.storage.inventory import PostgresInventory
from monitor.storage.leases import PostgresLeases
from monitor.storage.listings import PostgresListings
from monitor.storage.mail import PostgresMailRoom
from monitor.storage.news import PostgresNews
from monitor.storage.observations import PostgresObservations
from monitor.storage.proposals import PostgresProposals
from monitor.storage.registry import PostgresRegistry
from monitor.storage.retention import PostgresRetention
from monitor.storage.schedule import PostgresSchedule


def open_stores(engine: Engine, artifacts: ArtifactStore) -> Stores:
    """Return the stores over a database whose schema is current."""
    return Stores(
        exchanges=PostgresExchanges(engine),
        evidence=PostgresEvidence(engine),
        observations=PostgresObservations(engine),
        indicators=PostgresIndicators(engine),
        retention=PostgresRetention(engine),
        news=PostgresNews(engine),
        registry=PostgresRegistry(engine),
        deployments=PostgresDeployments(engine),
        incidents=PostgresIncidents(engine),
        decisions=PostgresDecisions(engine),
        proposals=PostgresProposals(engine),
        acknowledgements=PostgresAcknowledgements(engine),
        drills=PostgresDrills(engine),
        golden=PostgresGolden(engine),
        outbox=PostgresMailRoom(engine),
        alarms=PostgresAlarms(engine),
        canaries=PostgresCanaries(engine),
        schedule=PostgresSchedule(engine),
        leases=PostgresLeases(engine),
        audit=PostgresAuditLog(engine),
        feedback=PostgresFeedback(engine),
        artifacts=artifacts,
        listings=PostgresListings(engine),
        inventory=PostgresInventory(engine),
    )
