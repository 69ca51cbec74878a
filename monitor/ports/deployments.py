"""The pointers, what moves them, and who follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from monitor.ports.alerts import Notice
from rollback.deployment import Deployment
from rollback.incident import Incident, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One move of a deployment's pointer, and everything that must be written with it."""

    deployment: str
    expected_epoch: int  # compare-and-set
    active: str | None
    baseline: str | None
    actor: str
    reason: str
    at: datetime
    action: str  # promote, rollback
    forced: bool = False
    frozen: str | None = None
    quarantine: str | None = None  # version that becomes QUARANTINED
    incident: Incident | None = None
    notice: Notice | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    canary: str | None = None  # that ends with it, for its evidence is the reason


class Pointers(Protocol):
    """Which version serves which deployment, to read."""

    def all(self) -> Sequence[Deployment]:
        """Return every deployment, by name."""


class Deployments(Pointers, Protocol):
    """The pointers: which version serves which deployment."""

    def ensure(self, name: str) -> Deployment:
        """Return a deployment, made with the base model active if it is new."""

    def flip(self, flip: Flip) -> Deployment:
        """Move the pointer, states, incident, audit and outbox rows in one transaction.

        The new active version is `confirmed` if its reference is frozen here already.
        Raises `Conflict` if the epoch is no longer `expected_epoch`, the new active version is
        quarantined, or `rollback.moves` does not allow it (nothing moves by itself while frozen). Repeating a flip whose incident id is already stored changes nothing.
        """

    def amend(
        self,
        name: str,
        *,
        expected_epoch: int,
        actor: str,
        reason: str,
        at: datetime,
        confirmed: bool | None = None,
        frozen: str | None = None,
        pinned: str | None = None,
    ) -> Deployment:
        """Set `confirmed`, `frozen` or `pinned` (an empty string ends either), with an audit row.

        Raises `Conflict` for another epoch, or what `rollback.moves` does not allow.
        """

    def share(
        self,
        name: str,
        *,
        expected_epoch: int,
        candidate: str | None,
        candidate_share: float,
        shadow_rate: float,
        actor: str,
        reason: str,
        at: datetime,
    ) -> Deployment:
        """Give a candidate a share of the callers, and shadow a share of the prompts, with an audit row.

        The epoch stays, so that the active version's evidence goes on; the revision grows. A flip
        takes the candidate away. A canary ends where the candidate or its share changes. Raises `Conflict` for another epoch or a quarantined candidate,
        `NotFound` for an unknown one.
        """

    def shadow(
        self, name: str, *, expected_epoch: int, rate: float, reason: str, at: datetime
    ) -> Deployment:
        """Shadow a share of the prompts, and leave the candidate its own, with an audit row.

        Raises `Conflict` for another epoch.
        """


class Incidents(Protocol):
    """Breaches and how far the answer to them has come."""

    def open(self, incident: Incident, notice: Notice) -> None:
        """Record an incident without a flip (a freeze), with audit and outbox rows; idempotent by id."""

    def advance(
        self,
        incident_id: str,
        phase: Phase,
        *,
        at: datetime,
        exposure: int | None = None,
        notice: Notice | None = None,
    ) -> Incident:
        """Record that a step is done, once; a phase that is passed already is left alone.

        A notice replaces the one that waits under its id and is due at once; one that has left
        is left alone.
        """

    def unfinished(self) -> Sequence[Incident]:
        """Return incidents in phase FLIPPED or CONVERGED, oldest first."""

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises `NotFound`."""

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Incident]:
        """Return incidents, newest first."""


class Acknowledgements(Protocol):
    """Which replica routes by which epoch."""

    def acknowledge(self, replica: str, epochs: Mapping[str, int], at: datetime) -> None:
        """Record a replica's heartbeat and the epoch it routes by, per deployment."""

    def lagging(self, deployment: str, epoch: int, alive_since: datetime) -> Sequence[str]:
        """Return live replicas that have not reached the epoch."""
