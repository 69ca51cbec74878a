"""What decides and what operators do, wired over a closed loop: the same with every engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from prometheus_client import CollectorRegistry

from monitor.bootstrap import alerting, anchoring, closed_loop, own_levels, places
from monitor.bootstrap.closed_loop import ClosedLoop
from monitor.bootstrap.files import DeploymentFiles, schemas
from monitor.config import Config
from monitor.ports.drills import Objective
from monitor.ports.stores import Stores
from monitor.reports.words import Language
from monitor.runtime.alerting.watch import AlarmWatch
from monitor.runtime.consent import Consent
from monitor.runtime.drills.drills import Drills
from monitor.runtime.jobs import Worker
from monitor.runtime.loops import Loop
from monitor.runtime.operations import Health, OperatorActions
from monitor.runtime.service import Part, Service
from monitor.scheduler import chores
from monitor.scheduler.chores import Chores
from monitor.scheduler.reports import Reports
from monitor.web import otlp


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
    registry: CollectorRegistry,
    texts: Callable[[], Mapping[str, str]],
    health: Callable[[], Mapping[str, str]] = dict,
) -> Operating:
    """Wire loops and operations.

    Args:
        loops, parts: what runs beside the loops that decide, and has work in hand.
        registry: what `/metrics` shows, and what is pushed as OTLP.
        texts: returns the metrics of Backstop's processes by name, in Prometheus' text format.
        look_s: how often the engine is asked which versions it holds.
        health: returns what else a component says of itself, by its name.
    """

    def whole_health() -> Mapping[str, str]:
        return {
            **service.health(),
            **closed.standing_in.health(),
            **closed.patrol.health(),
            **health(),
        }

    operations = _operations(config, files, stores, closed, whole_health)
    jobs = _chores(config, files, stores, operations).jobs()
    worker = Worker(
        stores.schedule, replica, jobs, closed.troubles, lambda: closed.leadership.leads
    )
    control = closed_loop.control(closed)
    alarms = AlarmWatch(
        stores, alerting.watched(config), lambda: closed.leadership.leads, operations.health
    )
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
            **places.loops(config, stores, closed.leadership),
            "leadership": closed.leadership.run,
            "judges": partial(closed.judging.run, closed.wakers.judging),
            "control": partial(control.run, closed.wakers.control),
            "own rollbacks": closed.standing_in.run,
            "weights": closed.patrol.run,
            "alerts": partial(closed.dispatcher.run, closed.wakers.alerts),
            "alarms": alarms.run,
            "golden runs left behind": closed.resuming.run,
            "schedule": partial(worker.run, closed.wakers.schedule),
            "audit anchors": anchoring.loop(config, stores, closed.leadership),
            "indicators": partial(
                chores.roll_up, stores, closed.leadership, own_levels.readings(texts)
            ),
            **_pushing(config, registry, replica),
        },
        look_s=look_s,
    )
    return Operating(service=service, operations=operations)


def _pushing(config: Config, registry: CollectorRegistry, replica: str) -> Mapping[str, Loop]:
    """Return the loop that pushes metrics, if they are to be pushed. Raises `ConfigError`."""
    if config.otlp is None:
        return {}
    return {
        "otlp": partial(
            otlp.push,
            registry,
            endpoint=config.otlp.url,
            headers=config.otlp.headers(),
            every_s=config.otlp.every_s,
            resource={"service.name": "backstop", "service.instance.id": replica},
            clock=lambda: datetime.now(UTC),
        )
    }


def _operations(
    config: Config,
    files: Mapping[str, DeploymentFiles],
    stores: Stores,
    closed: ClosedLoop,
    health: Health,
) -> OperatorActions:
    return OperatorActions(
        stores=stores,
        sources=places.sources(config),
        policies=closed.policies,
        versions=closed.versions,
        golden=closed.golden,
        promotion=closed.promotion,
        canaries=closed.canaries,
        rollbacks=closed.rollbacks,
        drills=Drills(stores, closed.sitting, schemas(files), _objectives(config)),
        consent=Consent(stores, closed.approvals, closed.wakers.wake),
        wake=closed.wakers.wake,
        health=health,
    )


def _objectives(config: Config) -> Mapping[str, Objective]:
    """Return by when each deployment's spoilt versions must be stopped."""
    return {
        name: Objective(answers=section.drill.answers, seconds=section.drill.seconds)
        for name, section in config.deployments.items()
    }


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
        reports=Reports(
            stores=stores,
            deployments=tuple(files),
            folder=config.data_dir / "reports",
            language=Language(config.reports.language),
            is_fleet_wanted=config.reports.fleet,
        ),
        keep=config.retention.lengths(),
    )
