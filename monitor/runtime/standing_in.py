"""Rolls back while Postgres is away, by what this replica knows; Postgres hears of it afterwards.

Hard faults alone may do so, by the rules of `rollback.decision`. The act is on disk before it is in
force. When Postgres is back it is written there as any other rollback is, by compare-and-set: if
somebody moved the pointer meanwhile, Postgres is right, and people are told.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import structlog

from monitor.errors import BadAdapter, Conflict, EngineError, NotFound, Unavailable
from monitor.ports.alerts import Delivery, Notice, Sender
from monitor.ports.stores import Stores
from monitor.runtime import own_rollback
from monitor.runtime.convergence import Convergence
from monitor.runtime.dispatch import Compose
from monitor.runtime.last_good import Act, Keeper, Kept, LastGood
from monitor.runtime.shown_harm import ShownHarm
from rollback import decision
from rollback.actors import AUTOMATIC
from rollback.decision import RollBack
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.policy import Policy
from rollback.situation import Situation
from rollback.versions import PROVEN, AdapterVersion

log = structlog.get_logger(__name__)

_LOOK_S = 0.5
_PATIENCE_S = 3.0  # a Postgres that says nothing for so long, while harm is shown, is away
_FRESH_S = 2.0  # how old what is known may be while Postgres answers

Harms = Callable[[], Sequence[ShownHarm]]


class StandingIn:
    """One replica's own rollbacks.

    Args:
        harms: what this replica's scorer sees.
        ready: loads a version on the engine unless it is there; it needs no Postgres.
        senders: who is told at once; the outbox tells them again under the same id.
        compose: makes their messages.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        policies: Mapping[str, Policy],
        convergence: Convergence,
        harms: Harms,
        ready: Callable[[str | None], Awaitable[None]],
        senders: Mapping[str, Sender],
        compose: Compose,
        keeper: Keeper,
        link: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stores = stores
        self._policies = dict(policies)
        self._convergence = convergence
        self._harms = harms
        self._ready = ready
        self._senders = dict(senders)
        self._compose = compose
        self._keeper = keeper
        self._link = link
        self._clock = clock
        self._kept = keeper.load()
        self._read_at = float("-inf")
        self._held: dict[str, str] = {}  # deployment → why nothing is done, as it was logged

    def health(self) -> Mapping[str, str]:
        """Return which rollbacks wait for Postgres; nothing if none does."""
        waiting = ", ".join(act.before.name for act in self._kept.acts)
        return {"own rollbacks": f"wait for the database: {waiting}"} if waiting else {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Act on harm that concerns what serves, if Postgres does not answer."""
        due = [harm for harm in self._harms() if self._concerns(harm)]
        if due and not await self._answers():
            for harm in due:
                await self._consider(harm)

    async def remember(self, deployments: Sequence[Deployment]) -> None:
        """Keep what Postgres says now, if it has changed. Raises `Unavailable`."""
        known = {name: each.deployment for name, each in self._kept.known.items()}
        wanted = {each.name: each for each in deployments if each.name in self._policies}
        if wanted == known and self._clock() - self._read_at < _FRESH_S:
            return
        found = await asyncio.to_thread(self._read, wanted.values())
        self._read_at = self._clock()
        if _told(found) != _told(self._kept.known):
            await self._keep(replace(self._kept, known=found))

    async def reconcile(self) -> None:
        """Tell Postgres what was done without it. Raises `Unavailable`; repeating it does no harm."""
        for act in self._kept.acts:
            await self._reconcile(act)
            rest = tuple(each for each in self._kept.acts if each is not act)
            await self._keep(replace(self._kept, acts=rest))

    def _concerns(self, harm: ShownHarm) -> bool:
        known = self._kept.known.get(harm.deployment)
        if known is None:
            return False
        now = known.deployment
        return (now.active, now.epoch) == (harm.adapter, harm.epoch)

    async def _answers(self) -> bool:
        """Whether Postgres answers, within a patience that a caller can bear."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await asyncio.to_thread(self._stores.deployments.all)
        except (Unavailable, TimeoutError):
            return False
        return True

    async def _consider(self, harm: ShownHarm) -> None:
        known, now = self._kept.known[harm.deployment], datetime.now(UTC)
        policy = self._policies[harm.deployment]
        decided = decision.decide(
            known.deployment, _point(harm, policy, now), _situation(known), policy, now
        )
        if not isinstance(decided, RollBack):
            self._say_held(harm, decided.reason)
            return
        try:
            await self._ready(decided.to)
        except (EngineError, BadAdapter, Unavailable) as error:
            self._say_held(harm, f"{decided.reason}, but: {error}")
            return
        await self._act(known, decided, now)

    async def _act(self, known: LastGood, decided: RollBack, now: datetime) -> None:
        """Write the act down, then put it in force, then tell."""
        act = own_rollback.act_of(known.deployment, decided, now)
        name = known.deployment.name
        await self._keep(
            Kept(known={**self._kept.known, name: known.after(act)}, acts=(*self._kept.acts, act))
        )
        self._convergence.route(act.after)
        log.error(
            "rolled back without the database",
            deployment=name,
            bad=act.before.active,
            to=act.to,
            reason=act.reason,
        )
        await self._tell(own_rollback.notice(act, self._link))

    async def _reconcile(self, act: Act) -> None:
        try:
            flipped = await asyncio.to_thread(
                self._stores.deployments.flip, own_rollback.flip(act, self._link)
            )
        except (Conflict, NotFound) as error:  # the table may come from a backup of before
            await self._give_in(act, str(error))
            return
        self._convergence.overrule(flipped)
        log.info("the database knows of the rollback", deployment=flipped.name, epoch=flipped.epoch)

    async def _give_in(self, act: Act, why: str) -> None:
        """Route as Postgres says; tell people, unless it says the same."""
        stored = await asyncio.to_thread(self._stores.deployments.ensure, act.before.name)
        self._convergence.overrule(stored)
        if (stored.active, stored.epoch) == (act.to, act.after.epoch):
            return  # another replica did the same first
        log.error("own rollback overruled", deployment=stored.name, serves=stored.active, why=why)
        await asyncio.to_thread(
            self._stores.outbox.put, own_rollback.overruled(act, stored, why, self._link)
        )
        await asyncio.to_thread(
            self._stores.audit.append,
            actor=AUTOMATIC,
            action="rollback overruled",
            subject=stored.name,
            payload=own_rollback.overruled_facts(act, stored, why),
            at=datetime.now(UTC),
        )

    def _read(self, deployments: Iterable[Deployment]) -> Mapping[str, LastGood]:
        versions = self._stores.registry.versions()
        now = datetime.now(UTC)
        return {
            each.name: LastGood(
                deployment=each,
                versions=_kept_versions(each, versions),
                rollbacks=self._rollbacks(each, now),
                read_at=now,
            )
            for each in deployments
        }

    def _rollbacks(self, deployment: Deployment, now: datetime) -> tuple[datetime, ...]:
        window = self._policies[deployment.name].rollback_window
        found = self._stores.incidents.list(deployment.name)
        return tuple(
            each.flipped_at
            for each in found
            if each.flipped_at and each.actor == AUTOMATIC and now - each.flipped_at < window
        )

    async def _keep(self, kept: Kept) -> None:
        """Keep it in memory, and on disk; a disk that fails is told, for harm goes on."""
        self._kept = kept
        try:
            await asyncio.to_thread(self._keeper.save, kept)
        except OSError as error:
            log.error("last good versions not kept", error=str(error))

    async def _tell(self, notice: Notice) -> None:
        await asyncio.gather(*(self._send(name, notice) for name in self._senders))

    async def _send(self, receiver: str, notice: Notice) -> None:
        message = self._compose(Delivery(notice=notice, receiver=receiver, attempt=0), False)
        try:
            await self._senders[receiver].send(message, datetime.now(UTC))
        except Exception as error:  # the outbox tells it again; the next rollback must not wait
            log.warning("told later, from the outbox", receiver=receiver, error=str(error))

    def _say_held(self, harm: ShownHarm, reason: str) -> None:
        if self._held.get(harm.deployment) != reason:
            log.error("hard faults, and no rollback", deployment=harm.deployment, reason=reason)
        self._held[harm.deployment] = reason


def _point(harm: ShownHarm, policy: Policy, now: datetime) -> EvidencePoint:
    return EvidencePoint(
        deployment=harm.deployment,
        adapter=harm.adapter,
        epoch=harm.epoch,
        position=harm.answers,
        at=now,
        suspicion=0.0,
        suspicion_line=policy.suspicion_line,
        evidence=harm.evidence,
        line=policy.line,
        channels={"faults": harm.evidence / policy.weights["faults"]},
    )


def _situation(known: LastGood) -> Situation:
    return Situation(
        versions={each.name: each for each in known.versions}, rollbacks=known.rollbacks
    )


def _kept_versions(
    deployment: Deployment, versions: Sequence[AdapterVersion]
) -> tuple[AdapterVersion, ...]:
    """Return what a decision may look at: who serves, and who may serve instead."""
    family = (deployment.active or "").partition("@")[0]
    return tuple(
        replace(each, manifest={}, facts={})
        for each in versions
        if each.name in deployment.needed or (each.state in PROVEN and each.family == family)
    )


def _told(known: Mapping[str, LastGood]) -> Mapping[str, LastGood]:
    """Return what matters of it: when it was read does not."""
    epoch = datetime.fromtimestamp(0, UTC)
    return {name: replace(each, read_at=epoch) for name, each in known.items()}
