"""What decides and what operators do, wired over a closed loop: the same with every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from monitor.alerts.slack import SlackSender
from monitor.alerts.webhook import WebhookSender
from monitor.bootstrap import closed_loop
from monitor.bootstrap.closed_loop import ClosedLoop
from monitor.bootstrap.files import DeploymentFiles
from monitor.config import Config, Receiver, read_secret
from monitor.errors import ConfigError
from monitor.ports.alerts import Sender
from monitor.ports.stores import Stores
from monitor.runtime.jobs import Worker
from monitor.runtime.loops import Loop
from monitor.runtime.operations import Health, OperatorActions
from monitor.runtime.service import Part, Service
from monitor.scheduler import chores
from monitor.scheduler.chores import Chores


@dataclass(frozen=True, slots=True, kw_only=True)
class Operating:
    """The service's loops, and what operators do."""

    service: Service
    operations: OperatorActions


def operate(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    closed: ClosedLoop,
    *,
    replica: str,
    loops: Mapping[str, Loop],
    parts: Sequence[Part],
    look_s: float,
    health: Callable[[], Mapping[str, str]] = dict,
) -> Operating:
    """Wire loops and operations.

    Args:
        loops, parts: what runs beside the loops that decide, and has work in hand.
        look_s: how often the engine is asked which versions it holds.
        health: returns what else a component says of itself, by its name.
    """
    operations = _operations(stores, closed, lambda: {**service.health(), **health()})
    jobs = _chores(config, files, stores, operations).jobs()
    worker = Worker(
        stores.schedule, replica, jobs, closed.troubles, lambda: closed.leadership.leads
    )
    control = closed_loop.control(closed)
    service = Service(
        stores=stores,
        deployments=tuple(files),
        versions=closed.versions,
        convergence=closed.convergence,
        leadership=closed.leadership,
        errands=closed.errands,
        troubles=closed.troubles,
        parts=(*parts, closed.judging),
        loops={
            **loops,
            "leadership": closed.leadership.run,
            "judges": partial(closed.judging.run, closed.wakers.judging),
            "control": partial(control.run, closed.wakers.control),
            "alerts": partial(closed.dispatcher.run, closed.wakers.alerts),
            "schedule": partial(worker.run, closed.wakers.schedule),
            "indicators": partial(chores.roll_up, stores, closed.leadership),
        },
        look_s=look_s,
    )
    return Operating(service=service, operations=operations)


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


def _operations(stores: Stores, closed: ClosedLoop, health: Health) -> OperatorActions:
    return OperatorActions(
        stores=stores,
        policies=closed.policies,
        versions=closed.versions,
        golden=closed.golden,
        promotion=closed.promotion,
        rollbacks=closed.rollbacks,
        wake=closed.wakers.wake,
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
