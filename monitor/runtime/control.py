"""The control loop: read, decide, plan, execute, record; every second, and at once when woken.

A tick only decides and flips, in milliseconds; what takes seconds (golden runs, proofs, loading)
runs beside it, lest one deployment's proof delays another one's rollback. Level-triggered: each tick looks at what is and does what is left to do. A process that is killed
anywhere leaves rows from which the next tick of the next leader goes on.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from monitor.errors import BackstopError, BadAdapter, Conflict, EngineError, Unavailable
from monitor.ports.alerts import Notice
from monitor.ports.stores import Stores
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.convergence import Convergence
from monitor.runtime.dispatch import wait
from monitor.runtime.errands import Errands
from monitor.runtime.freezes import Freezes
from monitor.runtime.judging import Judging
from monitor.runtime.leadership import Leadership
from monitor.runtime.rollbacks import Order, Rollbacks
from monitor.runtime.standing_in import StandingIn
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.versions import Versions
from monitor.runtime.watch import Watch
from rollback import decision, thresholds
from rollback.actors import AUTOMATIC
from rollback.decision import Decision, Freeze, RollBack, Situation, Suspect
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.policy import Policy
from rollback.thresholds import Action, Breach

log = structlog.get_logger(__name__)

_TICK_S = 1.0
_INDICATORS_BACK = timedelta(hours=1)


class Control:
    """One replica's control loop. Only the leader decides; every replica converges."""

    def __init__(
        self,
        *,
        stores: Stores,
        policies: Mapping[str, Policy],
        watch: Watch,
        judging: Judging,
        convergence: Convergence,
        standing_in: StandingIn,
        leadership: Leadership,
        versions: Versions,
        rollbacks: Rollbacks,
        freezes: Freezes,
        suspicions: Suspicions,
        confirmation: Confirmation,
        errands: Errands,
    ) -> None:
        self._stores = stores
        self._policies = policies
        self._watch = watch
        self._judging = judging
        self._convergence = convergence
        self._standing_in = standing_in
        self._leadership = leadership
        self._versions = versions
        self._rollbacks = rollbacks
        self._freezes = freezes
        self._suspicions = suspicions
        self._confirmation = confirmation
        self._errands = errands

    async def run(self, wake: asyncio.Event) -> None:
        """Tick until cancelled. A tick that fails is logged, and the next one tries again."""
        while True:
            try:
                await self.tick()
            except Unavailable as error:
                log.warning("control waits", error=str(error))
            except BackstopError as error:
                log.error("control failed; tries again", error=str(error))
            await wait(wake, _TICK_S)

    async def tick(self) -> None:
        """Converge, and as leader: judge every deployment and see to what is unfinished."""
        await self._standing_in.reconcile()
        deployments = await self._convergence.converge()
        await self._standing_in.remember(deployments)
        self._errands.start("loading", self._keep_loaded)
        if not self._leadership.leads:
            return
        await self._judging.follow(deployments)
        for deployment in deployments:
            if deployment.name in self._policies:
                await self._look_at(deployment)
        await self._see_to_the_rest()

    async def _look_at(self, deployment: Deployment) -> None:
        """Judge one deployment; what goes wrong there is no reason to pass over the others."""
        try:
            await self._judge(deployment)
        except Conflict as error:
            log.info("somebody else moved first", deployment=deployment.name, error=str(error))
        except Unavailable:
            raise
        except BackstopError as error:
            log.error("deployment not judged", deployment=deployment.name, error=str(error))

    async def _see_to_the_rest(self) -> None:
        """Start the steps that are left of every unfinished rollback."""
        for incident in await asyncio.to_thread(self._stores.incidents.unfinished):
            self._errands.start(f"rollback:{incident.id}", partial(self._finish, incident))

    async def _finish(self, incident: Incident) -> None:
        await self._rollbacks.finish(incident)

    async def _keep_loaded(self) -> None:
        await self._versions.keep_loaded(await asyncio.to_thread(self._stores.deployments.all))

    async def _judge(self, deployment: Deployment) -> None:
        policy = self._policies[deployment.name]
        decided = await self._decide(deployment, policy)
        match decided:
            case RollBack():
                await self._roll_back(deployment, decided)
            case Freeze():
                await self._freezes.freeze(deployment, decided, actor=AUTOMATIC)
            case Suspect():
                self._suspicions.look_into(deployment, policy, decided)
            case _:
                self._confirmation.consider(deployment, policy, datetime.now(UTC))

    async def _decide(self, deployment: Deployment, policy: Policy) -> Decision:
        now = datetime.now(UTC)
        situation = await self._situation(deployment, policy, now)
        return decision.decide(
            deployment, self._watch.point(deployment.name), situation, policy, now
        )

    async def _situation(self, deployment: Deployment, policy: Policy, now: datetime) -> Situation:
        versions = await asyncio.to_thread(self._stores.registry.versions)
        incidents = await asyncio.to_thread(self._stores.incidents.list, deployment.name)
        breaches = await self._breaches(deployment, policy, now)
        await self._tell_alerts(deployment, breaches, now)
        return Situation(
            versions={version.name: version for version in versions},
            rollbacks=tuple(
                i.flipped_at for i in incidents if i.flipped_at and i.actor == AUTOMATIC
            ),
            breaches=breaches,
            suspicion_known=self._suspicions.knows(deployment, policy, now),
        )

    async def _tell_alerts(
        self, deployment: Deployment, breaches: Sequence[Breach], now: datetime
    ) -> None:
        """Tell people about thresholds that only alert, once for each promotion and day."""
        for breach in breaches:
            if breach.threshold.action is Action.ALERT:
                await asyncio.to_thread(
                    self._stores.outbox.put, _breach_notice(deployment, breach, now)
                )

    async def _breaches(
        self, deployment: Deployment, policy: Policy, now: datetime
    ) -> tuple[Breach, ...]:
        if not policy.thresholds:
            return ()
        indicators = await asyncio.to_thread(
            self._stores.indicators.indicators, deployment.name, now - _INDICATORS_BACK, now
        )
        return thresholds.breaches(policy.thresholds, indicators, deployment.active, now)

    async def _roll_back(self, deployment: Deployment, decided: RollBack) -> None:
        """Flip; the baseline is loaded always, any other target is loaded first.

        A target that does not load would serve nobody: then nothing moves, and a person is called.
        """
        try:
            await self._versions.ready(decided.to)
        except (EngineError, BadAdapter) as error:
            frozen = Freeze(reason=f"{decided.reason}, but: {error}", numbers=decided.numbers)
            await self._freezes.freeze(deployment, frozen, actor=AUTOMATIC)
            return
        order = Order(
            to=decided.to,
            reason=decided.reason,
            actor=AUTOMATIC,
            evidence=decided.numbers,
            decided_at=datetime.now(UTC),
            suspected_at=await self._suspicions.since(deployment),
        )
        await self._rollbacks.flip(deployment, order)


def _breach_notice(deployment: Deployment, breach: Breach, now: datetime) -> Notice:
    key = f"breach:{deployment.name}:{deployment.epoch}:{breach.threshold.indicator}:{now:%F}"
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        kind="threshold",
        severity="warning",
        title=f"{deployment.name}: {breach.threshold.indicator} is beyond its threshold",
        facts={
            "deployment": deployment.name,
            "from": deployment.active,
            "reason": str(breach),
        },
        created_at=now,
    )
