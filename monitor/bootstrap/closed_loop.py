"""Puts the closed loop together: from what scorers observed to a proved rollback."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from monitor.alerts import schedule as retries
from monitor.ports.alerts import Sender
from monitor.ports.engine import Engine
from monitor.ports.grading import Grader
from monitor.ports.stores import Stores
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence, Followers
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.errands import Errands
from monitor.runtime.failpoints import Failpoints, NoFailpoints, Sending
from monitor.runtime.freezes import Freezes
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.judging import Judging
from monitor.runtime.last_good import Keeper, KeptInMemory
from monitor.runtime.leadership import Leadership
from monitor.runtime.patrol import Patrol
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.shown_harm import ShownHarm
from monitor.runtime.standing_in import StandingIn
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.text_grader import TextGrader
from monitor.runtime.troubles import Troubles
from monitor.runtime.versions import Versions
from monitor.runtime.wakers import Wakers
from monitor.runtime.watch import Watch
from rollback.policy import Policy

Settle = Callable[[str, int], Awaitable[None]]
Harms = Callable[[], Sequence[ShownHarm]]


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
    golden: GoldenEvidence
    promotion: Promotion
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
    watch = Watch(stores.deployments, stores.evidence, policies)
    leadership = Leadership(stores.leases, site.replica)
    judging = Judging(stores.observations, stores.evidence, watch, leadership, wakers.wake)
    convergence = Convergence(
        stores.deployments, stores.acknowledgements, router, followers, site.place
    )
    versions = Versions(stores, engine, site.engine)
    runs = GoldenRuns(engine, stores.golden, site.grader)
    return ClosedLoop(
        policies=dict(policies),
        link=site.link,
        stores=stores,
        wakers=wakers,
        troubles=troubles,
        errands=Errands(troubles),
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
            keeper=site.keeper,
            link=site.link,
        ),
        patrol=Patrol(stores, engine, site.engine, site.link),
        leadership=leadership,
        versions=versions,
        golden=GoldenEvidence(runs, watch, judging, wakers.wake),
        promotion=Promotion(stores, versions, runs, convergence, site.failpoints),
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
            _retry_at,
            troubles,
        ),
    )


def control(loop: ClosedLoop) -> Control:
    """Return the control loop over the parts."""
    return Control(
        stores=loop.stores,
        policies=loop.policies,
        watch=loop.watch,
        judging=loop.judging,
        convergence=loop.convergence,
        standing_in=loop.standing_in,
        leadership=loop.leadership,
        versions=loop.versions,
        rollbacks=loop.rollbacks,
        freezes=Freezes(loop.stores, loop.link),
        suspicions=Suspicions(loop.stores, loop.golden, loop.errands),
        confirmation=Confirmation(loop.stores, loop.golden, loop.watch, loop.errands),
        errands=loop.errands,
    )


def _retry_at(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    jitter = secrets.randbelow(1000) / 1000
    return retries.retry_at(attempt, failed_at, jitter=jitter, retry_after_s=retry_after_s)
