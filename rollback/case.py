"""A case: all that one decision was made by, as JSON that gives the same decision again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from rollback import decision
from rollback.decision import Decision
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.situation import Situation
from rollback.versions import PROVEN, AdapterVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """The inputs of `decision.decide`."""

    deployment: Deployment
    point: EvidencePoint | None
    situation: Situation
    policy: Policy
    now: datetime

    def decide(self) -> Decision:
        """Return the decision; the same one whenever it is asked for."""
        return decision.decide(self.deployment, self.point, self.situation, self.policy, self.now)


def of(
    deployment: Deployment,
    point: EvidencePoint | None,
    situation: Situation,
    policy: Policy,
    now: datetime,
) -> Case:
    """Return a case of what matters: numbers that are none are left out, and so are far versions."""
    return Case(
        deployment=deployment,
        point=None if point is None else _finite(point),
        situation=replace(situation, versions=_near(deployment, situation.versions)),
        policy=policy,
        now=now,
    )


def dump(case: Case) -> Mapping[str, Any]:
    """Return a case as JSON."""
    written: Mapping[str, Any] = msgspec.to_builtins(case)
    return written


def load(written: Mapping[str, Any]) -> Case:
    """Return the case that `dump` wrote.

    Raises:
        msgspec.ValidationError: for JSON that it did not write.
    """
    return msgspec.convert(written, Case)


def _finite(point: EvidencePoint) -> EvidencePoint | None:
    """Return a point whose numbers JSON knows; one without evidence is none."""
    if not math.isfinite(point.evidence):
        return None
    return replace(
        point,
        suspicion=point.suspicion if math.isfinite(point.suspicion) else 0.0,
        traffic=point.traffic if math.isfinite(point.traffic) else 0.0,
        channels={name: won for name, won in point.channels.items() if math.isfinite(won)},
    )


def _near(
    deployment: Deployment, versions: Mapping[str, AdapterVersion]
) -> Mapping[str, AdapterVersion]:
    """Return what serves, what it falls back to, and what served well, without their manifests."""
    family = (deployment.active or "").partition("@")[0]
    named = (deployment.active, deployment.baseline, deployment.candidate)
    return {
        name: replace(version, manifest={}, facts={}, reason="")
        for name, version in versions.items()
        if name in named or (version.family == family and version.state in PROVEN)
    }
