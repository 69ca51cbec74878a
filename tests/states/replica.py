"""One replica of the control loop over stores in memory, with what surrounds it played by the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guards.verdicts import Verdict
from monitor.alerts import message
from monitor.alerts.memory import MemorySender
from monitor.engines.memory import MemoryEngine
from monitor.errors import BackstopError, EngineError
from monitor.ports.engine import Generation
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.runtime.alerting.conditions import Conditions
from monitor.runtime.approvals import Approvals
from monitor.runtime.base_probe import BaseProbe
from monitor.runtime.canary import Canaries
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence, OwnProcess
from monitor.runtime.deciding import Deciding
from monitor.runtime.errands import Errands
from monitor.runtime.failpoints import Failpoint
from monitor.runtime.freezes import Freezes
from monitor.runtime.gauges import Gauges
from monitor.runtime.golden_runs import Outcome, Plan
from monitor.runtime.last_good import KeptInMemory
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.shadowing import Shadowing
from monitor.runtime.shown_harm import ShownHarm
from monitor.runtime.standing_in import StandingIn
from monitor.runtime.tellings import Tellings
from monitor.runtime.troubles import Troubles
from monitor.runtime.versions import Versions
from rollback.evidence import EvidencePoint
from rollback.policy import Policy

NAME, ENGINE = "support", "memory"
NAMES = tuple(f"{NAME}@{digit * 12}" for digit in "1234")
POLICY = Policy(
    line=200.0,
    suspicion_line=1e9,
    cool_down=timedelta(0),
    max_rollbacks=3,
    rollback_window=timedelta(days=1),
)


class Killed(BaseException):
    """The process ended here."""


@dataclass
class Surroundings:
    """What the model decides: evidence, harm, verdicts, kills, and how the engine is."""

    point: EvidencePoint | None = None
    harms: tuple[ShownHarm, ...] = ()
    verdict: Verdict = Verdict.OK
    due: list[Failpoint] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def reach(self, point: Failpoint) -> None:
        """End the process where it is due."""
        if self.due[:1] == [point]:
            self.due.pop(0)
            raise Killed

    def answers(self, generation: Generation, version: str | None) -> Iterable[str]:
        """Return a version's tokens: their number tells it from the others."""
        if version in self.broken:
            raise EngineError(f"{version} gives no answer")
        return ["x"] * (1 if version is None else 2 + NAMES.index(version))

    async def run(self, plan: Plan) -> Outcome:
        """Return a golden run with the verdict that is due."""
        now = datetime.now(UTC)
        run = GoldenRun(
            id="run",
            deployment=plan.deployment,
            subject=plan.subject,
            against=plan.against,
            compared=plan.compared,
            cause=plan.cause,
            set_digest="",
            started_at=now,
            finished_at=now,
            verdict=self.verdict,
        )
        return Outcome(run=run, differences=(), set_size=0, critical_failures=())


class _Engine(MemoryEngine):
    """Loads no broken version."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around.answers)
        self._around = around

    async def load(self, version: str, folder: Path) -> None:
        """Load a version. Raises `EngineError` for a broken one."""
        if version in self._around.broken:
            raise EngineError(f"{version} does not load")
        await super().load(version, folder)

    def forget(self) -> None:
        """Come back empty."""
        self._versions.clear()


def engine_of(around: Surroundings) -> _Engine:
    """Return the engine that all replicas share."""
    return _Engine(around)


class _Judges:
    """The judges' half of control: what they found is the model's word."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    async def follow(self, deployments: Sequence[Any]) -> None:
        """Do nothing."""

    def point(self, deployment: str) -> EvidencePoint | None:
        """Return the evidence."""
        return self._around.point

    def knows(self, *_: Any) -> bool:
        """Look into no suspicion."""
        return True

    async def since(self, deployment: Any) -> datetime | None:
        """Know of no suspicion."""
        return None

    def consider(self, *_: Any) -> None:
        """Confirm nothing."""


class _Leads:
    def __init__(self) -> None:
        self.leads = False


class Replica:
    """A life of a replica; the keeper is its disk, which outlives it."""

    def __init__(
        self,
        number: int,
        stores: Stores,
        engine: MemoryEngine,
        around: Surroundings,
        keeper: KeptInMemory,
    ) -> None:
        self.router = Router()
        self.leadership = _Leads()
        self.pager = MemorySender("pager")
        self.errands = Errands(Troubles())
        judges: Any = _Judges(around)
        policies: Mapping[str, Policy] = {NAME: POLICY}
        self.convergence = Convergence(
            stores.deployments,
            stores.acknowledgements,
            self.router,
            OwnProcess(self.router),
            f"replica-{number}",
        )
        self.versions = Versions(stores, engine, ENGINE)
        self.rollbacks = Rollbacks(
            stores,
            engine,
            ENGINE,
            self.versions.ready,
            self.convergence,
            _settle,
            "",
            around,
        )
        self.standing_in = StandingIn(
            stores=stores,
            policies=policies,
            convergence=self.convergence,
            harms=lambda: around.harms,
            ready=self.versions.ready,
            senders={"pager": self.pager},
            keeper=keeper,
            compose=lambda delivery, _: message.compose(delivery),
            link="",
        )
        runs: Any = around
        self.promotion = Promotion(
            stores, self.versions, runs, self.convergence, around, runs_after=False
        )
        leadership: Any = self.leadership
        self.control = Control(
            stores=stores,
            policies=policies,
            judging=judges,
            convergence=self.convergence,
            standing_in=self.standing_in,
            leadership=leadership,
            versions=self.versions,
            rollbacks=self.rollbacks,
            freezes=Freezes(stores, ""),
            suspicions=judges,
            deciding=Deciding(
                stores,
                judges,
                Gauges(stores.indicators),
                judges,
                BaseProbe(engine, stores.registry, ENGINE, self.errands),
            ),
            tellings=Tellings(stores.outbox, Conditions(stores.alarms), ""),
            approvals=Approvals(stores.proposals, ""),
            confirmation=judges,
            canaries=Canaries(stores, self.promotion, self.convergence, {}, ""),
            shadowing=Shadowing(stores, judges, self.convergence, {}),
            errands=self.errands,
        )

    @property
    def serves(self) -> tuple[str | None, int] | None:
        """Version and epoch by which it routes; `None` before it has learnt of any."""
        route = self.router.table.routes.get(NAME)
        return None if route is None else (route.active, route.epoch)

    async def tick(self, *, leads: bool) -> None:
        """Tick, and wait for what the tick began. Raises `Killed`."""
        self.leadership.leads = leads
        with suppress(BackstopError):
            await self.control.tick()
        ended = list(self.errands._tasks.values())
        await self.errands.done()
        if any(task.done() and isinstance(task.exception(), Killed) for task in ended):
            raise Killed


async def _settle(deployment: str, epoch: int) -> None:
    return None
