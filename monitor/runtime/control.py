"""The control loop: read, decide, plan, execute, record; every second, and at once when woken.

A tick only decides and flips, in milliseconds; what takes seconds (golden runs, proofs, loading)
runs beside it, lest one deployment's proof delays another one's rollback. Level-triggered: each tick looks at what is and does what is left to do. A process that is killed
anywhere leaves rows from which the next tick of the next leader goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial

import structlog

from monitor.errors import (
    BackstopError,
    BadAdapter,
    Conflict,
    DatabaseUnavailable,
    EngineError,
    Unavailable,
)
from monitor.ports.stores import Stores
from monitor.runtime.approvals import Approvals
from monitor.runtime.canary import Canaries
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.convergence import Convergence
from monitor.runtime.deciding import Deciding
from monitor.runtime.dispatch import wait
from monitor.runtime.errands import Errands
from monitor.runtime.freezes import Freezes
from monitor.runtime.judging import Judging
from monitor.runtime.leadership import Leadership
from monitor.runtime.rollbacks import Order, Rollbacks
from monitor.runtime.shadowing import Shadowing
from monitor.runtime.standing_in import StandingIn
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.tellings import Tellings
from monitor.runtime.versions import Versions
from rollback.actors import AUTOMATIC
from rollback.decision import CALM, Because, Freeze, Hold, Propose, RollBack, Suspect
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.policy import Policy
from rollback.proposal import Proposal

log = structlog.get_logger(__name__)

_TICK_S = 1.0


class Control:
    """One replica's control loop. Only the leader decides; every replica converges."""

    def __init__(
        self,
        *,
        stores: Stores,
        policies: Mapping[str, Policy],
        judging: Judging,
        convergence: Convergence,
        standing_in: StandingIn,
        leadership: Leadership,
        versions: Versions,
        rollbacks: Rollbacks,
        freezes: Freezes,
        suspicions: Suspicions,
        deciding: Deciding,
        tellings: Tellings,
        approvals: Approvals,
        confirmation: Confirmation,
        canaries: Canaries,
        shadowing: Shadowing,
        errands: Errands,
    ) -> None:
        self._stores = stores
        self._policies = policies
        self._judging = judging
        self._convergence = convergence
        self._standing_in = standing_in
        self._leadership = leadership
        self._versions = versions
        self._rollbacks = rollbacks
        self._freezes = freezes
        self._suspicions = suspicions
        self._deciding = deciding
        self._tellings = tellings
        self._approvals = approvals
        self._confirmation = confirmation
        self._canaries = canaries
        self._shadowing = shadowing
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
                await self._look_at(deployment, deployments)
        await self._see_to_the_rest()

    async def _look_at(self, deployment: Deployment, others: Sequence[Deployment]) -> None:
        """Judge one deployment; what goes wrong there is no reason to pass over the others."""
        try:
            await self._judge(deployment, others)
        except Conflict as error:
            log.info("somebody else moved first", deployment=deployment.name, error=str(error))
        except DatabaseUnavailable:
            raise
        except BackstopError as error:
            log.error("deployment not judged", deployment=deployment.name, error=str(error))
        except Exception as error:  # a defect that one deployment shows must not blind the others
            log.exception("deployment not judged", deployment=deployment.name, error=repr(error))

    async def _see_to_the_rest(self) -> None:
        """Start the steps that are left of every unfinished rollback."""
        for incident in await asyncio.to_thread(self._stores.incidents.unfinished):
            self._errands.start(f"rollback:{incident.id}", partial(self._finish, incident))

    async def _finish(self, incident: Incident) -> None:
        await self._rollbacks.finish(incident)

    async def _keep_loaded(self) -> None:
        await self._versions.keep_loaded(await asyncio.to_thread(self._stores.deployments.all))

    async def _judge(self, deployment: Deployment, others: Sequence[Deployment]) -> None:
        policy = self._policies[deployment.name]
        now = datetime.now(UTC)
        decided = await self._deciding.decide(deployment, others, policy, now)
        match decided.decision:
            case RollBack() as rollback:
                await self._roll_back(deployment, rollback, decided.case.situation.proposal)
            case Propose() as asked:
                needed = int(policy.approval.rollback)
                await self._approvals.propose_rollback(
                    deployment, asked.to, asked.reason, needed=needed, now=now
                )
            case Freeze() as freeze:
                await self._freezes.freeze(deployment, freeze, actor=AUTOMATIC)
            case Suspect() as suspect:
                self._suspicions.look_into(deployment, policy, suspect)
            case Hold(because=because) if because in CALM:
                self._confirmation.consider(deployment, policy, now)
        if not isinstance(decided.decision, RollBack | Freeze):
            await self._shadowing.see_to(deployment, now)
            await self._canaries.see_to(deployment, policy, now)
        await self._tellings.tell(
            decided
        )  # after the act: nothing that is told may stand in its way

    async def _roll_back(
        self, deployment: Deployment, decided: RollBack, proposal: Proposal | None
    ) -> None:
        """Flip; the baseline is loaded always, any other target is loaded first.

        What a person approved is that person's act.
        A target that does not load would serve nobody: then nothing moves, and a person is called.
        """
        try:
            await self._versions.ready(decided.to, kept=decided.to == deployment.baseline)
        except (EngineError, BadAdapter) as error:
            frozen = Freeze(reason=f"{decided.reason}, but: {error}", numbers=decided.numbers)
            await self._freezes.freeze(deployment, frozen, actor=AUTOMATIC)
            return
        order = Order(
            to=decided.to,
            reason=decided.reason,
            actor=_actor(decided, proposal),
            evidence=decided.numbers,
            decided_at=datetime.now(UTC),
            suspected_at=await self._suspicions.since(deployment),
        )
        await self._rollbacks.flip(deployment, order)


def _actor(decided: RollBack, proposal: Proposal | None) -> str:
    """Return who answers for a rollback."""
    if decided.because is not Because.APPROVED or proposal is None:
        return AUTOMATIC
    return proposal.answered_by or AUTOMATIC
