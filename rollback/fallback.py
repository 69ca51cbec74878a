"""What may serve instead of a version that does harm."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rollback.deployment import Deployment
from rollback.policy import Policy
from rollback.situation import Situation
from rollback.versions import PROVEN, AdapterVersion


def targets(
    active: str, deployment: Deployment, situation: Situation, policy: Policy, now: datetime
) -> Iterator[AdapterVersion]:
    """Yield the versions to go back to, best first.

    The baseline, then the newest of the family that served well. Never one that is sick, and never
    one that the deployment left for its harm within the window: that would be back and forth.
    """
    for version in _known(active, deployment.baseline, situation):
        fled = situation.left.get(version.name)
        is_back = fled is not None and now - fled < policy.rollback_window
        if version.name not in situation.sick and not is_back:
            yield version


def passed_over(deployment: Deployment, situation: Situation) -> str:
    """Say why the baseline is no target where it is sick; else nothing."""
    why = situation.sick.get(deployment.baseline or "")
    return f" ({deployment.baseline} is passed over: {why})" if why else ""


def _known(active: str, baseline: str | None, situation: Situation) -> Iterator[AdapterVersion]:
    versions = situation.versions
    trusted = versions.get(baseline) if baseline is not None else None
    if trusted is not None and trusted.name != active and trusted.is_servable:
        yield trusted
    family = active.partition("@")[0]
    for version in sorted(versions.values(), key=_age):
        good = version.state in PROVEN and version.family == family
        if good and version.name not in (active, baseline):
            yield version


def _age(version: AdapterVersion) -> tuple[float, str]:
    return (-version.created_at.timestamp(), version.name)
