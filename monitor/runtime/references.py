"""The reference that a deployment's answers are held against: the same one for scorer and judge."""

from __future__ import annotations

import structlog

from guards.reference import Reference, UnreadableReference
from monitor.ports.evidence import Yardsticks
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)


def reference_of(evidence: Yardsticks, deployment: Deployment) -> Reference | None:
    """Return the active version's own reference once it is confirmed, else its baseline's.

    Raises `Unavailable`.
    """
    own = (deployment.active,) if deployment.confirmed else ()
    for version in (*own, deployment.baseline):
        payload = evidence.reference(deployment.name, version)
        if payload is not None:
            try:
                return Reference.from_bytes(payload)
            except UnreadableReference as error:
                log.error("reference not used", version=version, error=str(error))
    return None
