"""Every table. Alembic's migrations lead to exactly this; see `alembic/versions`.

In keys, the base model is the empty string: a primary key holds no NULL.
"""

from monitor.storage.schema.base import metadata
from monitor.storage.schema.control import (
    adapters,
    audit_log,
    deliveries,
    deployments,
    fingerprints,
    incidents,
    leases,
    outbox,
    replicas,
    rollbacks,
    scheduled_runs,
)
from monitor.storage.schema.decisions import decisions, proposals
from monitor.storage.schema.record import (
    detector_states,
    evidence_points,
    exchanges,
    feedback,
    golden_cases,
    golden_results,
    golden_runs,
    golden_sets,
    hash_keys,
    indicators,
    observations,
    read_positions,
    reference_drafts,
    references,
    signal_sets,
)

__all__ = [
    "adapters",
    "audit_log",
    "decisions",
    "deliveries",
    "deployments",
    "detector_states",
    "evidence_points",
    "exchanges",
    "feedback",
    "fingerprints",
    "golden_cases",
    "golden_results",
    "golden_runs",
    "golden_sets",
    "hash_keys",
    "incidents",
    "indicators",
    "leases",
    "metadata",
    "observations",
    "outbox",
    "proposals",
    "read_positions",
    "reference_drafts",
    "references",
    "replicas",
    "rollbacks",
    "scheduled_runs",
    "signal_sets",
]
