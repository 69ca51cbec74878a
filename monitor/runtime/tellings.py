"""What people are told of decisions that change nothing, once for each kind, promotion and day."""

from __future__ import annotations

import asyncio
import uuid
from datetime import datetime

from monitor.ports.alerts import Notice, Outbox
from rollback.decided import Decided
from rollback.decision import Hold
from rollback.deployment import Deployment
from rollback.thresholds import Action, Breach


class Tellings:
    """Puts notices of held decisions and of broken rules that only alert into the outbox."""

    def __init__(self, outbox: Outbox, link: str) -> None:
        self._outbox = outbox
        self._link = link

    async def tell(self, decided: Decided) -> None:
        """Tell what is new; a notice that was put today already is not put again."""
        case, decision = decided.case, decided.decision
        for breach in case.situation.breaches:
            if breach.threshold.action is Action.ALERT:
                await self._put(_of_breach(case.deployment, breach, case.now))
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


def _of_breach(deployment: Deployment, breach: Breach, now: datetime) -> Notice:
    rule = breach.threshold.indicator
    return Notice(
        id=_id(f"breach:{deployment.name}:{deployment.epoch}:{rule}:{now:%F}"),
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
