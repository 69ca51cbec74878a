"""Reads indicators for a decision: the rules' breaches, the baseline's figures, the neighbours."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.ports.indicators import Indicator, IndicatorStore
from rollback import breaches, neighbours
from rollback.breaches import Assessment, Readings
from rollback.deployment import Deployment
from rollback.indicators import catalogue
from rollback.neighbours import Neighbour, Trouble
from rollback.policy import Policy
from rollback.situation import Neighbours
from rollback.thresholds import Action, Breach, Figure, RelativeTo, Side, Threshold

_BACK = timedelta(hours=1)
_DAYS_BACK = timedelta(days=3)  # of the baseline, before its successor began to serve
_FAULT_RATE = "fault_rate"
_FAULTS_LASTING = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """What the indicators of a deployment say now.

    Args:
        sick: version → which rule it breaks itself, and so is no place to go back to.
    """

    assessment: Assessment
    sick: Mapping[str, str]


class Gauges:
    """Reads the indicators."""

    def __init__(self, indicators: IndicatorStore) -> None:
        self._indicators = indicators
        self._usual: dict[str, tuple[tuple[int, str | None], Mapping[str, Figure]]] = {}

    async def read(
        self, deployment: Deployment, policy: Policy, now: datetime, standing: Collection[str]
    ) -> Gauge:
        """Return what a deployment's rules say.

        Args:
            standing: rules that were broken at the last look.
        """
        rules = policy.thresholds
        if not rules:
            return Gauge(assessment=Assessment(), sick={})
        back = max(_BACK, 2 * max(rule.lasting for rule in rules))
        readings = Readings(
            indicators=await self._read(deployment.name, now - back, now),
            active=deployment.active,
            baseline=deployment.baseline,
            usual=await self._usual_of(deployment, rules),
            standing=standing,
        )
        return Gauge(
            assessment=breaches.assess(rules, readings, now),
            sick=_sick(deployment, rules, readings, now),
        )

    async def neighbours(
        self,
        deployment: Deployment,
        others: Sequence[Deployment],
        assessment: Assessment,
        policy: Policy,
        now: datetime,
    ) -> Mapping[str, Neighbours]:
        """Return what the other deployments on the engine have of the same trouble, by indicator."""
        troubles = [_faults(policy), *map(_trouble, _operations(assessment))]
        back = max(_BACK, 2 * max(trouble.lasting for trouble in troubles))
        around = [
            Neighbour(active=other.active, indicators=await self._read(other.name, now - back, now))
            for other in others
            if other.name != deployment.name
        ]
        return {trouble.indicator: neighbours.look(trouble, around, now) for trouble in troubles}

    async def _read(self, name: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        return await asyncio.to_thread(self._indicators.indicators, name, since, until)

    async def _usual_of(
        self, deployment: Deployment, rules: Sequence[Threshold]
    ) -> Mapping[str, Figure]:
        """Return the baseline's values before its successor served; they change no more."""
        if deployment.promoted_at is None or deployment.baseline is None:
            return {}
        if not any(
            rule.relative_to is RelativeTo.BASELINE or _is_operations(rule) for rule in rules
        ):
            return {}
        key = (deployment.epoch, deployment.baseline)
        known = self._usual.get(deployment.name)
        if known is None or known[0] != key:
            until = deployment.promoted_at
            days = await self._read(deployment.name, until - _DAYS_BACK, until)
            known = (key, breaches.usual(days, deployment.baseline, until))
            self._usual[deployment.name] = known
        return known[1]


def _sick(
    deployment: Deployment, rules: Sequence[Threshold], readings: Readings, now: datetime
) -> Mapping[str, str]:
    """Return the baseline if its own answers break a rule on quality that rolls back."""
    if deployment.baseline is None:
        return {}
    own = [
        rule
        for rule in rules
        if rule.action is Action.ROLLBACK
        and rule.relative_to is RelativeTo.NUMBER
        and not _is_operations(rule)
    ]
    about = Readings(indicators=readings.indicators, active=deployment.baseline)
    broken = breaches.assess(own, about, now).breaches
    return {deployment.baseline: f"it breaks {broken[0]} itself"} if broken else {}


def _is_operations(rule: Threshold) -> bool:
    return catalogue.is_operational(rule.indicator)


def _operations(assessment: Assessment) -> Sequence[Breach]:
    return [each for each in assessment.breaches if _is_operations(each.threshold)]


def _trouble(breach: Breach) -> Trouble:
    rule = breach.threshold
    return Trouble(
        indicator=rule.indicator, side=rule.side, limit=breach.limit, lasting=rule.lasting
    )


def _faults(policy: Policy) -> Trouble:
    return Trouble(
        indicator=_FAULT_RATE,
        side=Side.ABOVE,
        limit=policy.fault_rate_tolerated,
        lasting=_FAULTS_LASTING,
    )
