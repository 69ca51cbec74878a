"""Puts the closed loop together: from what scorers observed to a proved rollback."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.bootstrap import alerting
from monitor.ports.alerts import Sender
from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Engine
from monitor.ports.golden_host import GoldenHosts
from monitor.ports.grading import Grader
from monitor.ports.stores import Stores
from monitor.runtime.alerting.conditions import Conditions
from monitor.runtime.alerting.routes import Rules
from monitor.runtime.approvals import Approvals
from monitor.runtime.base_probe import BaseProbe
from monitor.runtime.canary import Canaries
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence, Followers
from monitor.runtime.deciding import Deciding
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.drills.sitting import Sitting
from monitor.runtime.errands import Errands
from monitor.runtime.failpoints import Failpoints, NoFailpoints, Sending
from monitor.runtime.freezes import Freezes
from monitor.runtime.gauges import Gauges
from monitor.runtime.golden_base import BaseWatch
from monitor.runtime.golden_beside import Beside, unknown
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.golden_plan import RunSettings
from monitor.runtime.golden_resuming import Resuming
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.judging import Judging
from monitor.runtime.last_good import Keeper, KeptInMemory
from monitor.runtime.leadership import Leadership
from monitor.runtime.patrol import Patrol
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.shadowing import Shadowing, ShadowPlan
from monitor.runtime.shown_harm import ShownHarm
from monitor.runtime.standing_in import StandingIn
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.tellings import Tellings
from monitor.runtime.text_grader import TextGrader
from monitor.runtime.troubles import Troubles
from monitor.runtime.versions import Versions
from monitor.runtime.wakers import Wakers
from monitor.runtime.watch import Watch
from monitor.storage.spoiling import StoredSpoiler
from rollback.canary_policy import CanaryPolicy
from rollback.policy import Policy

Settle = Callable[[str, int], Awaitable[None]]
Harms = Callable[[], Sequence[ShownHarm]]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenSite:
    """How golden runs are done.

    Args:
        hosts: where they answer; `None` is on the engine that serves.
        identity: tells which base model that engine has.
        runs_after: whether a run follows on each promotion.
    """

    hosts: GoldenHosts | None = None
    identity: Callable[[], Awaitable[BaseIdentity]] = unknown
    settings: RunSettings = field(default_factory=RunSettings)
    runs_after: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a loop runs.

    Args:
        replica: name of this process, unlike any other's.
        place: under which it acknowledges routes; the life after it bears the same name.
        engine: what runs the model, the name under which fingerprints are kept.
        link: address of the dashboard, for the alerts.
        settle: returns once the last answers of a deployment's epoch are recorded, or are not
            waited for any longer.
        grader: grades the answers of golden runs.
        rules: who is told what, and when; without them everybody everything at once.
        canaries: deployment → by what rules its canaries go.
        shadows: deployment → how many prompts are shadowed, where the service sets that.
        failpoints: where a test ends the process.
        harms: the hard faults that this replica's scorer sees.
        keeper: where it is kept what to roll back to while Postgres is away.
    """

    replica: str
    place: str
    engine: str
    link: str
    settle: Settle
    harms: Harms
    keeper: Keeper = field(default_factory=KeptInMemory)
    grader: Grader = field(default_factory=TextGrader)
    rules: Rules | None = None
    canaries: Mapping[str, CanaryPolicy] = field(default_factory=dict)
    shadows: Mapping[str, ShadowPlan] = field(default_factory=dict)
    golden: GoldenSite = field(default_factory=GoldenSite)
    failpoints: Failpoints = field(default_factory=NoFailpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosedLoop:
    """The parts that judge answers and move pointers."""

    policies: Mapping[str, Policy]
    link: str
    stores: Stores
    wakers: Wakers
    troubles: Troubles
    errands: Errands
    router: Router
    watch: Watch
    judging: Judging
    convergence: Convergence
    standing_in: StandingIn
    patrol: Patrol
    leadership: Leadership
    versions: Versions
    base: BaseProbe
    approvals: Approvals
    sitting: Sitting
    golden: GoldenEvidence
    resuming: Resuming
    promotion: Promotion
    canaries: Canaries
    shadowing: Shadowing
    rollbacks: Rollbacks
    dispatcher: Dispatcher


def close_loop(
    stores: Stores,
    engine: Engine,
    router: Router,
    followers: Followers,
    policies: Mapping[str, Policy],
    senders: Mapping[str, Sender],
    site: Site,
) -> ClosedLoop:
    """Wire the loop for one engine and one database.

    Args:
        followers: those on this host who route by the router's table.
    """
    wakers, troubles = Wakers(), Troubles()
    writing = alerting.writing(stores, site.rules or alerting.all_to_all(senders), site.link)
    watch = Watch(stores.deployments, stores.evidence, policies)
    leadership = Leadership(stores.leases, site.replica)
    judging = Judging(stores.observations, stores.evidence, watch, leadership, wakers.wake)
    convergence = Convergence(
        stores.deployments, stores.acknowledgements, router, followers, site.place
    )
    versions = Versions(stores, engine, site.engine)
    runs = _runs(stores, engine, versions, site)
    golden = GoldenEvidence(runs, watch, judging, wakers.wake)
    promotion = Promotion(
        stores, versions, runs, convergence, site.failpoints, runs_after=site.golden.runs_after
    )
    errands = Errands(troubles)
    return ClosedLoop(
        policies=dict(policies),
        link=site.link,
        stores=stores,
        wakers=wakers,
        troubles=troubles,
        errands=errands,
        router=router,
        watch=watch,
        judging=judging,
        convergence=convergence,
        standing_in=StandingIn(
            stores=stores,
            policies=policies,
            convergence=convergence,
            harms=site.harms,
            ready=versions.ready,
            senders=senders,
            compose=writing.compose,
            keeper=site.keeper,
            link=site.link,
        ),
        patrol=Patrol(stores, engine, site.engine, site.link),
        leadership=leadership,
        versions=versions,
        sitting=Sitting(engine=engine, spoiler=StoredSpoiler(stores.artifacts), grader=site.grader),
        golden=golden,
        resuming=Resuming(stores, runs, golden, policies, lambda: leadership.leads),
        promotion=promotion,
        canaries=Canaries(stores, promotion, convergence, site.canaries, site.link),
        shadowing=Shadowing(stores, watch, convergence, site.shadows),
        base=BaseProbe(engine, stores.registry, site.engine, errands),
        approvals=Approvals(stores.proposals, site.link),
        rollbacks=Rollbacks(
            stores,
            engine,
            site.engine,
            versions.ready,
            convergence,
            site.settle,
            site.link,
            site.failpoints,
        ),
        dispatcher=Dispatcher(
            stores.outbox,
            {name: Sending(sender, site.failpoints) for name, sender in senders.items()},
            writing,
            troubles,
        ),
    )


def _runs(stores: Stores, engine: Engine, versions: Versions, site: Site) -> GoldenRuns:
    golden = site.golden
    beside = Beside(engine, site.grader, versions.ready, golden.identity)
    return GoldenRuns(golden.hosts or beside, stores, golden.settings, BaseWatch(stores, site.link))


def control(loop: ClosedLoop) -> Control:
    """Return the control loop over the parts."""
    suspicions = Suspicions(loop.stores, loop.golden, loop.errands)
    gauges = Gauges(loop.stores.indicators)
    return Control(
        stores=loop.stores,
        policies=loop.policies,
        judging=loop.judging,
        convergence=loop.convergence,
        standing_in=loop.standing_in,
        leadership=loop.leadership,
        versions=loop.versions,
        rollbacks=loop.rollbacks,
        freezes=Freezes(loop.stores, loop.link),
        suspicions=suspicions,
        deciding=Deciding(loop.stores, loop.watch, gauges, suspicions, loop.base),
        tellings=Tellings(loop.stores.outbox, Conditions(loop.stores.alarms), loop.link),
        approvals=loop.approvals,
        confirmation=Confirmation(loop.stores, loop.golden, loop.watch, loop.errands),
        canaries=loop.canaries,
        shadowing=loop.shadowing,
        errands=loop.errands,
    )
