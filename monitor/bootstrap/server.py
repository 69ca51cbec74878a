"""Runs the service: database, engine, parts, surfaces; one process, one port."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import metadata
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy.engine import Engine as Database

from monitor.bootstrap import (
    anchoring,
    data_folder,
    database,
    files,
    guarding,
    own_signals,
    parts,
    receivers,
    standing,
    surfaces,
    tokens,
)
from monitor.bootstrap.deadline import Deadline
from monitor.bootstrap.files import DeploymentFiles
from monitor.bootstrap.listening import listen
from monitor.bootstrap.parts import Parts
from monitor.config import Config
from monitor.config import LocalEngine as EngineSection
from monitor.engines.fingerprint import base_facts
from monitor.engines.local import LocalEngine
from monitor.errors import ConfigError
from monitor.gateway.app import routes
from monitor.gateway.serving import KEEP_ALIVE_S
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.exchanges import PostgresExchanges
from monitor.storage.spool import FileSpool
from monitor.storage.stores import open_stores
from monitor.web.app import create_app

log = structlog.get_logger(__name__)

_MB = 1 << 20
_DRAIN_S = 10
_END_LIMIT_S = 30.0
# The engine's thread computes; the event loop answers callers and moves pointers, and waits for
# the interpreter lock at each step. Python's own 5 ms would be felt.
_SWITCH_INTERVAL_S = 0.001
_END = (signal.SIGTERM, signal.SIGINT)


def serve(config: Config) -> None:
    """Run until Ctrl-C or SIGTERM. Raises a `BackstopError` if the service cannot start."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    section = _local(config)
    read = files.read(config)
    receivers.senders(config)  # what cannot be used is found before anything starts
    anchoring.keepers(config)
    own_signals.load()
    guarding.check(config)
    listener = listen(config)
    with (
        _deadline() as deadline,
        listener,
        data_folder.owned(config.data_dir),
        database.kept_alive(config) as (sql, loops),
        database.impatient(sql) as hasty,
    ):
        database.bring_up_to_date(config, sql)
        engine = LocalEngine.open(
            section.model,
            device=section.device,
            max_batch=section.max_batch,
            threads=section.threads,
        )
        try:
            built = _build(config, section, read, sql, hasty, engine)
            for name, loop in loops.items():
                built.service.add(name, loop)
            asyncio.run(_run(config, built, read, listener, deadline))
        finally:
            engine.close()


def _local(config: Config) -> EngineSection:
    if not isinstance(config.engine, EngineSection):
        raise ConfigError(f"engine.kind: {config.engine.kind} is served by other processes")
    return config.engine


@contextmanager
def _deadline() -> Iterator[Deadline]:
    """Yield the limit of an end by signal, which covers closing everything."""
    deadline = Deadline(_END_LIMIT_S)
    try:
        yield deadline
    finally:
        deadline.cancel()


def _build(
    config: Config,
    section: EngineSection,
    read: Mapping[str, DeploymentFiles],
    sql: Database,
    hasty: Database,
    engine: LocalEngine,
) -> Parts:
    artifacts = ArtifactFolder(config.data_dir / "adapters", base_facts(section.model))
    return parts.assemble(
        config,
        section,
        read,
        open_stores(sql, artifacts),
        engine,
        PostgresExchanges(hasty),
        FileSpool(config.data_dir / "spool", int(config.gateway.spool_mb * _MB)),
        caller_token=tokens.ensure(config.data_dir, "caller"),
        operator_token=tokens.ensure(config.data_dir, "operator"),
    )


async def _run(
    config: Config,
    built: Parts,
    read: Mapping[str, DeploymentFiles],
    listener: socket.socket,
    deadline: Deadline,
) -> None:
    web = surfaces.web(config, built.stores, built.operations, built.registry)
    app = create_app(
        web,
        release=metadata.version("backstop"),
        data_plane=routes(built.gateway),
    )
    server = _Server(settings_of(app), deadline, web.live.close)
    async with _living(config, built, read):
        await server.serve(sockets=[listener])


def settings_of(app: FastAPI) -> uvicorn.Config:
    """Return how an application is served to callers and operators."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,  # who asks is told by `web.identity` alone
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=_DRAIN_S,
    )


class _Server(uvicorn.Server):
    """Ends in order at SIGTERM and SIGINT, and leaves the rest of the clean-up to its caller.

    uvicorn's own handler raises the signal again after serving, which would end the process
    before the database is closed.
    """

    def __init__(
        self, config: uvicorn.Config, deadline: Deadline, ending: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._deadline = deadline
        self._ending = ending

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, within a limit."""
        self._deadline.begin()
        self._ending()
        super().handle_exit(sig, frame)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Ask for the end at the first signal, and for a hasty one at the second."""
        loop = asyncio.get_running_loop()
        for number in _END:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _END:
                loop.remove_signal_handler(number)


@asynccontextmanager
async def _living(
    config: Config, built: Parts, read: Mapping[str, DeploymentFiles]
) -> AsyncIterator[None]:
    """Keep the loops and the clock running around the server.

    It is no lifespan of the app: there, an error of the start would be logged with its traceback,
    and the process would end as if all had gone well.
    """
    clock = standing.clock(config, built.stores, built.wakers)
    async with _guarded(config, built):
        await built.service.start()
        try:
            await standing.import_golden(built.stores, read)
            clock.start()
            standing.announce(config)
            yield
        finally:
            built.gateway.draining = True
            clock.stop()
            await built.gateway.shadows.stop()
            await built.service.stop()


@asynccontextmanager
async def _guarded(config: Config, built: Parts) -> AsyncIterator[None]:
    """Have the guards open that the configuration names, before the first answer."""
    async with (
        guarding.opened(config, blocking=False) as observing,
        guarding.opened(config, blocking=True) as blocking,
    ):
        built.observing.sets = observing
        built.gateway.guards = guarding.guardings(config, blocking, built.observing.counts)
        yield
