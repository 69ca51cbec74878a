"""Sets how many prompts are shadowed: more under suspicion, none outside its hours or its budget.

Level-triggered: each tick compares what should be with what is stored, so that a suspicion raises the
rate at once, and the rate falls back when the suspicion is cleared or the epoch ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from guards.declared import Prices
from monitor.config.hours import Hours
from monitor.ports.stores import Stores
from monitor.runtime.convergence import Convergence
from monitor.runtime.watch import Watch
from rollback.deployment import Deployment

_LOOK = timedelta(seconds=15)  # between two looks at what the day's shadows have cost
_PER = 1_000  # tokens that a price is of


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowPlan:
    """How many prompts are shadowed.

    Args:
        rate, on_suspicion_rate: in [0, 1].
        hours: when; always where there are none.
        prices, most_cost_per_day: what the shadows since midnight UTC may cost; `None` is no bound.
    """

    rate: float
    on_suspicion_rate: float
    hours: tuple[Hours, ...] = ()
    prices: Prices | None = None
    most_cost_per_day: float | None = None

    def wanted(self, *, suspected: bool, now: datetime) -> tuple[float, str]:
        """Return the rate that the plan asks for, and why, before its budget."""
        if self.hours and not any(each.contain(now) for each in self.hours):
            return 0.0, "outside the hours of shadows"
        if suspected and self.on_suspicion_rate > 0.0:
            return self.on_suspicion_rate, "the active version is under suspicion"
        return self.rate, "nothing is suspected"


class Shadowing:
    """Brings each deployment's shadow rate to what its plan says."""

    def __init__(
        self,
        stores: Stores,
        watch: Watch,
        convergence: Convergence,
        plans: Mapping[str, ShadowPlan],
    ) -> None:
        self._stores = stores
        self._watch = watch
        self._convergence = convergence
        self._plans = dict(plans)
        self._costs: dict[str, tuple[datetime, float]] = {}

    async def see_to(self, deployment: Deployment, now: datetime) -> None:
        """Set the rate, if it is another one. Raises `Conflict` if the pointer has moved."""
        plan = self._plans.get(deployment.name)
        if plan is None:
            return
        rate, why = await self._wanted(deployment, plan, now)
        if rate == deployment.shadow_rate:
            return
        shared = await asyncio.to_thread(
            self._stores.deployments.shadow,
            deployment.name,
            expected_epoch=deployment.epoch,
            rate=rate,
            reason=why,
            at=now,
        )
        self._convergence.route(shared)

    async def _wanted(
        self, deployment: Deployment, plan: ShadowPlan, now: datetime
    ) -> tuple[float, str]:
        if deployment.baseline is None:
            return 0.0, "there is no baseline"
        rate, why = plan.wanted(suspected=self._is_suspected(deployment), now=now)
        if rate == 0.0 or plan.most_cost_per_day is None or plan.prices is None:
            return rate, why
        cost = await self._cost(deployment.name, plan.prices, now)
        if cost >= plan.most_cost_per_day:
            return 0.0, f"today's shadows have cost {cost:.4g} of {plan.most_cost_per_day:.4g}"
        return rate, why

    def _is_suspected(self, deployment: Deployment) -> bool:
        point = self._watch.point(deployment.name)
        return (
            point is not None
            and point.epoch == deployment.epoch
            and point.suspicion >= point.suspicion_line
        )

    async def _cost(self, name: str, prices: Prices, now: datetime) -> float:
        """Return what the day's shadows cost, as it was a moment ago."""
        looked, cost = self._costs.get(name, (None, 0.0))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        if looked is not None and now - looked < _LOOK and looked >= midnight:
            return cost
        prompts, outputs = await asyncio.to_thread(
            self._stores.exchanges.shadow_tokens, name, midnight
        )
        cost = (prompts * prices.prompt + outputs * prices.output) / _PER
        self._costs[name] = (now, cost)
        return cost
