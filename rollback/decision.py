"""The decision: what to do about a deployment, given the evidence and the policy.

Pure and idempotent: the same inputs give the same decision, and once a decision is carried out
(the epoch grows), the evidence that led to it no longer counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any

from rollback import fallback, pace
from rollback.decision_numbers import numbers_of
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.proposal import Answer
from rollback.shown_harm import ShownHarm, reaches, shown, spell
from rollback.situation import Situation


class Because(Enum):
    """What a decision follows from."""

    NO_EVIDENCE = "no evidence"  # means that nothing was judged yet
    QUIET = "quiet"  # means that no line is reached and no rule broken
    SUSPICION = "suspicion"  # means that drift reached its line
    LOOKED_INTO = "looked into"  # means that a suspicion is being looked into already
    HARM = "harm"  # means that harm is shown
    APPROVED = "approved"  # means that a person said yes
    FROZEN = "frozen"  # means that only a person may change anything
    PINNED = "pinned"  # means that a person holds the version where it is
    UNATTRIBUTED = (
        "unattributed"  # means that a rule is broken, and not by the adapter as far as known
    )
    COOL_DOWN = "cool-down"  # means that the last rollback is too recent
    MAINTENANCE = "maintenance"  # means that a window of the policy holds
    NEEDS_APPROVAL = "needs approval"  # means that a person must say yes first
    REJECTED = "rejected"  # means that a person said no
    DRY_RUN = "dry run"  # means that the policy only tells
    TOO_MANY = "too many"  # means that there were as many rollbacks as are allowed
    NO_WAY_BACK = "no way back"  # means that there is nothing good to go back to


CALM = frozenset({Because.NO_EVIDENCE, Because.QUIET, Because.LOOKED_INTO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing is changed; `tell` is whether people hear of it all the same."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    because: Because = Because.QUIET
    tell: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """Look closer: start shadow pairs and an early golden run, and tell people."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    because: Because = Because.SUSPICION


@dataclass(frozen=True, slots=True, kw_only=True)
class RollBack:
    """Put another version back; `to=None` is the base model."""

    to: str | None
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    because: Because = Because.HARM


@dataclass(frozen=True, slots=True, kw_only=True)
class Propose:
    """Ask a person whether another version may come back; `to=None` is the base model."""

    to: str | None
    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    because: Because = Because.NEEDS_APPROVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Freeze:
    """Change nothing by itself any more, and call a person."""

    reason: str
    numbers: Mapping[str, Any] = field(default_factory=dict)
    because: Because = Because.NO_WAY_BACK


Decision = Hold | Suspect | RollBack | Propose | Freeze


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
    harm = shown(deployment, current, situation, policy)
    recent = pace.recent(situation.rollbacks, policy, now)
    decided = _decided(deployment, current, harm, situation, policy, now)
    return replace(decided, numbers=numbers_of(current, situation, policy, harm, recent))


def _decided(
    deployment: Deployment,
    point: EvidencePoint | None,
    harm: ShownHarm | None,
    situation: Situation,
    policy: Policy,
    now: datetime,
) -> Decision:
    settled = _approved(deployment, situation, policy) or _held(deployment, harm)
    if settled is not None:
        return settled
    if harm is None:
        return _watch(point, situation, policy)
    answer = _answer(deployment, harm, situation, policy, now)
    return _restrained(answer, harm, situation, policy, now)


def _counts(point: EvidencePoint, deployment: Deployment) -> bool:
    about = (point.deployment, point.epoch, point.adapter)
    current = (deployment.name, deployment.epoch, deployment.active)
    return about == current and math.isfinite(point.evidence)


def _approved(deployment: Deployment, situation: Situation, policy: Policy) -> RollBack | None:
    """Do what a person approved, whatever holds others back, if it can still be done."""
    asked = situation.proposal
    if asked is None or asked.answer is not Answer.APPROVED or asked.epoch != deployment.epoch:
        return None
    if asked.needed < int(policy.approval.rollback):  # the policy asks more people by now
        return None
    target = None if asked.version is None else situation.versions.get(asked.version)
    if deployment.active == asked.version:
        return None
    if asked.version is not None and (target is None or not target.is_servable):
        return None
    return RollBack(
        to=asked.version,
        reason=f"approved by {asked.answered_by_all}: {asked.reason}",
        because=Because.APPROVED,
    )


def _held(deployment: Deployment, harm: ShownHarm | None) -> Hold | None:
    """Hold what people have stopped, and what is not known to be the adapter's."""
    if deployment.frozen is not None:
        return Hold(
            reason=f"{deployment.name} is frozen: {deployment.frozen}", because=Because.FROZEN
        )
    if harm is None:
        return None
    if deployment.pinned is not None:
        return Hold(
            reason=f"{harm.reason}, but {deployment.name} is pinned: {deployment.pinned}",
            because=Because.PINNED,
            tell=True,
        )
    if not harm.may_roll_back:
        cause = harm.attribution
        return Hold(
            reason=f"{harm.reason}, but the cause is {cause.cause.value}: {cause.reason}",
            because=Because.UNATTRIBUTED,
            tell=True,
        )
    return None


def _watch(point: EvidencePoint | None, situation: Situation, policy: Policy) -> Hold | Suspect:
    if point is None:
        return Hold(reason="no evidence about the active version yet", because=Because.NO_EVIDENCE)
    if not reaches(point.suspicion, policy.suspicion_line):
        return Hold(
            reason=f"evidence of harm {point.evidence:.3g} is below the line {spell(policy.line)}"
        )
    drift = f"drift {spell(point.suspicion)} reached the line {spell(policy.suspicion_line)}"
    if reaches(point.traffic, policy.suspicion_line):
        drift += f", and so did the change of the prompts ({spell(point.traffic)})"
    if situation.suspicion_known:
        return Hold(reason=f"{drift}; it is being looked into", because=Because.LOOKED_INTO)
    return Suspect(reason=f"{drift} after {point.position} answers")


def _answer(
    deployment: Deployment, harm: ShownHarm, situation: Situation, policy: Policy, now: datetime
) -> Hold | RollBack | Freeze:
    """Return what the harm calls for, if nobody had a say in it."""
    if deployment.active is None:
        return Freeze(reason=f"{harm.reason}, and the base model serves: nothing to roll back")
    limit = pace.limit(situation.rollbacks, policy, now)
    if limit is not None:
        return Freeze(reason=f"{harm.reason}, but {limit}", because=Because.TOO_MANY)
    rest = pace.cooling(situation.rollbacks, policy, now)
    if rest is not None:
        return Hold(reason=f"{harm.reason}, but {rest}", because=Because.COOL_DOWN)
    return _fall_back(deployment.active, deployment, harm, situation, policy, now)


def _fall_back(
    active: str,
    deployment: Deployment,
    harm: ShownHarm,
    situation: Situation,
    policy: Policy,
    now: datetime,
) -> RollBack | Freeze:
    target = next(fallback.targets(active, deployment, situation, policy, now), None)
    why = fallback.passed_over(deployment, situation)
    if target is not None:
        return RollBack(to=target.name, reason=f"{harm.reason}; back to {target.name}{why}")
    if policy.base_model_as_last_resort:
        return RollBack(
            to=None,
            reason=f"{harm.reason}; no good version is left{why}, so the base model serves",
        )
    return Freeze(reason=f"{harm.reason}, and no good version is left to go back to{why}")


def _restrained(
    answer: Hold | RollBack | Freeze,
    harm: ShownHarm,
    situation: Situation,
    policy: Policy,
    now: datetime,
) -> Decision:
    """Return what is left of an answer by the rules about when, with whom and whether at all."""
    if isinstance(answer, Hold):
        return _told_only(answer) if policy.dry_run else answer
    window = policy.maintenance.window(now)
    if window is not None and not (harm.is_hard and policy.maintenance.except_hard_faults):
        return Hold(
            reason=f"{answer.reason}; held: maintenance {window}",
            because=Because.MAINTENANCE,
            tell=True,
        )
    if isinstance(answer, RollBack) and policy.approval.rollback:
        asked = _asked(answer, situation, policy)
        return _told_only(asked) if policy.dry_run else asked
    return _told_only(answer) if policy.dry_run else answer


def _asked(answer: RollBack, situation: Situation, policy: Policy) -> Hold | Propose:
    asked = situation.proposal
    too_few = asked is not None and asked.needed < int(policy.approval.rollback)
    if asked is None or too_few or asked.version != answer.to or asked.answer is Answer.APPROVED:
        return Propose(to=answer.to, reason=answer.reason)
    if asked.answer is Answer.REJECTED:
        return Hold(
            reason=f"{answer.reason}; held: {asked.answered_by} said no: {asked.answer_reason}",
            because=Because.REJECTED,
        )
    return Hold(
        reason=f"{answer.reason}; held: waits for `backstop approve {asked.id}`",
        because=Because.NEEDS_APPROVAL,
    )


def _told_only(answer: Decision) -> Hold:
    match answer:
        case RollBack():
            act = "would roll back: "
        case Freeze():
            act = "would freeze: "
        case Propose():
            act = "would propose to roll back: "
        case _:
            act = ""
    return Hold(reason=f"dry run: {act}{answer.reason}", because=Because.DRY_RUN, tell=True)
