"""Runs the service: database, engine, parts, surfaces; one process, one port."""

from __future__ import annotations

import asyncio
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from importlib import metadata
from types import FrameType

import structlog
import uvicorn
from sqlalchemy.engine import Engine as Database

from guards import golden
from monitor.bootstrap import database, files, parts, tokens
from monitor.bootstrap.deadline import Deadline
from monitor.bootstrap.files import DeploymentFiles
from monitor.bootstrap.parts import Parts
from monitor.config import Config
from monitor.config import LocalEngine as EngineSection
from monitor.engines.fingerprint import base_facts
from monitor.engines.local import LocalEngine
from monitor.errors import ConfigError, Unavailable
from monitor.gateway.app import routes
from monitor.gateway.callers import token_hash
from monitor.runtime.loops import Loop
from monitor.scheduler.clock import Clock
from monitor.storage.artifacts import ArtifactFolder
from monitor.storage.exchanges import PostgresExchanges
from monitor.storage.spool import FileSpool
from monitor.storage.stores import open_stores
from monitor.web.app import create_app
from monitor.web.context import Web
from monitor.web.metrics import DeploymentCollector
from monitor.web.sessions import Sessions
from monitor.web.tokens import OperatorTokens

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
    parts.senders(config)  # a receiver that cannot be used is found before anything starts
    listener = listen(config)
    with (
        _deadline() as deadline,
        listener,
        _opened(config) as (sql, loops),
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


@contextmanager
def _opened(config: Config) -> Iterator[tuple[Database, Mapping[str, Loop]]]:
    """Yield the database, and the loop that keeps it alive where it is ours."""
    if not database.is_embedded(config):
        with database.opened(config) as sql:
            yield sql, {}
        return
    with database.embedded(config) as ours:
        yield ours.engine, {"database server": ours.supervise}


def listen(config: Config) -> socket.socket:
    """Bind the port, before any work is done. Raises `ConfigError` if it is taken."""
    host, port = config.listen.host, config.listen.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"listen: {host}:{port} cannot be used: {error.strerror}; stop what listens there, "
            "or name another port (listen.port, BACKSTOP_LISTEN__PORT)"
        ) from error
    return listener


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
    app = create_app(
        _web(config, built),
        release=metadata.version("backstop"),
        data_plane=routes(built.gateway),
    )
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=_DRAIN_S,
        ),
        deadline,
    )
    built.registry.register(DeploymentCollector(built.stores))
    async with _living(config, built, read):
        await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends in order at SIGTERM and SIGINT, and leaves the rest of the clean-up to its caller.

    uvicorn's own handler raises the signal again after serving, which would end the process
    before the database is closed.
    """

    def __init__(self, config: uvicorn.Config, deadline: Deadline) -> None:
        super().__init__(config)
        self._deadline = deadline

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end, within a limit."""
        self._deadline.begin()
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


def _web(config: Config, built: Parts) -> Web:
    operator = tokens.ensure(config.data_dir, "operator")
    return Web(
        stores=built.stores,
        operations=built.operations,
        tokens=OperatorTokens(
            {"operator": token_hash(operator)},
            whereabouts=str(tokens.path_of(config.data_dir, "operator")),
        ),
        sessions=Sessions(secrets.token_urlsafe),
        registry=built.registry,
        clock=lambda: datetime.now(UTC),
    )


@asynccontextmanager
async def _living(
    config: Config, built: Parts, read: Mapping[str, DeploymentFiles]
) -> AsyncIterator[None]:
    """Keep the loops and the clock running around the server.

    It is no lifespan of the app: there, an error of the start would be logged with its traceback,
    and the process would end as if all had gone well.
    """
    clock = _clock(config, built)
    await built.service.start()
    try:
        await _import_golden(built, read)
        clock.start()
        _announce(config)
        yield
    finally:
        built.gateway.draining = True
        clock.stop()
        await built.service.stop()


async def _import_golden(built: Parts, read: Mapping[str, DeploymentFiles]) -> None:
    """Bring the golden sets that the configuration names to deployments that have none.

    A set that was imported while the service ran is newer than the file: it stays.
    """
    for name, each in read.items():
        if each.golden is None:
            continue
        present = await asyncio.to_thread(built.stores.golden.cases, name)
        if present and golden.set_digest(present) != golden.set_digest(each.golden):
            log.warning(
                "the golden set in use is not the configured file's; `backstop golden import` "
                "brings the file's in",
                deployment=name,
                cases=len(present),
            )
        if not present:
            await asyncio.to_thread(
                built.stores.golden.import_cases,
                name,
                each.golden,
                actor="configuration",
                at=datetime.now(UTC),
            )


def _clock(config: Config, built: Parts) -> Clock:
    loop = asyncio.get_running_loop()

    def on_slot(job: str, slot: datetime) -> None:
        try:
            built.stores.schedule.insert(job, slot)
        except Unavailable as error:
            log.error("slot not recorded", job=job, slot=slot.isoformat(), error=str(error))
        loop.call_soon_threadsafe(built.wakers.schedule.set)

    schedule = config.schedule
    jobs = {
        "golden": schedule.golden,
        "report": schedule.report,
        "retention": schedule.retention,
    }
    return Clock(jobs, schedule.timezone, on_slot)


def _announce(config: Config) -> None:
    url = f"{config.listen.url}/"
    operator, caller = (tokens.path_of(config.data_dir, who) for who in ("operator", "caller"))
    sys.stdout.write(
        f"Backstop is ready at {url}\n"
        f"  operators' token: {operator}\n"
        f"  callers' token:   {caller}\n"
    )
    sys.stdout.flush()
