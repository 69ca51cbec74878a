"""What harm is shown of the active version, and whose fault it is."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from rollback.attribution import Attribution, Cause, Clues, attribute
from rollback.deployment import Deployment
from rollback.evidence import DRIFT, TRAFFIC, EvidencePoint
from rollback.indicators import catalogue
from rollback.judge_settings import DRIFT_WEIGHT
from rollback.policy import Policy
from rollback.situation import Neighbours, Situation
from rollback.thresholds import MINUTE, Action, Breach

_MANY_DIGITS = 1e9  # evidence may grow to 1e300, which nobody reads in full
_FIRST_MINUTES = timedelta(minutes=2)  # the flip lies within a minute, and routes follow it
_PAIRED = ("pairs", "golden")  # channels that compare on the same prompts
_FAULTS = "faults"
_FAULT_RATE = "fault_rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHarm:
    """A harm, in words and with its cause.

    Args:
        is_hard: whether faults alone show it: errors, empty or broken answers.
        rule: the threshold that is broken, `None` for evidence.
    """

    reason: str
    attribution: Attribution
    is_hard: bool = False
    rule: Breach | None = None

    @property
    def may_roll_back(self) -> bool:
        """Whether it is the adapter's, as far as that must be shown.

        Evidence has shown it. A broken rule on operations has not: a slow machine is no
        adapter's fault.
        """
        if self.rule is None:
            return True
        operational = catalogue.is_operational(self.rule.threshold.indicator)
        return not operational or self.attribution.cause is Cause.ADAPTER


def shown(
    deployment: Deployment, point: EvidencePoint | None, situation: Situation, policy: Policy
) -> ShownHarm | None:
    """Return the harm that is shown: one that may roll back if there is any."""
    found = list(_harms(deployment, point, situation, policy))
    return next((harm for harm in found if harm.may_roll_back), found[0] if found else None)


def reaches(value: float, line: float) -> bool:
    """Tell whether evidence has reached a line; what is no number has not."""
    return math.isfinite(value) and value >= line


def spell(value: float) -> str:
    """Return evidence in few digits."""
    return f"{value:,.0f}" if value < _MANY_DIGITS else f"{value:.1e}"


def _harms(
    deployment: Deployment, point: EvidencePoint | None, situation: Situation, policy: Policy
) -> Iterator[ShownHarm]:
    if point is not None and reaches(point.evidence, policy.line):
        yield _of_evidence(point, situation, policy)
    for breach in situation.breaches:
        if breach.threshold.action is Action.ROLLBACK:
            yield _of_breach(breach, deployment, point, situation, policy)


def _of_evidence(point: EvidencePoint, situation: Situation, policy: Policy) -> ShownHarm:
    reached = f"{spell(point.evidence)} reached the line {spell(policy.line)}"
    leading = _leading(point, policy)
    around = situation.neighbours.get(_FAULT_RATE, Neighbours(count=0, hit=0))
    clues = Clues(
        is_paired=leading in _PAIRED,
        others=around.count,
        others_hit=around.hit,
        traffic=point.traffic,
        traffic_line=policy.suspicion_line,
        base_changed=situation.base_changed,
    )
    faults = policy.weights.get(_FAULTS, 0.0) * point.channels.get(_FAULTS, 0.0)
    return ShownHarm(
        reason=f"evidence of {_kind(point, policy)} {reached} after {point.position} answers",
        attribution=attribute(clues),
        is_hard=reaches(faults, policy.line),
    )


def _of_breach(
    breach: Breach,
    deployment: Deployment,
    point: EvidencePoint | None,
    situation: Situation,
    policy: Policy,
) -> ShownHarm:
    around = situation.neighbours.get(breach.threshold.indicator, Neighbours(count=0, hit=0))
    clues = Clues(
        baseline_hit=breach.hits_baseline,
        others=around.count,
        others_hit=around.hit,
        traffic=0.0 if point is None else point.traffic,
        traffic_line=policy.suspicion_line,
        base_changed=situation.base_changed,
        since_promotion=_began_with(breach, deployment),
    )
    return ShownHarm(
        reason=f"threshold broken: {breach}", attribution=attribute(clues), rule=breach
    )


def _began_with(breach: Breach, deployment: Deployment) -> bool | None:
    """Tell whether a version was bad from its first minutes on, and its baseline was not before."""
    if deployment.promoted_at is None or breach.before is None:
        return None
    first = deployment.promoted_at.replace(second=0, microsecond=0)
    was_bad = breach.threshold.side.holds(breach.before.value, breach.limit)
    return not was_bad and first - MINUTE <= breach.since <= first + _FIRST_MINUTES


def _kind(point: EvidencePoint, policy: Policy) -> str:
    """Say what the evidence is of: where drift may roll back, all of it may be drift's."""
    of_drift = policy.drift_may_roll_back and point.evidence <= DRIFT_WEIGHT * point.suspicion
    return "drift, which the policy lets roll back," if of_drift else "harm"


def _leading(point: EvidencePoint, policy: Policy) -> str:
    """Return the channel of harm that adds most, empty if there is none."""
    weighted = {
        name: _weight(name, policy.weights) * won
        for name, won in point.channels.items()
        if not name.startswith((DRIFT, TRAFFIC)) and math.isfinite(won)
    }
    return max(weighted, key=lambda name: weighted[name], default="")


def _weight(channel: str, weights: Mapping[str, float]) -> float:
    return weights.get("pairs" if channel == "grades" else channel, 0.0)
