"""The decision: what to do about a deployment, given the evidence and the policy.

Pure and idempotent: the same inputs give the same decision, and once a decision is carried out
(the epoch grows), the evidence that led to it no longer counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rollback.canonical import plain
from rollback.deployment import Deployment
from rollback.durations import spell
from rollback.evidence import EvidencePoint
from rollback.judge_settings import DRIFT_WEIGHT
from rollback.policy import Policy
from rollback.thresholds import Action, Breach
from rollback.versions import PROVEN, AdapterVersion

_MANY_DIGITS = 1e9  # evidence may grow to 1e300, which nobody reads in full


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known beside the evidence.

    Args:
        versions: every version that may matter, by name; an unknown one is never a target.
        rollbacks: when this deployment was rolled back.
        breaches: thresholds that the active version breaks now.
        suspicion_known: whether the suspicion of this epoch has been acted upon already.
    """

    versions: Mapping[str, AdapterVersion]
    rollbacks: tuple[datetime, ...] = ()
    breaches: tuple[Breach, ...] = ()
    suspicion_known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing is changed."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Look closer: start shadow pairs and an early golden run, and tell people."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Put another version back; `to=None` is the base model."""

    to: str | None
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Change nothing by itself any more, and call a person."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)


Decision = Hold | Suspect | RollBack | Freeze


def decide(
    deployment: Deployment,
    point: EvidencePoint | None,
    situation: Situation,
    policy: Policy,
    now: datetime,
) -> Decision:
    """Return what to do about a deployment.

    Args:
        point: newest evidence, or the one that crossed the line; `None` if there is none. Evidence
            of another epoch or version, or that is no finite number, is ignored.
        now: timezone-aware.
    """
    current = point if point is not None and _counts(point, deployment) else None
    numbers = _numbers(current, situation, policy, now)
    if deployment.frozen is not None:
        return Hold(reason=f"{deployment.name} is frozen: {deployment.frozen}", numbers=numbers)
    harm = _harm(current, situation, policy)
    if harm is None:
        return _watch(current, situation, policy, numbers)
    answer = _answer(deployment, harm, situation, policy, now, numbers)
    return _told_only(answer) if policy.dry_run else answer


def _counts(point: EvidencePoint, deployment: Deployment) -> bool:
    about = (point.deployment, point.epoch, point.adapter)
    current = (deployment.name, deployment.epoch, deployment.active)
    return about == current and math.isfinite(point.evidence)


def _harm(point: EvidencePoint | None, situation: Situation, policy: Policy) -> str | None:
    """Say in words what harm is shown, or `None`."""
    if point is not None and _reaches(point.evidence, policy.line):
        reached = f"{_spell(point.evidence)} reached the line {_spell(policy.line)}"
        return f"evidence of {_kind(point, policy)} {reached} after {point.position} answers"
    for breach in situation.breaches:
        if breach.threshold.action is Action.ROLLBACK:
            return f"threshold broken: {breach}"
    return None


def _kind(point: EvidencePoint, policy: Policy) -> str:
    """Say what the evidence is of: where drift may roll back, all of it may be drift's."""
    of_drift = policy.drift_may_roll_back and point.evidence <= DRIFT_WEIGHT * point.suspicion
    return "drift, which the policy lets roll back," if of_drift else "harm"


def _reaches(value: float, line: float) -> bool:
    return math.isfinite(value) and value >= line


def _spell(value: float) -> str:
    return f"{value:,.0f}" if value < _MANY_DIGITS else f"{value:.1e}"


def _watch(
    point: EvidencePoint | None, situation: Situation, policy: Policy, numbers: Mapping[str, Any]
) -> Hold | Suspect:
    if point is None:
        return Hold(reason="no evidence about the active version yet", numbers=numbers)
    if not _reaches(point.suspicion, policy.suspicion_line):
        return Hold(
            reason=f"evidence of harm {point.evidence:.3g} is below the line {_spell(policy.line)}",
            numbers=numbers,
        )
    drift = f"drift {_spell(point.suspicion)} reached the line {_spell(policy.suspicion_line)}"
    if _reaches(point.traffic, policy.suspicion_line):
        drift += f", and so did the change of the prompts ({_spell(point.traffic)})"
    if situation.suspicion_known:
        return Hold(reason=f"{drift}; it is being looked into", numbers=numbers)
    return Suspect(reason=f"{drift} after {point.position} answers", numbers=numbers)


def _answer(
    deployment: Deployment,
    harm: str,
    situation: Situation,
    policy: Policy,
    now: datetime,
    numbers: Mapping[str, Any],
) -> Decision:
    if deployment.active is None:
        return Freeze(
            reason=f"{harm}, and the base model serves: nothing to roll back", numbers=numbers
        )
    limit = _limit(situation.rollbacks, policy, now)
    if limit is not None:
        return Freeze(reason=f"{harm}, but {limit}", numbers=numbers)
    rest = _cooling(situation.rollbacks, policy, now)
    if rest is not None:
        return Hold(reason=f"{harm}, but {rest}", numbers=numbers)
    return _fall_back(deployment.active, deployment, harm, situation, policy, numbers)


def _limit(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> str | None:
    count = _recent(rollbacks, policy, now)
    if count < policy.max_rollbacks:
        return None
    return f"{count} rollbacks within {spell(policy.rollback_window)} are the most allowed"


def _recent(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> int:
    return sum(now - moment < policy.rollback_window for moment in rollbacks)


def _cooling(rollbacks: tuple[datetime, ...], policy: Policy, now: datetime) -> str | None:
    since = now - max(rollbacks) if rollbacks else None
    if since is None or since >= policy.cool_down:
        return None
    return (
        f"the last rollback was {spell(since)} ago and the cool-down is {spell(policy.cool_down)}"
    )


def _fall_back(
    active: str,
    deployment: Deployment,
    harm: str,
    situation: Situation,
    policy: Policy,
    numbers: Mapping[str, Any],
) -> RollBack | Freeze:
    target = next(_targets(active, deployment.baseline, situation.versions), None)
    if target is not None:
        return RollBack(to=target.name, reason=f"{harm}; back to {target.name}", numbers=numbers)
    if policy.base_model_as_last_resort:
        return RollBack(
            to=None,
            reason=f"{harm}; no good version is left, so the base model serves",
            numbers=numbers,
        )
    return Freeze(reason=f"{harm}, and no good version is left to go back to", numbers=numbers)


def _targets(
    active: str, baseline: str | None, versions: Mapping[str, AdapterVersion]
) -> Iterator[AdapterVersion]:
    """Yield what may serve instead, best first: the baseline, then the newest that served well."""
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


def _told_only(answer: Decision) -> Hold:
    match answer:
        case RollBack():
            act = "would roll back: "
        case Freeze():
            act = "would freeze: "
        case _:
            act = ""
    return Hold(reason=f"dry run: {act}{answer.reason}", numbers=answer.numbers)


def _numbers(
    point: EvidencePoint | None, situation: Situation, policy: Policy, now: datetime
) -> Mapping[str, Any]:
    numbers: dict[str, Any] = {
        "line": policy.line,
        "suspicion_line": policy.suspicion_line,
        "rollbacks_in_window": _recent(situation.rollbacks, policy, now),
        "breaches": [str(breach) for breach in situation.breaches],
    }
    if point is not None:
        numbers |= {
            "evidence": point.evidence,
            "suspicion": point.suspicion,
            "traffic": point.traffic,
            "capped": point.capped,
            "position": point.position,
            "channels": dict(point.channels),
        }
    clean: Mapping[str, Any] = plain(numbers)  # a channel may be NaN, which JSON does not know
    return clean
