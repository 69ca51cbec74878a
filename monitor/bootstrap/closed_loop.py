"""Puts the closed loop together: from a finished answer to a proved rollback."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from monitor.alerts import schedule as retries
from monitor.ports.alerts import Sender
from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.errands import Errands
from monitor.runtime.flights import Flights
from monitor.runtime.freezes import Freezes
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.ingest import Ingest
from monitor.runtime.intake import ExchangeQueue
from monitor.runtime.leadership import Leadership
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.service import Wakers
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.troubles import Troubles
from monitor.runtime.versions import Versions
from monitor.runtime.watch import Watch
from rollback.policy import Policy

_LANDING_LIMIT_S = 5.0  # a longer answer is not waited for: people want the news
ENGINE = "local"  # fingerprints are kept per engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where a loop runs.

    Args:
        replica: name of this process, unlike any other's.
        link: address of the dashboard, for the alerts.
        queue: how many answers may wait to be judged.
        keep_text: whether prompts and answers are recorded.
    """

    replica: str
    link: str
    queue: int = 10_000
    keep_text: bool = False


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
    queue: ExchangeQueue
    flights: Flights
    watch: Watch
    ingest: Ingest
    convergence: Convergence
    leadership: Leadership
    versions: Versions
    golden: GoldenEvidence
    promotion: Promotion
    rollbacks: Rollbacks
    dispatcher: Dispatcher


def close_loop(
    stores: Stores,
    engine: Engine,
    policies: Mapping[str, Policy],
    senders: Mapping[str, Sender],
    site: Site,
) -> ClosedLoop:
    """Wire the loop for one engine and one database."""
    wakers, troubles, router, flights = Wakers(), Troubles(), Router(), Flights()
    errands = Errands(troubles)
    queue = ExchangeQueue(site.queue)
    watch = Watch(stores, policies, keep_text=site.keep_text)
    ingest = Ingest(queue, watch, wakers.wake)
    convergence = Convergence(stores.deployments, stores.acknowledgements, router, site.replica)
    leadership = Leadership(stores.leases, site.replica)
    versions = Versions(stores, engine, ENGINE)
    runs = GoldenRuns(engine, stores.golden)
    golden = GoldenEvidence(runs, watch, ingest, wakers.wake)

    async def settle(deployment: str, epoch: int) -> None:
        """Wait for the last answers of an epoch, so that they are counted."""
        await flights.landed(deployment, epoch, _LANDING_LIMIT_S)
        await ingest.settled(lambda: queue.depth)

    return ClosedLoop(
        policies=dict(policies),
        link=site.link,
        stores=stores,
        wakers=wakers,
        troubles=troubles,
        errands=errands,
        router=router,
        queue=queue,
        flights=flights,
        watch=watch,
        ingest=ingest,
        convergence=convergence,
        leadership=leadership,
        versions=versions,
        golden=golden,
        promotion=Promotion(stores, versions, runs, convergence),
        rollbacks=Rollbacks(stores, engine, ENGINE, convergence, settle, site.link),
        dispatcher=Dispatcher(stores.outbox, senders, _retry_at, troubles),
    )


def control(loop: ClosedLoop) -> Control:
    """Return the control loop over the parts."""
    return Control(
        stores=loop.stores,
        policies=loop.policies,
        watch=loop.watch,
        ingest=loop.ingest,
        convergence=loop.convergence,
        leadership=loop.leadership,
        versions=loop.versions,
        rollbacks=loop.rollbacks,
        freezes=Freezes(loop.stores, loop.link),
        suspicions=Suspicions(loop.stores, loop.golden, loop.errands),
        confirmation=Confirmation(loop.stores, loop.golden, loop.watch, loop.ingest, loop.errands),
        errands=loop.errands,
    )


def _retry_at(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    jitter = secrets.randbelow(1000) / 1000
    return retries.retry_at(attempt, failed_at, jitter=jitter, retry_after_s=retry_after_s)
