"""An incident: a breach with everything that led to it and followed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from rollback.times import require_aware


class Phase(Enum):
    """How far the answer to an incident has come. Every step is taken once, by whoever leads."""

    FLIPPED = "flipped"  # means that the pointer moved in Postgres; replicas may lag
    CONVERGED = "converged"  # means that every live replica routes to the new version
    PROVED = "proved"  # means that the engine showed the fingerprint of the new version
    UNPROVED = "unproved"  # means that the proof failed: a person must look
    WITHDRAWN = "withdrawn"  # means that a candidate's share was taken away; the pointer stays
    FROZEN = "frozen"  # means that nothing was changed, by rule, and a person must decide
    BASE_CHANGED = "base_changed"  # means that the base model changed; no version is to blame


# What follows on what.
STEPS: Mapping[Phase, frozenset[Phase]] = {
    Phase.FLIPPED: frozenset({Phase.CONVERGED}),
    Phase.CONVERGED: frozenset({Phase.PROVED, Phase.UNPROVED}),
    Phase.PROVED: frozenset(),
    Phase.UNPROVED: frozenset(),
    Phase.WITHDRAWN: frozenset(),
    Phase.FROZEN: frozenset(),
    Phase.BASE_CHANGED: frozenset(),
}

UNFINISHED = tuple(phase for phase in Phase if STEPS[phase])


def is_ahead(phase: Phase, reached: Phase) -> bool:
    """Tell whether a phase lies ahead of the one that was reached.

    >>> is_ahead(Phase.PROVED, Phase.FLIPPED), is_ahead(Phase.CONVERGED, Phase.PROVED)
    (True, False)
    """
    return any(phase is step or is_ahead(phase, step) for step in STEPS[reached])


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One breach and what was done about it.

    Args:
        id: UUID, made by who decides; also the key of the alert, so that a retry is no second one.
        suspected_at: when drift first crossed the line of suspicion, if it did.
        from_version, to_version: `None` is the base model.
        evidence: the numbers of the decision, JSON-able.
        exposure: answers that the bad version gave from its promotion to the end of the rollback.

    Raises:
        ValueError: if a moment is naive.
    """

    id: str
    deployment: str
    opened_at: datetime
    phase: Phase
    from_version: str | None
    to_version: str | None
    reason: str
    actor: str
    epoch: int  # of the flip
    evidence: Mapping[str, Any] = field(default_factory=dict)
    promoted_at: datetime | None = None
    suspected_at: datetime | None = None
    decided_at: datetime | None = None
    flipped_at: datetime | None = None
    converged_at: datetime | None = None
    proved_at: datetime | None = None
    exposure: int | None = None

    def __post_init__(self) -> None:
        require_aware(
            f"incident {self.id}",
            opened_at=self.opened_at,
            promoted_at=self.promoted_at,
            suspected_at=self.suspected_at,
            decided_at=self.decided_at,
            flipped_at=self.flipped_at,
            converged_at=self.converged_at,
            proved_at=self.proved_at,
        )
