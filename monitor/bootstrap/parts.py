"""Puts the parts of the service together."""

from __future__ import annotations

import os
import secrets
import socket
from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from prometheus_client import CollectorRegistry

from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.bootstrap import closed_loop
from monitor.bootstrap.closed_loop import ClosedLoop, Site
from monitor.bootstrap.files import DeploymentFiles
from monitor.config import Config, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports.alerts import Sender
from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.runtime.jobs import Worker
from monitor.runtime.loops import Loop
from monitor.runtime.operations import Health, OperatorActions
from monitor.runtime.service import Service, Wakers
from monitor.scheduler import chores
from monitor.scheduler.chores import Chores
from rollback.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The running parts that the surfaces need."""

    service: Service
    gateway: Gateway
    operations: OperatorActions
    wakers: Wakers
    stores: Stores
    registry: CollectorRegistry


def assemble(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    engine: Engine,
    *,
    caller_token: str,
    operator_token: str,
) -> Parts:
    """Wire the service for one engine and one database."""
    policies = {name: each.policy for name, each in files.items()}
    site = Site(
        replica=f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}",
        link=f"{config.listen.url}/",
        queue=config.record.queue,
        keep_text=config.record.text,
    )
    loop = closed_loop.close_loop(stores, engine, policies, senders(config), site)
    registry = CollectorRegistry()
    gateway = _gateway(config, files, stores, engine, loop, registry)
    gateway.callers = Tokens([token_hash(caller_token), token_hash(operator_token)])
    gateway.operators = Tokens([token_hash(operator_token)])
    operations = _operations(stores, policies, loop, health=lambda: service.health())
    worker = Worker(
        stores.schedule,
        site.replica,
        _chores(config, files, stores, operations).jobs(),
        loop.troubles,
    )
    service = _service(stores, tuple(files), loop, worker)
    return Parts(
        service=service,
        gateway=gateway,
        operations=operations,
        wakers=loop.wakers,
        stores=stores,
        registry=registry,
    )


def senders(config: Config) -> dict[str, Sender]:
    """Return a sender for each receiver of the configuration. Raises `ConfigError`."""
    return {name: _sender(name, section) for name, section in config.receivers.items()}


def _sender(name: str, section: Receiver) -> Sender:
    url = section.address(name)
    if section.kind == "slack":
        return SlackSender(name, url, allow_private=section.allow_private)
    if section.secret_file is None:
        raise ConfigError(f"receivers.{name}: a webhook needs a secret_file to sign with")
    secret = read_secret(section.secret_file, f"receivers.{name}.secret_file")
    return WebhookSender(name, url, secret=secret, allow_private=section.allow_private)


def _operations(
    stores: Stores,
    policies: Mapping[str, Policy],
    loop: ClosedLoop,
    *,
    health: Health,
) -> OperatorActions:
    return OperatorActions(
        stores=stores,
        policies=policies,
        versions=loop.versions,
        golden=loop.golden,
        promotion=loop.promotion,
        rollbacks=loop.rollbacks,
        wake=loop.wakers.wake,
        health=health,
    )


def _chores(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    operations: OperatorActions,
) -> Chores:
    return Chores(
        stores=stores,
        operations=operations,
        deployments=tuple(files),
        folder=config.data_dir / "reports",
        keep=timedelta(days=config.record.keep_days),
        keep_text=timedelta(days=config.record.keep_text_days),
    )


def _service(
    stores: Stores, deployments: tuple[str, ...], loop: ClosedLoop, worker: Worker
) -> Service:
    control = closed_loop.control(loop)
    loops: Mapping[str, Loop] = {
        "leadership": loop.leadership.run,
        "ingest": loop.ingest.run,
        "control": partial(control.run, loop.wakers.control),
        "alerts": partial(loop.dispatcher.run, loop.wakers.alerts),
        "schedule": partial(worker.run, loop.wakers.schedule),
        "indicators": partial(chores.roll_up, stores, loop.leadership),
    }
    return Service(
        stores=stores,
        deployments=deployments,
        versions=loop.versions,
        convergence=loop.convergence,
        leadership=loop.leadership,
        ingest=loop.ingest,
        errands=loop.errands,
        troubles=loop.troubles,
        waiting=lambda: loop.queue.depth,
        loops=loops,
    )


def _gateway(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    engine: Engine,
    loop: ClosedLoop,
    registry: CollectorRegistry,
) -> Gateway:
    schemas = {
        name: each.response_schema
        for name, each in files.items()
        if each.response_schema is not None
    }

    async def feedback(exchange_id: str, score: float, comment: str | None) -> None:
        await to_thread(
            stores.feedback.add_feedback, exchange_id, score, comment, datetime.now(UTC)
        )

    return Gateway(
        engine=engine,
        router=loop.router,
        queue=loop.queue,
        counters=Counters(registry, loop.queue),
        flights=loop.flights,
        feedback=feedback,
        base_model=config.engine.model.name,
        schemas=schemas,
        places=config.engine.max_waiting,
    )
