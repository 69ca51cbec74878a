"""Every table. Alembic's migrations lead to exactly this; see `alembic/versions`.

In keys, the base model is the empty string: a primary key holds no NULL.
"""

from monitor.storage.schema.base import metadata
from monitor.storage.schema.control import (
    adapters,
    alarms,
    audit_log,
    canaries,
    canary_callers,
    deliveries,
    deployments,
    fingerprints,
    incidents,
    leases,
    outbox,
    receivers,
    replicas,
    rollbacks,
    scheduled_runs,
)
from monitor.storage.schema.decisions import decisions, proposals
from monitor.storage.schema.drills import drills
from monitor.storage.schema.indicators import (
    indicator_slices,
    levels,
    rollup_positions,
    rollup_queue,
    rollups,
)
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
    observations,
    read_positions,
    reference_drafts,
    references,
    signal_sets,
)

__all__ = [
    "adapters",
    "alarms",
    "audit_log",
    "canaries",
    "canary_callers",
    "decisions",
    "deliveries",
    "deployments",
    "detector_states",
    "drills",
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
    "indicator_slices",
    "leases",
    "levels",
    "metadata",
    "observations",
    "outbox",
    "proposals",
    "read_positions",
    "receivers",
    "reference_drafts",
    "references",
    "replicas",
    "rollbacks",
    "rollup_positions",
    "rollup_queue",
    "rollups",
    "scheduled_runs",
    "signal_sets",
]
