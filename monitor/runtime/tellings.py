"""What people are told of decisions that change nothing, and of rules that only alert."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import datetime

from monitor.ports.alerts import Notice, Outbox
from monitor.runtime.alerting.conditions import Conditions
from rollback.case import Case
from rollback.decided import Decided
from rollback.decision import Hold
from rollback.deployment import Deployment
from rollback.thresholds import Action, Breach


class Tellings:
    """Puts notices of held decisions and of broken rules that only alert into the outbox."""

    def __init__(self, outbox: Outbox, conditions: Conditions, link: str) -> None:
        self._outbox = outbox
        self._conditions = conditions
        self._link = link

    async def tell(self, decided: Decided) -> None:
        """Tell of held harm once a day, and of rules when they are broken and when that is over."""
        case, decision = decided.case, decided.decision
        await self._conditions.hold(
            f"thresholds of {case.deployment.name}", _of_breaches(case), case.now
        )
        if isinstance(decision, Hold) and decision.tell:
            await self._put(self._of_hold(decided, decision))

    async def _put(self, notice: Notice) -> None:
        await asyncio.to_thread(self._outbox.put, notice)

    def _of_hold(self, decided: Decided, decision: Hold) -> Notice:
        deployment, now = decided.case.deployment, decided.case.now
        because = decision.because.value
        return Notice(
            id=_id(f"held:{deployment.name}:{deployment.epoch}:{because}:{now:%F}"),
            kind="held",
            severity="warning",
            title=f"{deployment.name}: harm is shown, and nothing is changed ({because})",
            facts={
                "deployment": deployment.name,
                "from": deployment.active,
                "reason": decision.reason,
                "decision": decided.id,
                "link": self._link,
            },
            created_at=now,
        )


def _of_breaches(case: Case) -> Mapping[str, Notice]:
    epoch = case.deployment.epoch
    return {
        f"{epoch}:{breach.threshold}": _of_breach(case.deployment, breach, case.now)
        for breach in case.situation.breaches
        if breach.threshold.action is Action.ALERT
    }


def _of_breach(deployment: Deployment, breach: Breach, now: datetime) -> Notice:
    rule = breach.threshold.indicator
    return Notice(
        id=_id(f"breach:{deployment.name}:{deployment.epoch}:{breach.threshold}:{now}"),
        kind="threshold",
        severity="warning",
        title=f"{deployment.name}: {rule} is beyond its threshold",
        facts={
            "deployment": deployment.name,
            "from": deployment.active,
            "reason": str(breach),
        },
        created_at=now,
    )


def _id(key: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, key))
