"""Puts the parts of the service together."""

from __future__ import annotations

import os
import secrets
import socket
from asyncio import to_thread
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from monitor.alerts import schedule as retries
from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.bootstrap.files import DeploymentFiles
from monitor.config import Config, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.counters import Counters
from monitor.gateway.gateway import Gateway
from monitor.ports import Engine, Sender, Stores
from monitor.runtime.confirmation import Confirmation
from monitor.runtime.control import Control
from monitor.runtime.convergence import Convergence
from monitor.runtime.dispatch import Dispatcher
from monitor.runtime.flights import Flights
from monitor.runtime.freezes import Freezes
from monitor.runtime.golden_runs import GoldenRuns
from monitor.runtime.ingest import Ingest
from monitor.runtime.intake import ExchangeQueue
from monitor.runtime.jobs import Worker
from monitor.runtime.leadership import Leadership
from monitor.runtime.operations import OperatorActions
from monitor.runtime.promotion import Promotion
from monitor.runtime.rollbacks import Rollbacks
from monitor.runtime.routing import Router
from monitor.runtime.service import Service, Wakers
from monitor.runtime.suspicion import Suspicions
from monitor.runtime.versions import Versions
from monitor.runtime.watch import Watch
from monitor.scheduler.chores import Chores

_LANDING_LIMIT_S = 5.0  # a longer answer is not waited for: people want the news
ENGINE = "local"  # fingerprints are kept per engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The running parts that the surfaces need."""

    service: Service
    gateway: Gateway
    operations: OperatorActions
    leadership: Leadership
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
    replica = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    policies = {name: each.policy for name, each in files.items()}
    link = f"http://{config.listen.host}:{config.listen.port}/"
    registry = CollectorRegistry()
    wakers = Wakers()
    router = Router()
    queue = ExchangeQueue(config.record.queue)
    flights = Flights()
    watch = Watch(stores, policies, keep_text=config.record.text)
    ingest = Ingest(queue, watch, wakers.wake)
    convergence = Convergence(stores.deployments, stores.acknowledgements, router, replica)
    leadership = Leadership(stores.leases, replica)
    versions = Versions(stores, engine, ENGINE)
    runs = GoldenRuns(engine, stores.golden)
    gateway = _gateway(config, files, stores, engine, router, queue, flights, registry)
    gateway.callers = Tokens([token_hash(caller_token), token_hash(operator_token)])
    gateway.operators = Tokens([token_hash(operator_token)])

    async def settle(deployment: str, epoch: int) -> None:
        """Wait for the last answers of an epoch, so that they are counted."""
        await flights.landed(deployment, epoch, _LANDING_LIMIT_S)
        await ingest.settled(lambda: queue.depth)

    rollbacks = Rollbacks(stores, engine, ENGINE, convergence, settle, link)
    suspicions = Suspicions(stores, runs, watch, ingest, wakers.wake)
    control = Control(
        stores=stores,
        policies=policies,
        watch=watch,
        ingest=ingest,
        convergence=convergence,
        leadership=leadership,
        versions=versions,
        rollbacks=rollbacks,
        freezes=Freezes(stores, link),
        suspicions=suspicions,
        confirmation=Confirmation(stores, runs, watch, ingest),
    )
    operations = OperatorActions(
        stores=stores,
        policies=policies,
        versions=versions,
        runs=runs,
        promotion=Promotion(stores, versions, runs, convergence),
        rollbacks=rollbacks,
        control=control,
        wake=wakers.wake,
        health=lambda: service.health(),
    )
    chores = Chores(
        stores=stores,
        operations=operations,
        deployments=tuple(files),
        folder=config.data_dir / "reports",
        keep=timedelta(days=config.record.keep_days),
        keep_text=timedelta(days=config.record.keep_text_days),
    )
    service = Service(
        stores=stores,
        deployments=tuple(files),
        versions=versions,
        convergence=convergence,
        leadership=leadership,
        ingest=ingest,
        control=control,
        suspicions=suspicions,
        dispatcher=Dispatcher(stores.outbox, senders(config), _retry_at),
        worker=Worker(stores.schedule, replica, chores.jobs()),
        waiting=lambda: queue.depth,
        wakers=wakers,
    )
    return Parts(
        service=service,
        gateway=gateway,
        operations=operations,
        leadership=leadership,
        wakers=wakers,
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


def _retry_at(attempt: int, failed_at: datetime, retry_after_s: float | None) -> datetime | None:
    jitter = secrets.randbelow(1000) / 1000
    return retries.retry_at(attempt, failed_at, jitter=jitter, retry_after_s=retry_after_s)


def _gateway(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    engine: Engine,
    router: Router,
    queue: ExchangeQueue,
    flights: Flights,
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
        router=router,
        queue=queue,
        counters=Counters(registry, queue),
        flights=flights,
        feedback=feedback,
        base_model=config.engine.model.name,
        schemas=schemas,
        places=config.engine.max_waiting,
    )
