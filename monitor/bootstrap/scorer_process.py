"""The process that scores: from what gateways hand over to rows in Postgres, or the spool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial

import structlog
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import database as databases
from monitor.bootstrap import (
    embedding,
    files,
    graders,
    guarding,
    own_memory,
    pace,
    pairing,
    processes,
    replicas,
    roster,
    waiting,
)
from monitor.bootstrap.post import Post
from monitor.bootstrap.processes import Ending
from monitor.bootstrap.scoring import Scoring, open_scoring
from monitor.config import Config
from monitor.gateway import reading
from monitor.runtime import wakers as news
from monitor.runtime.fleet.messages import Hello, Report
from monitor.runtime.fleet.spoke import Spoke, ignore_routes, settle_nothing
from monitor.runtime.guarding import GuardSet
from monitor.runtime.loops import Loop
from monitor.runtime.scoring.receiver import HandoverReceiver
from monitor.runtime.troubles import Troubles
from monitor.runtime.wakers import Wakers
from monitor.storage.deployments import PostgresDeployments
from monitor.storage.evidence import PostgresEvidence
from monitor.storage.exchanges import PostgresExchanges
from monitor.storage.news import PostgresNews
from monitor.storage.spool import FileSpool

log = structlog.get_logger(__name__)

_MB = 1 << 20
_IN_HAND_BYTES = 64 * _MB  # beyond this exchanges wait in the gateways, where they are counted
_FLUSH_LIMIT_S = 12.0


def main(post: Post) -> int:
    """Score until told to end; return the exit status."""
    pace.of_scoring()
    return processes.run(roster.SCORER, partial(_run, post))


async def _run(post: Post, ending: Ending) -> None:
    """Wait for the database, take exchanges, and at the end record what is in hand."""
    async with waiting.database(post.config, ending) as sql:
        with databases.impatient(sql) as hasty:
            async with guarding.opened(post.config, blocking=False) as guards:
                await _Scorer(post, sql, hasty, guards).run(ending)


class _Scorer:
    """The parts of a scorer, wired."""

    def __init__(
        self, post: Post, sql: Database, hasty: Database, guards: Mapping[str, GuardSet]
    ) -> None:
        self._post = post
        self._troubles = Troubles()
        self._wakers = Wakers()
        self._news = PostgresNews(sql)
        self._source = HandoverReceiver(post.folder.handover, _IN_HAND_BYTES)
        self._scoring = _scoring(post.config, sql, hasty, self._source)
        self._scoring.observing.sets = guards
        self._registry = CollectorRegistry()
        self._scoring.register(self._registry)
        own_memory.register(self._registry)
        misunderstood = Gauge(
            "backstop_exchanges_misunderstood",
            "Answers handed over that could not be decoded, and were lost.",
            registry=self._registry,
        )
        misunderstood.set_function(lambda: self._source.unreadable)

    async def run(self, ending: Ending) -> None:
        """Score until told to end."""
        async with processes.kept_running(self._loops(), self._troubles):
            await self._source.open()
            await ending.asked.wait()
            await self._finish(ending)
        await self._source.close()
        self._scoring.scorer.close()

    async def _finish(self, ending: Ending) -> None:
        """Record what gateways still hand over, until they have all hung up."""
        try:
            async with asyncio.timeout(_FLUSH_LIMIT_S):
                await processes.first_of(self._source.deserted(), ending.in_haste.wait())
                await self._scoring.scorer.flush()
        except TimeoutError:
            log.error("the end does not wait any longer", waiting=self._source.depth)

    def _loops(self) -> Mapping[str, Loop]:
        spoke = Spoke(
            self._post.folder.fleet,
            Hello(name=roster.SCORER, routes=False),
            report=self._report,
            on_routes=ignore_routes,
            on_settle=settle_nothing,
        )
        return {
            **self._scoring.loops(self._wakers),
            "news": partial(news.follow, self._news, self._wakers),
            "line to control": spoke.run,
        }

    def _report(self) -> Report:
        troubles = {**self._troubles.states(), **self._scoring.scorer.health()}
        return Report(
            troubles=troubles,
            metrics=generate_latest(self._registry).decode(),
            harms=self._scoring.hard_faults.shown(),
        )


def _scoring(config: Config, sql: Database, hasty: Database, source: HandoverReceiver) -> Scoring:
    read = files.read(config)
    return open_scoring(
        PostgresDeployments(sql),
        PostgresEvidence(sql),
        source,
        PostgresExchanges(hasty),
        FileSpool(config.data_dir / "spool", int(config.gateway.spool_mb * _MB)),
        {name: each.policy for name, each in read.items()},
        files.schemas(read),
        files.declared(read),
        read=reading.read,
        replica=replicas.name(roster.SCORER),
        keep_text=config.record.text,
        embeddings=embedding.opened(config.embedder),
        worth=pairing.worth(config),
        preference=graders.preference_of(config),
    )
