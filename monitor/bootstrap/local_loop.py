"""The closed loop in one process, around a local engine: scorer and judges over one queue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from guards.declared import Declared
from guards.worth import Source
from monitor.bootstrap.closed_loop import ClosedLoop, GoldenSite, Site, close_loop
from monitor.bootstrap.scoring import Scoring, open_scoring
from monitor.ports.alerts import Sender
from monitor.ports.engine import Engine
from monitor.ports.grading import Grader
from monitor.ports.preference import Preference
from monitor.ports.record import ExchangeStore
from monitor.ports.spool import Spool
from monitor.ports.stores import Stores
from monitor.runtime import wakers
from monitor.runtime.alerting.routes import Rules
from monitor.runtime.convergence import OwnProcess
from monitor.runtime.flights import Flights
from monitor.runtime.handover_queue import HandoverQueue
from monitor.runtime.last_good import Keeper, KeptInMemory
from monitor.runtime.loops import Loop
from monitor.runtime.routing import Router
from monitor.runtime.scoring.embeddings import Embeddings, NoModel
from monitor.runtime.scoring.unread import read_nothing
from monitor.runtime.shadowing import ShadowPlan
from monitor.runtime.text_grader import TextGrader
from rollback.canary_policy import CanaryPolicy
from rollback.policy import Policy

_ENGINE = "local"
_LANDING_LIMIT_S = 5.0  # a longer answer is not waited for: people want the news


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is told to the parts.

    Args:
        replica: name of this process, unlike any other's.
        scorer: name of its scorer, unlike that of any other or of an earlier life.
        link: address of the dashboard, for the alerts.
        queue: how many answers may wait to be scored.
        keep_text: whether prompts and answers are recorded.
        schemas: deployment → JSON Schema that its answers must satisfy, where one is declared.
        grader: grades the answers of golden runs.
        golden: how golden runs are done.
        declared: deployment → what else is declared of its answers.
        embeddings: where the vectors of answers come from.
        rules: who is told what, and when; without them everybody everything at once.
        worth: deployment → where the worth of its answers is read.
        preference: compares answers with their shadows, where a deployment asks for it.
        canaries: deployment → by what rules its canaries go.
        shadows: deployment → how many prompts are shadowed, where the service sets that.
        keeper: where it is kept what to roll back to while Postgres is away.
    """

    replica: str
    scorer: str
    link: str
    queue: int = 10_000
    keep_text: bool = False
    schemas: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    grader: Grader = field(default_factory=TextGrader)
    golden: GoldenSite = field(default_factory=GoldenSite)
    declared: Mapping[str, Declared] = field(default_factory=dict)
    embeddings: Embeddings = field(default_factory=NoModel)
    rules: Rules | None = None
    worth: Mapping[str, Collection[Source]] = field(default_factory=dict)
    preference: Preference | None = None
    canaries: Mapping[str, CanaryPolicy] = field(default_factory=dict)
    shadows: Mapping[str, ShadowPlan] = field(default_factory=dict)
    keeper: Keeper = field(default_factory=KeptInMemory)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLoop:
    """The loop and what is in front of it."""

    handover: HandoverQueue
    flights: Flights
    scoring: Scoring
    closed: ClosedLoop

    def loops(self) -> Mapping[str, Loop]:
        """Return what must be kept running from answers to evidence."""
        closed = self.closed
        return {
            **self.scoring.loops(closed.wakers),
            "news": partial(wakers.follow, closed.stores.news, closed.wakers),
        }


def open_local_loop(
    stores: Stores,
    engine: Engine,
    policies: Mapping[str, Policy],
    senders: Mapping[str, Sender],
    record: ExchangeStore,
    spool: Spool,
    settings: Settings,
) -> LocalLoop:
    """Wire the loop for one engine and one database."""
    handover, flights, router = HandoverQueue(settings.queue), Flights(), Router()

    async def settle(deployment: str, epoch: int) -> None:
        await flights.landed(deployment, epoch, _LANDING_LIMIT_S)
        await handover.settled()

    scoring = open_scoring(
        stores.deployments,
        stores.evidence,
        handover,
        record,
        spool,
        policies,
        settings.schemas,
        settings.declared,
        read=read_nothing,
        replica=settings.scorer,
        keep_text=settings.keep_text,
        embeddings=settings.embeddings,
        worth=settings.worth,
        preference=settings.preference,
    )
    site = Site(
        replica=settings.replica,
        place=settings.replica,
        engine=_ENGINE,
        link=settings.link,
        harms=scoring.hard_faults.shown,
        keeper=settings.keeper,
        settle=settle,
        grader=settings.grader,
        rules=settings.rules,
        canaries=settings.canaries,
        shadows=settings.shadows,
        golden=settings.golden,
    )
    return LocalLoop(
        handover=handover,
        flights=flights,
        scoring=scoring,
        closed=close_loop(stores, engine, router, OwnProcess(router), policies, senders, site),
    )
