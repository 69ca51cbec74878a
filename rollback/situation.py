"""The situation of a deployment: what is known beside the evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from rollback.proposal import Proposal
from rollback.thresholds import Breach, Unjudged
from rollback.versions import AdapterVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The other deployments on the engine, in one indicator.

    Args:
        count: those with values now; hit: of those, whose values are bad now and were not before.
    """

    count: int
    hit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known beside the evidence.

    Args:
        versions: every version that may matter, by name; an unknown one is never a target.
        rollbacks: when this deployment was rolled back.
        left: version → when the deployment was last rolled back from it.
        sick: version → why it is no place to go back to, beside its state.
        breaches: thresholds that the active version breaks now.
        unjudged: thresholds that cannot be judged now.
        neighbours: indicator → the other deployments on the engine.
        base_changed: whether the base model gives other answers to its probes; `None`: not asked.
        suspicion_known: whether the suspicion of this epoch has been acted upon already.
        proposal: the newest proposal to roll back in this epoch.
    """

    versions: Mapping[str, AdapterVersion]
    rollbacks: tuple[datetime, ...] = ()
    left: Mapping[str, datetime] = field(default_factory=dict)
    sick: Mapping[str, str] = field(default_factory=dict)
    breaches: tuple[Breach, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    neighbours: Mapping[str, Neighbours] = field(default_factory=dict)
    base_changed: bool | None = None
    suspicion_known: bool = False
    proposal: Proposal | None = None
