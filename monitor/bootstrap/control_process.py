"""The process that decides: judges, flips and proves as leader, and serves the operators' surfaces."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from functools import partial

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import (
    alerting,
    anchoring,
    control_surfaces,
    database,
    failpoints,
    files,
    golden_hosts,
    graders,
    operating,
    own_signals,
    pairing,
    processes,
    receivers,
    replicas,
    roster,
    standing,
    surfaces,
    waiting,
)
from monitor.bootstrap.closed_loop import ClosedLoop, Site, close_loop
from monitor.bootstrap.files import DeploymentFiles
from monitor.bootstrap.operating import Operating
from monitor.bootstrap.post import Post
from monitor.bootstrap.processes import Ending
from monitor.config import Config, ServerEngine
from monitor.engines.base_files import BaseFacts, read_base, told_base
from monitor.engines.servers.opened import open_server
from monitor.engines.servers.server import ModelServer, ServerFacts
from monitor.ports.stores import Stores
from monitor.runtime import last_good
from monitor.runtime import wakers as news
from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.hub import Hub
from monitor.runtime.fleet.kept_routes import KeptRoutes
from monitor.runtime.loops import Loop
from monitor.runtime.routing import Router, route_of
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.deployments import PostgresDeployments
from monitor.storage.stores import open_stores
from monitor.web.process_metrics import ProcessCollector

log = structlog.get_logger(__name__)

_LOOK_S = 1.0  # a server may be killed, and come back empty, behind our back
_LANDING_LIMIT_S = 5.0  # a longer answer is not waited for: people want the news


def main(post: Post) -> int:
    """Decide until told to end; return the exit status."""
    return processes.run(roster.CONTROL, partial(_run, post))


async def _run(post: Post, ending: Ending) -> None:
    """Wait for what is needed, in the order in which callers feel it, then serve until told to end."""
    read = files.read(post.config)
    # A receiver or a signal of the operator's own that cannot be used is found before anything starts.
    own_signals.load()
    receivers.senders(post.config)
    anchoring.keepers(post.config)
    router = Router()
    hub = Hub(
        post.folder.fleet,
        routers=roster.gateways(post.config),
        others=frozenset({roster.SCORER}),
        changed=lambda: None,
    )
    await hub.open()
    try:
        async with _database(post.config, ending) as (sql, loops):
            await _publish(sql, read, router, hub, ending)
            async with _engine(post, ending) as (engine, facts):
                control = await _Control.open(post, read, sql, engine, facts, router, hub, loops)
                await processes.first_of(control.run(ending), ending.in_haste.wait())
    finally:
        await hub.close()


@asynccontextmanager
async def _database(
    config: Config, ending: Ending
) -> AsyncIterator[tuple[Database, Mapping[str, Loop]]]:
    """Yield the database with its schema up to date, and the loop that keeps it alive if it is ours."""
    with ExitStack() as stack:
        sql, loops = await waiting.patiently(
            "the database",
            lambda: asyncio.to_thread(stack.enter_context, database.kept_alive(config)),
            ending,
        )
        await waiting.patiently(
            "the database",
            lambda: asyncio.to_thread(database.bring_up_to_date, config, sql),
            ending,
        )
        yield sql, loops


async def _publish(
    sql: Database,
    read: Mapping[str, DeploymentFiles],
    router: Router,
    hub: Hub,
    ending: Ending,
) -> None:
    """Give callers their routes before anything else: the engine may be away for long."""
    stored = PostgresDeployments(sql)
    for name in read:
        found = await waiting.patiently(
            "the pointers", partial(asyncio.to_thread, stored.ensure, name), ending
        )
        router.swap(route_of(found))
    hub.publish(router.table)


@asynccontextmanager
async def _engine(post: Post, ending: Ending) -> AsyncIterator[tuple[ModelServer, ServerFacts]]:
    """Yield the model server once it answers."""
    server = open_server(post.engine, post.config.data_dir / "adapters")
    try:
        yield server, await waiting.patiently("the engine", server.facts, ending)
    finally:
        await server.close()


class _Control:
    """The parts of control, wired."""

    def __init__(
        self,
        post: Post,
        read: Mapping[str, DeploymentFiles],
        stores: Stores,
        closed: ClosedLoop,
        operated: Operating,
        hub: Hub,
        registry: CollectorRegistry,
    ) -> None:
        self._post = post
        self._read = read
        self._stores = stores
        self._closed = closed
        self._operated = operated
        self._hub = hub
        self._registry = registry

    @classmethod
    async def open(
        cls,
        post: Post,
        read: Mapping[str, DeploymentFiles],
        sql: Database,
        engine: ModelServer,
        facts: ServerFacts,
        router: Router,
        hub: Hub,
        loops: Mapping[str, Loop],
    ) -> _Control:
        """Wire control. Raises `ConfigError`, `EngineError`."""
        config = post.config
        base = await asyncio.to_thread(_base, post.engine, facts)
        stores = open_stores(sql, ArtifactFolder(config.data_dir / "adapters", base))
        followers = KeptRoutes(hub, last_routes.path_in(config.data_dir))
        site = Site(
            replica=replicas.name(roster.CONTROL),
            place=await asyncio.to_thread(replicas.place, config.data_dir),
            engine=facts.engine_id,
            link=f"{config.listen.url}/",
            harms=hub.harms,
            keeper=last_good.KeptInFile(last_good.path_in(config.data_dir)),
            settle=lambda name, epoch: hub.settled(name, epoch, _LANDING_LIMIT_S),
            grader=graders.grader_of(config, engine),
            rules=alerting.rules(config),
            canaries=pairing.canaries(config),
            shadows=pairing.shadows(config),
            golden=golden_hosts.server_site(config, post.engine, read, engine),
            failpoints=failpoints.from_environment(),
        )
        policies = {name: each.policy for name, each in read.items()}
        closed = close_loop(
            stores, engine, router, followers, policies, receivers.senders(config), site
        )
        registry = CollectorRegistry()
        registry.register(ProcessCollector(hub.metrics))
        operated = operating.operate(
            config,
            read,
            stores,
            closed,
            replica=site.replica,
            loops={
                **loops,
                "routes": followers.run,
                "news": partial(news.follow, stores.news, closed.wakers),
            },
            parts=(),
            look_s=_LOOK_S,
            registry=registry,
            texts=hub.metrics,
            health=hub.states,
        )
        return cls(post, read, stores, closed, operated, hub, registry)

    async def run(self, ending: Ending) -> None:
        """Serve the surfaces and decide, until told to end."""
        config, service = self._post.config, self._operated.service
        clock = standing.clock(config, self._stores, self._closed.wakers)
        async with control_surfaces.serving(self._app_parts()):
            await waiting.patiently("the engine or the database", service.start, ending)
            try:
                await standing.import_golden(self._stores, self._read)
                clock.start()
                await processes.first_of(self._announce(), ending.asked.wait())
                await ending.asked.wait()
            finally:
                clock.stop()
                await service.stop()

    def _app_parts(self) -> control_surfaces.Parts:
        return control_surfaces.Parts(
            config=self._post.config,
            socket=self._post.folder.surfaces,
            web=surfaces.web(
                self._post.config, self._stores, self._operated.operations, self._registry
            ),
        )

    async def _announce(self) -> None:
        """Say that callers may come, once every process is there and routes."""
        await self._hub.complete()
        while not await self._hub.followed(_LANDING_LIMIT_S):
            continue
        standing.announce(self._post.config)


def _base(section: ServerEngine, facts: ServerFacts) -> BaseFacts:
    """Return the base model's identity: from its files where they are here."""
    if section.folder is not None:
        return read_base(section.folder)
    return told_base(facts.base)
