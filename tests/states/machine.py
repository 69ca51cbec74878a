"""A model of two replicas, an operator, an engine and a database, any of which may fail at any time."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from guards.verdicts import Verdict
from monitor.errors import BackstopError
from monitor.runtime.failpoints import Failpoint
from monitor.runtime.last_good import KeptInMemory
from monitor.runtime.promotion import Wish
from monitor.runtime.rollbacks import Order
from monitor.runtime.shown_harm import ShownHarm
from rollback import audit_verification
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import STEPS, Incident, Phase
from rollback.versions import PROVEN, AdapterVersion, VersionState
from tests.memory_stores import World, stores_of
from tests.states.replica import (
    NAME,
    NAMES,
    POLICY,
    Killed,
    Replica,
    Surroundings,
    engine_of,
)

_RUNNER = asyncio.Runner()
_FOLDER = Path(tempfile.gettempdir())
_START = datetime(2026, 1, 1, tzinfo=UTC)
REPLICAS = st.integers(0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an operator asked for, to hold what happened against."""

    version: str
    verdict: Verdict
    force: bool


class Machine(RuleBasedStateMachine):
    """Draws acts and failures; after each of them the invariants must hold.

    Attributes:
        reached: how many runs of all machines came to what is worth coming to.
    """

    reached: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.stores = stores_of(self.world, _FOLDER)
        self.around = Surroundings()
        self.engine = engine_of(self.around)
        self.keepers = [KeptInMemory(), KeptInMemory()]
        self.replicas = [self._life(0), self._life(1)]
        self.wanted: list[Wanted] = []
        self.ordered: set[str] = set()  # versions that a person rolled back from
        self.shown: set[tuple[str | None, int]] = set()  # versions and epochs with harm shown
        self.pointers: list[str | None] = [None]  # version by epoch, as the trail says
        self.frozen = False
        self.kills = 0
        self.seen = 0  # rows of the trail that were looked at

    def _life(self, number: int) -> Replica:
        return Replica(number, self.stores, self.engine, self.around, self.keepers[number])

    def _do(self, number: int, work: Coroutine[Any, Any, Any]) -> None:
        """Do something on a replica; where it is killed, another life begins."""
        try:
            with suppress(BackstopError):
                _RUNNER.run(work)
        except Killed:
            self.kills += 1
            self.replicas[number] = self._life(number)

    @property
    def deployment(self) -> Deployment:
        """The pointer as it is stored."""
        return self.world.deployments[NAME]

    @initialize(
        served=st.integers(0, len(NAMES) - 1),
        points=st.lists(st.sampled_from(Failpoint), max_size=2),
    )
    def begin(self, served: int, points: list[Failpoint]) -> None:
        """Serve the base model, or the last of some versions that were promoted one after the other."""
        self.stores.deployments.ensure(NAME)
        for number, name in enumerate(NAMES):
            version = AdapterVersion(
                name=name,
                label=f"v{number}",
                state=VersionState.REGISTERED,
                manifest={},
                created_at=_START + timedelta(days=number),
            )
            self.stores.registry.add(version, actor="ann")
        self._do(0, self.replicas[0].versions.fingerprint_base())
        for number, replica in enumerate(self.replicas):
            self._do(number, replica.tick(leads=False))
        for name in NAMES[:served]:
            self.promote(0, name, Verdict.OK, False)
        self._do(1, self.replicas[1].tick(leads=False))
        self.around.due = points

    @rule(
        number=REPLICAS,
        name=st.sampled_from(NAMES),
        verdict=st.sampled_from((Verdict.OK, *Verdict)),
        force=st.booleans(),
    )
    def promote(self, number: int, name: str, verdict: Verdict, force: bool) -> None:
        """An operator promotes."""
        self.around.verdict = verdict
        self.wanted.append(Wanted(version=name, verdict=verdict, force=force))
        wish = Wish(
            version=self.world.versions[name],
            deployment=self.deployment,
            force=force,
            actor="ann",
            reason="a wish",
        )
        self._do(number, self.replicas[number].promotion.promote(wish, POLICY))

    @rule(number=REPLICAS)
    def roll_back_by_hand(self, number: int) -> None:
        """An operator rolls back onto a version that has served."""
        now = self.deployment
        proven = [each.name for each in self.world.versions.values() if each.state in PROVEN]
        if now.active is None or not proven:
            return
        self.ordered.add(now.active)
        order = Order(
            to=proven[0], reason="by hand", actor="ann", evidence={}, decided_at=datetime.now(UTC)
        )
        self._do(number, self.replicas[number].rollbacks.flip(now, order))

    @rule(
        evidence=st.sampled_from((200.0, 1e9, 0.0, 199.0, float("nan"), float("inf"))),
        stale=st.integers(0, 4),
        leader=REPLICAS,
    )
    def judge(self, evidence: float, stale: int, leader: int) -> None:
        """The judges find something, sometimes late, of an epoch that is over; the leader looks."""
        now = self.deployment
        epoch = now.epoch - (stale == 0)
        self.around.point = EvidencePoint(
            deployment=NAME,
            adapter=now.active,
            epoch=epoch,
            position=100,
            at=datetime.now(UTC),
            suspicion=0.0,
            suspicion_line=POLICY.suspicion_line,
            evidence=evidence,
            line=POLICY.line,
        )
        if POLICY.line <= evidence < float("inf"):
            self.shown.add((now.active, epoch))
        self._do(leader, self.replicas[leader].tick(leads=True))

    @rule(number=REPLICAS, away=st.booleans())
    def see_faults(self, number: int, away: bool) -> None:
        """A scorer sees hard faults of what its replica routes to, also without Postgres."""
        self.world.away = away
        serves = self.replicas[number].serves
        if serves is None:
            return
        active, epoch = serves
        harm = ShownHarm(
            deployment=NAME, adapter=active, epoch=epoch, evidence=1e6, answers=50, faults=50
        )
        self.shown.add((active, epoch))
        self.around.harms = (harm,)
        self._do(number, self.replicas[number].standing_in.look())
        self.around.harms = ()

    @rule(number=REPLICAS, leads=st.booleans())
    def tick(self, number: int, leads: bool) -> None:
        """A replica ticks."""
        self._do(number, self.replicas[number].tick(leads=leads))

    @rule(name=st.sampled_from(NAMES), release=st.booleans())
    def quarantine_or_release(self, name: str, release: bool) -> None:
        """An operator takes a version out, or lets it come back."""
        version, versions = self.world.versions[name], self.replicas[0].versions
        work = versions.release if release else versions.quarantine
        self._do(0, work(version, actor="ann", reason="an operator's"))

    @rule()
    @precondition(lambda self: self.world.deployments[NAME].frozen is not None)
    def thaw(self) -> None:
        """An operator allows changes again."""
        now = self.deployment
        with suppress(BackstopError):
            self.stores.deployments.amend(
                NAME,
                expected_epoch=now.epoch,
                actor="ann",
                reason="looked into",
                at=datetime.now(UTC),
                frozen="",
            )

    @rule(points=st.lists(st.sampled_from(Failpoint), min_size=1, max_size=2))
    def plan_kills(self, points: list[Failpoint]) -> None:
        """Whoever comes to these points next is killed there."""
        self.around.due = points

    @rule(away=st.booleans())
    def take_database(self, away: bool) -> None:
        """Postgres goes, or comes back."""
        self.world.away = away

    @rule(name=st.sampled_from(NAMES), broken=st.booleans())
    def break_version(self, name: str, broken: bool) -> None:
        """A version's files break, or are mended; the engine comes back empty."""
        (self.around.broken.add if broken else self.around.broken.discard)(name)
        self.engine.forget()

    @rule(number=REPLICAS)
    def kill(self, number: int) -> None:
        """A replica is killed between two steps."""
        self.replicas[number] = self._life(number)

    @invariant()
    def a_quarantined_version_is_never_desired(self) -> None:
        """Nor is a version active that no pointer names, or a pointer's version not active."""
        for name, version in self.world.versions.items():
            active = any(each.active == name for each in self.world.deployments.values())
            assert (version.state is VersionState.ACTIVE) == active, (name, version.state)

    @invariant()
    def every_flip_had_its_reason(self) -> None:
        """No promotion without a gate that passed, no rollback by itself without harm shown."""
        rows, self.seen = self.world.trail[self.seen :], len(self.world.trail)
        for row in rows:
            facts = row.payload
            if row.action == "deployment.amend":
                self.frozen = facts["frozen"] is not None
            if row.action == "deployment.promote":
                assert self._was_let_through(str(facts["to"]))
            if row.action == "deployment.rollback" and row.actor == AUTOMATIC:
                before = int(facts["epoch"]) - 1
                assert (self.pointers[before], before) in self.shown, row
                assert not self.frozen, row
            if row.action in ("deployment.promote", "deployment.rollback"):
                assert facts["epoch"] == len(self.pointers), (
                    "an epoch was passed over, or came twice"
                )
                self.pointers.append(facts["to"])
                self.frozen = self.frozen and row.actor == AUTOMATIC
        if self.world.deployments:
            now = self.deployment
            assert (now.active, now.epoch) == (self.pointers[-1], len(self.pointers) - 1)

    @invariant()
    def one_rollback_has_one_of_everything(self) -> None:
        """A row, an incident with its notice, and an epoch of its own."""
        flips = [each for each in self.world.incidents.values() if each.phase is not Phase.FROZEN]
        assert sorted(epoch for _, epoch in self.world.rollbacks) == sorted(
            each.epoch for each in flips
        )
        assert len({epoch for _, epoch in self.world.rollbacks}) == len(self.world.rollbacks)
        assert all(each.id in self.world.notices for each in self.world.incidents.values())

    @invariant()
    def nobody_goes_back_and_forth(self) -> None:
        """By itself a deployment is rolled back so often as the policy allows, and frozen then."""
        own = [each for each in self._rollbacks() if each.actor == AUTOMATIC]
        assert len(own) <= POLICY.max_rollbacks

    @invariant()
    def replicas_route_as_the_table_allowed(self) -> None:
        """By an epoch that was, to its version; or by a rollback that they must still tell."""
        for replica, keeper in zip(self.replicas, self.keepers, strict=True):
            if replica.serves is None:
                continue
            own = {(act.to, act.after.epoch) for act in keeper.load().acts}
            allowed = {(version, epoch) for epoch, version in enumerate(self.pointers)}
            assert replica.serves in allowed | own, replica.serves

    def teardown(self) -> None:
        """Let everything come back: then what is desired is what is routed, and nothing is open."""
        self.world.away, self.around.due, self.around.point = False, [], None
        self.around.broken.clear()
        for _ in range(3):
            for number in (1, 0):
                self._do(number, self.replicas[number].tick(leads=number == 0))
        if not self.world.deployments:
            return
        now = self.deployment
        for replica, keeper in zip(self.replicas, self.keepers, strict=True):
            assert replica.serves == (now.active, now.epoch)
            assert not keeper.load().acts
        assert all(not STEPS[each.phase] for each in self.world.incidents.values())
        assert audit_verification.verify(self.world.trail).intact
        self._count()
        self.every_flip_had_its_reason()
        self.one_rollback_has_one_of_everything()
        self.a_quarantined_version_is_never_desired()

    def _count(self) -> None:
        """Note what this run came to, so that runs which come to nothing are seen."""
        reasons = [each.reason for each in self._rollbacks() if each.actor == AUTOMATIC]
        actions = [row.action for row in self.world.trail]
        came_to = {
            "promotion": "deployment.promote" in actions,
            "refused promotion": "promotion refused" in actions,
            "rollback by itself": any("one replica" not in each for each in reasons),
            "rollback without Postgres": any("one replica" in each for each in reasons),
            "overruled rollback": "rollback overruled" in actions,
            "rollback by hand": any(each.actor == "ann" for each in self._rollbacks()),
            "freeze": "incident.open" in actions,
            "proof": f"incident.{Phase.PROVED.value}" in actions,
            "kill at a failpoint": self.kills > 0,
        }
        self.reached.update(name for name, came in came_to.items() if came)

    def _was_let_through(self, version: str) -> bool:
        """Whether somebody wanted a version, and the gate passed it or was overruled."""
        passing = (Verdict.OK, Verdict.WARN)
        return any(
            each.version == version and (each.force or each.verdict in passing)
            for each in self.wanted
        )

    def _rollbacks(self) -> list[Incident]:
        return [each for each in self.world.incidents.values() if each.phase is not Phase.FROZEN]
