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
from typing import Any

from prometheus_client import CollectorRegistry

from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.bootstrap import closed_loop
from monitor.bootstrap.files import DeploymentFiles
from monitor.bootstrap.local_loop import LocalLoop, Settings, open_local_loop
from monitor.config import Config, LocalEngine, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports.alerts import Sender
from monitor.ports.engine import Engine
from monitor.ports.record import ExchangeStore
from monitor.ports.spool import Spool
from monitor.ports.stores import Stores
from monitor.runtime.jobs import Worker
from monitor.runtime.loops import Loop
from monitor.runtime.operations import Health, OperatorActions
from monitor.runtime.service import Service
from monitor.runtime.wakers import Wakers
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
    section: LocalEngine,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    engine: Engine,
    record: ExchangeStore,
    spool: Spool,
    *,
    caller_token: str,
    operator_token: str,
) -> Parts:
    """Wire the service for one local engine and one database."""
    policies = {name: each.policy for name, each in files.items()}
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    settings = Settings(
        replica=name,
        scorer=name,
        link=f"{config.listen.url}/",
        queue=config.record.queue,
        keep_text=config.record.text,
        schemas=_schemas(files),
    )
    loop = open_local_loop(stores, engine, policies, senders(config), record, spool, settings)
    registry = CollectorRegistry()
    loop.scoring.register(registry)
    gateway = _gateway(section, stores, engine, loop, registry)
    gateway.callers = Tokens([token_hash(caller_token), token_hash(operator_token)])
    gateway.operators = Tokens([token_hash(operator_token)])
    operations = _operations(stores, policies, loop.closed, health=lambda: service.health())
    worker = Worker(
        stores.schedule,
        settings.replica,
        _chores(config, files, stores, operations).jobs(),
        loop.closed.troubles,
    )
    service = _service(stores, tuple(files), loop, worker)
    return Parts(
        service=service,
        gateway=gateway,
        operations=operations,
        wakers=loop.closed.wakers,
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
    loop: closed_loop.ClosedLoop,
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
    stores: Stores, deployments: tuple[str, ...], local: LocalLoop, worker: Worker
) -> Service:
    closed = local.closed
    control = closed_loop.control(closed)
    loops: Mapping[str, Loop] = {
        **local.loops(),
        "leadership": closed.leadership.run,
        "control": partial(control.run, closed.wakers.control),
        "alerts": partial(closed.dispatcher.run, closed.wakers.alerts),
        "schedule": partial(worker.run, closed.wakers.schedule),
        "indicators": partial(chores.roll_up, stores, closed.leadership),
    }
    return Service(
        stores=stores,
        deployments=deployments,
        versions=closed.versions,
        convergence=closed.convergence,
        leadership=closed.leadership,
        errands=closed.errands,
        troubles=closed.troubles,
        parts=(local.scoring.scorer, closed.judging),
        loops=loops,
    )


def _schemas(files: Mapping[str, DeploymentFiles]) -> Mapping[str, Mapping[str, Any]]:
    return {
        name: each.response_schema
        for name, each in files.items()
        if each.response_schema is not None
    }


def _gateway(
    section: LocalEngine,
    stores: Stores,
    engine: Engine,
    loop: LocalLoop,
    registry: CollectorRegistry,
) -> Gateway:
    async def feedback(exchange_id: str, score: float, comment: str | None) -> None:
        await to_thread(
            stores.feedback.add_feedback, exchange_id, score, comment, datetime.now(UTC)
        )

    return Gateway(
        engine=engine,
        router=loop.closed.router,
        handover=loop.handover,
        counters=Counters(registry, loop.handover),
        flights=loop.flights,
        feedback=feedback,
        base_model=section.model.name,
        places=section.max_waiting,
    )
