"""An incident as a timeline: which step happened when, and how long after the one before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rollback.incident import Incident

_STEPS = (
    ("promoted", "promoted_at"),
    ("suspected", "suspected_at"),
    ("decided", "decided_at"),
    ("flipped", "flipped_at"),
    ("converged", "converged_at"),
    ("proved", "proved_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an incident; `after` is the time since the step before, `None` for the first.

    A step that has not happened has no time.
    """

    name: str
    at: datetime | None
    after: timedelta | None


def timeline(incident: Incident) -> tuple[Step, ...]:
    """Return the six steps from promotion to proof, in their order."""
    steps: list[Step] = []
    before: datetime | None = None
    for name, field in _STEPS:
        at: datetime | None = getattr(incident, field)
        after = at - before if at is not None and before is not None else None
        steps.append(Step(name=name, at=at, after=after))
        before = at or before
    return tuple(steps)


def between(incident: Incident, start: str, end: str) -> timedelta | None:
    """Return the time between two steps, or `None` if either has not happened."""
    times = {step.name: step.at for step in timeline(incident)}
    first, last = times[start], times[end]
    return last - first if first is not None and last is not None else None
