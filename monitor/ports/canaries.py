"""Canaries: candidates with a share of the callers, and what their answers were worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from monitor.ports.alerts import Notice
from rollback.canary import Advance, Canary
from rollback.deployment import Deployment
from rollback.incident import Incident


class CanaryStore(Protocol):
    """Canaries; every step is one transaction, fenced by the epoch and the canary's own id."""

    def begin(self, canary: Canary) -> Deployment:
        """Give a candidate its first share, with an audit row.

        Raises `Conflict` for another epoch, a quarantined candidate, or a candidate that is there
        already, `NotFound` for an unknown one.
        """

    def running(self, deployment: str) -> Canary | None:
        """Return the canary that runs, with all that was observed."""

    def advance(self, canary: Canary, move: Advance, at: datetime) -> Deployment:
        """Begin the next step, with an audit row. Raises `Conflict` if that was done, or it is over."""

    def withdraw(
        self, canary: Canary, incident: Incident, notice: Notice, evidence: Mapping[str, Any]
    ) -> Deployment:
        """Take the candidate away and quarantine it, with incident, audit and outbox rows.

        Raises `Conflict` if the canary is over.
        """

    def recent(self, deployment: str, limit: int) -> Sequence[Canary]:
        """Return the canaries of a deployment, newest first."""
