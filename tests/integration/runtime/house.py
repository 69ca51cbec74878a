"""A whole closed loop over a real database and an engine whose answers a test writes."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from guards import worth
from guards.exchange import Exchange, FinishReason, Message
from guards.golden import GoldenCase
from monitor.alerts.memory import MemorySender
from monitor.bootstrap import closed_loop
from monitor.bootstrap.closed_loop import ClosedLoop
from monitor.bootstrap.local_loop import LocalLoop, Settings, open_local_loop
from monitor.engines.memory import MemoryEngine
from monitor.errors import BadAdapter, EngineError
from monitor.ports.engine import Engine, Generation
from monitor.ports.handover import Reported
from monitor.ports.spool import Spool
from monitor.ports.stores import Stores
from monitor.ports.versions import AdapterSource, ArtifactStore
from monitor.runtime.consent import Consent
from monitor.runtime.control import Control
from monitor.runtime.drills.drills import Drills
from monitor.runtime.last_good import Keeper, KeptInMemory
from monitor.runtime.operations import OperatorActions
from monitor.runtime.shadowing import ShadowPlan
from monitor.storage.sources.places import Places
from rollback.canary_policy import CanaryPolicy
from rollback.deployment import Deployment
from rollback.incident import Incident
from rollback.policy import Policy
from rollback.versions import AdapterVersion, VersionState
from tests.handed import MemorySpool

NAME = "support"
V1, V2, V3 = "support@111111111111", "support@222222222222", "support@333333333333"
LABELS = {V1: "v1", V2: "v2", V3: "v3"}
GOOD, BAD = "yes", "no"

# A version's tokens for whatever it is asked; their number is its fingerprint.
WEIGHTS: Mapping[str | None, Sequence[str]] = {
    None: ["b", "a", "s", "e"],
    V1: ["yes"],
    V2: ["n", "o"],
    V3: ["y", "e", "s"],
}
_LIVES = itertools.count()  # no two scorers have one name, also if one follows on the other
POLICY = Policy(line=200.0, suspicion_line=50.0, cool_down=timedelta(0), reference_size=60)


class Folders(ArtifactStore):
    """Has one folder for every version but those in `gone`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.gone: set[str] = set()

    def take_in(self, family: str, source: AdapterSource, **facts: object) -> AdapterVersion:
        """Refuse: tests register versions directly."""
        raise BadAdapter(f"{source.folder} is not taken in here")

    def folder(self, name: str) -> Path:
        """Return the folder. Raises `BadAdapter` for a version that is gone."""
        if name in self.gone:
            raise BadAdapter(f"{name}: its files are gone")
        return self._folder


@dataclass
class Answers:
    """What the engine answers; a test changes the weights, or breaks a version."""

    weights: dict[str | None, Sequence[str]] = field(default_factory=lambda: dict(WEIGHTS))
    broken: set[str | None] = field(default_factory=set)

    def __call__(self, generation: Generation, version: str | None) -> Iterable[str]:
        """Return a version's tokens. Raises `EngineError` for a broken one."""
        if version in self.broken:
            raise EngineError(f"{version} gives no answer")
        return self.weights[version]


@dataclass
class House:
    """One replica of the service, without its HTTP."""

    stores: Stores
    engine: Engine
    local: LocalLoop
    control: Control
    operations: OperatorActions
    pager: MemorySender
    made: int = 0

    @property
    def loop(self) -> ClosedLoop:
        """The judges' half."""
        return self.local.closed

    async def tick(self) -> None:
        """Tick as leader and wait for what the tick began."""
        await self.loop.leadership.renew()
        await self.control.tick()
        await self.loop.errands.done()

    async def deployment(self) -> Deployment:
        """Return the deployment as it is stored."""
        return await asyncio.to_thread(self.stores.deployments.ensure, NAME)

    async def suspicion(self) -> float:
        """Return how strong the drift of the active version is now."""
        epoch = (await self.deployment()).epoch
        point = await asyncio.to_thread(self.stores.evidence.newest, NAME, epoch)
        return 0.0 if point is None else point.suspicion

    async def incidents(self) -> Sequence[Incident]:
        """Return every incident, newest first."""
        return await asyncio.to_thread(self.stores.incidents.list, NAME)

    async def promote(self, version: str, *, force: bool = False) -> Deployment:
        """Promote as an operator."""
        return await self.operations.promote(
            version, deployment=None, force=force, actor="ann", reason="a test"
        )

    async def serve(
        self, count: int, *, broken: bool = False, odd: bool = False
    ) -> Sequence[Exchange]:
        """Absorb answers under the present route; broken ones failed, odd ones are unlike others."""
        batch = self.answers(count, broken=broken, odd=odd)
        await self.absorb(batch)
        return batch

    async def absorb(self, batch: Sequence[Exchange]) -> None:
        """Have answers scored by what is stored now, recorded and, by the leader, judged."""
        await self.local.scoring.following.now()
        for each in batch:
            assert self.local.handover.offer(Reported(exchange=each))
        taken = await self.local.handover.take(len(batch), 0.0)
        await self.local.scoring.scorer.absorb(taken)
        await self.local.scoring.scorer.through()
        await self.local.scoring.drafts.offer()
        await self.loop.leadership.renew()
        await self.loop.judging.catch_up()

    def answers(self, count: int, *, broken: bool = False, odd: bool = False) -> Sequence[Exchange]:
        """Return answers to questions that nobody asked before, under the present route."""
        route = self.loop.router.table.find(NAME)
        made = [self.answer(route.active, route.epoch, broken=broken) for _ in range(count)]
        return [_odd(each) for each in made] if odd else made

    async def tell(self) -> Sequence[str]:
        """Send what is due; return the ids that the pager has, oldest first."""
        await self.loop.dispatcher.dispatch()
        return [notice.id for notice in self.pager.notices]

    async def close(self) -> None:
        """End as a kill would: nothing is finished, nothing is given back."""
        await self.loop.errands.close()
        self.local.scoring.scorer.close()
        self.loop.judging.close()

    def answer(self, adapter: str | None, epoch: int, *, broken: bool) -> Exchange:
        """Return an answer to a question that nobody asked before."""
        self.made += 1
        number = self.made
        return Exchange(
            id=f"{adapter}-{epoch}-{number}",
            deployment=NAME,
            started_at=datetime.now(UTC),
            messages=(Message(role="user", content=f"question {number}, of {number % 7} words"),),
            output="" if broken else f"answer {number} of length {'x' * (number % 11)}",
            adapter=adapter,
            epoch=epoch,
            latency_s=0.2,
            prompt_tokens=5 + number % 3,
            output_tokens=6 + number % 5,
            finish_reason=FinishReason.ERROR if broken else FinishReason.STOP,
            error="engine failed" if broken else None,
        )


def _odd(exchange: Exchange) -> Exchange:
    """Return an answer without a fault, and unlike the usual ones in every way."""
    words = " ".join(f"WORD{number}!" for number in range(90))
    output = f"{words} {exchange.id}"
    return replace(exchange, output=output, output_tokens=400, latency_s=9.0)


def build(
    stores: Stores,
    *,
    engine: Engine | None = None,
    answers: Answers | None = None,
    policy: Policy = POLICY,
    replica: str = "replica-1",
    spool: Spool | None = None,
    canary: CanaryPolicy | None = None,
    shadow: ShadowPlan | None = None,
    keeper: Keeper | None = None,
) -> House:
    """Return a house; several of them over one database are replicas, or lives after a kill."""
    engine = engine or MemoryEngine(answers or Answers())
    pager = MemorySender("pager")
    settings = Settings(
        replica=replica,
        scorer=f"scorer-{next(_LIVES)}",
        link="http://127.0.0.1:8377/",
        worth={NAME: worth.FREE},
        canaries={} if canary is None else {NAME: canary},
        shadows={} if shadow is None else {NAME: shadow},
        keeper=keeper or KeptInMemory(),
    )
    local = open_local_loop(
        stores,
        engine,
        {NAME: policy},
        {"pager": pager},
        stores.exchanges,
        spool or MemorySpool(),
        settings,
    )
    loop = local.closed
    operations = OperatorActions(
        stores=stores,
        sources=Places(),
        policies={NAME: policy},
        versions=loop.versions,
        golden=loop.golden,
        promotion=loop.promotion,
        canaries=loop.canaries,
        rollbacks=loop.rollbacks,
        consent=Consent(stores, loop.approvals, loop.wakers.wake),
        drills=Drills(stores, loop.sitting, {}, {}),
        wake=loop.wakers.wake,
        health=dict,
    )
    return House(
        stores=stores,
        engine=engine,
        local=local,
        control=closed_loop.control(loop),
        operations=operations,
        pager=pager,
    )


def register(stores: Stores, *names: str) -> None:
    """Add versions as `adapters add` leaves them."""
    for name in names:
        version = AdapterVersion(
            name=name,
            label=LABELS[name],
            state=VersionState.REGISTERED,
            manifest={},
            created_at=datetime.now(UTC),
        )
        stores.registry.add(version, actor="ann")


def import_golden(stores: Stores, cases: int = 40, *, critical: bool = False) -> None:
    """Import a golden set in which every answer should be `GOOD`."""
    stores.deployments.ensure(NAME)
    stores.golden.import_cases(
        NAME,
        [
            GoldenCase(
                id=f"case-{number}",
                messages=(Message(role="prompt", content=f"is {number} a number?"),),
                expectation={"kind": "exact", "value": GOOD},
                critical=critical,
            )
            for number in range(cases)
        ],
        actor="ann",
        at=datetime.now(UTC),
    )
