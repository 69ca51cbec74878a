"""A policy's thresholds over a log's own minutes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from guards.assessment import Scored
from monitor.runtime.replay.minutes import Minutes
from rollback import breaches
from rollback.breaches import Assessment, Readings
from rollback.deployment import Deployment
from rollback.policy import Policy
from rollback.thresholds import MINUTE, Figure

_NOTHING = Assessment()


def minutes_for(policies: Iterable[Policy]) -> Minutes | None:
    """Return what keeps the minutes that some policies' thresholds need; `None` if none has any."""
    lasting = [rule.lasting for policy in policies for rule in policy.thresholds]
    if not lasting:
        return None
    return Minutes(back=max(timedelta(hours=1), 2 * max(lasting)))


def usual(scored: Iterable[Scored], version: str) -> Mapping[str, Figure]:
    """Return the usual values of the reference's answers, by indicator."""
    minutes = Minutes()
    minutes.add(scored)
    indicators = minutes.indicators()
    if not indicators:
        return {}
    end = max(each.bucket for each in indicators) + MINUTE
    return breaches.usual(indicators, version, end)


class Rules:
    """One policy's thresholds, judged whenever a minute of the log is over.

    Args:
        minutes: of all answers; `None` if no policy has thresholds.
        usual: the baseline's values in the reference.
    """

    def __init__(
        self,
        policy: Policy,
        deployment: Deployment,
        minutes: Minutes | None,
        usual: Mapping[str, Figure],
    ) -> None:
        self._policy = policy
        self._deployment = deployment
        self._minutes = minutes
        self._usual = usual
        self._minute: datetime | None = None
        self._found = _NOTHING

    def assess(self, now: datetime) -> Assessment:
        """Return what the thresholds say at a moment of the log; the newest one counts."""
        if self._minutes is None or not self._policy.thresholds:
            return _NOTHING
        minute = now.replace(second=0, microsecond=0)
        if self._minute is None or minute > self._minute:
            self._minute = minute
            self._found = self._assessed(self._minutes, minute)
        return self._found

    def _assessed(self, minutes: Minutes, now: datetime) -> Assessment:
        readings = Readings(
            indicators=minutes.indicators(),
            active=self._deployment.active,
            baseline=self._deployment.baseline,
            usual=self._usual,
            standing=frozenset(str(breach.threshold) for breach in self._found.breaches),
        )
        return breaches.assess(self._policy.thresholds, readings, now)
