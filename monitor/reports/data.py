"""The health report of one deployment, or of all, over one period, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.ports.golden import GoldenRun
from monitor.ports.indicators import Summary
from monitor.ports.stores import Stores
from monitor.reports import comparison, debt, evidence, timeline, todo
from monitor.reports.comparison import IndicatorChange, Sides
from monitor.reports.condition import Standing, standing
from monitor.reports.debt import Debt
from monitor.reports.names import labels_of
from monitor.reports.period import Period
from monitor.reports.todo import Todo
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident
from rollback.indicators.measured import Measured
from rollback.versions import AdapterVersion, VersionState

_CURVE_POINTS = 600
_GOLDEN_RUNS = 50
_BASELINE_PERIOD = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionUse:
    """A version (`None`: base model) and what it did in the period.

    Args:
        cost: of its tokens, in the operator's currency; `None` without prices.
    """

    name: str | None
    label: str
    state: VersionState | None
    answers: int
    fault_rate: float | None
    outlier_rate: float | None
    latency_p95_s: float | None
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentReport:
    """An incident, with the seconds that its steps took; `None` for what has not happened."""

    incident: Incident
    flip_s: float | None  # from the decision to the flip
    proof_s: float | None  # from the flip to the proof


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenReport:
    """A golden run, with what its comparison found; `None` where it made none.

    Args:
        worse, better: how many cases the subject did worse or better.
        difference: mean grade of the subject less that of the other.
    """

    run: GoldenRun
    worse: int | None
    better: int | None
    difference: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """What happened to a deployment in [since, until).

    Args:
        labels: of versions, by name.
        judged: answers of the active version that were judged; `None` if none was.
        cost: of all answers' tokens; `None` without prices.
    """

    deployment: Deployment
    labels: dict[str, str]
    since: datetime
    until: datetime
    standing: Standing
    judged: int | None
    answers: int
    answers_before: int
    cost: float | None
    cost_before: float | None
    indicators: tuple[IndicatorChange, ...]
    curve: tuple[EvidencePoint, ...]
    golden_runs: tuple[GoldenReport, ...]
    incidents: tuple[IncidentReport, ...]
    versions: tuple[VersionUse, ...]
    debt: Debt
    todos: tuple[Todo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetReport:
    """What happened to every deployment in [since, until)."""

    since: datetime
    until: datetime
    reports: tuple[HealthReport, ...]


def assemble(stores: Stores, deployment: Deployment, period: Period) -> HealthReport:
    """Read everything about a deployment that a person should know of a period. Blocks.

    It costs by the buckets of roll-ups in the period, never by the answers behind them.
    """
    since, until = period.since, period.until
    incidents = stores.incidents.list(deployment.name)
    versions = stores.registry.versions()
    labels = labels_of(versions)
    now = _all_of(stores, deployment.name, period)
    before = _all_of(stores, deployment.name, period.before)
    point = stores.evidence.newest(deployment.name, deployment.epoch)
    curve = stores.evidence.curve(deployment.name, since, until=until)
    runs = stores.golden.runs(deployment.name, _GOLDEN_RUNS)
    stands = standing(deployment, point, incidents, labels, until)
    owed = debt.owed(stores, deployment, versions, until)
    return HealthReport(
        deployment=deployment,
        labels=labels,
        since=since,
        until=until,
        standing=stands,
        judged=point.position if point else None,
        answers=answers_of(now),
        answers_before=answers_of(before),
        cost=_cost_of(now),
        cost_before=_cost_of(before),
        indicators=comparison.compare(_sides(stores, deployment, period, now, before)),
        curve=tuple(evidence.thinned(curve, _CURVE_POINTS)),
        golden_runs=tuple(_golden(run) for run in runs if since <= run.started_at < until),
        incidents=tuple(told(each) for each in incidents if since <= each.opened_at < until),
        versions=tuple(uses(now, versions)),
        debt=owed,
        todos=todo.todos(deployment, stands.condition, owed, runs),
    )


def fleet(stores: Stores, deployments: Iterable[Deployment], period: Period) -> FleetReport:
    """Read everything about some deployments, one after another. Blocks."""
    return FleetReport(
        since=period.since,
        until=period.until,
        reports=tuple(assemble(stores, each, period) for each in deployments),
    )


def told(incident: Incident) -> IncidentReport:
    """Return an incident with the seconds that its steps took."""
    return IncidentReport(
        incident=incident,
        flip_s=_seconds(timeline.between(incident, "decided", "flipped")),
        proof_s=_seconds(timeline.between(incident, "flipped", "proved")),
    )


def answers_of(summaries: Iterable[Summary]) -> int:
    """Return how many answers all versions gave."""
    return sum(_answers(each.measured) for each in summaries)


def uses(summaries: Iterable[Summary], versions: Iterable[AdapterVersion]) -> list[VersionUse]:
    """Return the versions that answered in the period, the busiest first."""
    known: dict[str | None, AdapterVersion] = {version.name: version for version in versions}
    used = [
        _use(known.get(each.adapter), each) for each in summaries if _answers(each.measured) > 0
    ]
    return sorted(used, key=lambda use: -use.answers)


def _all_of(stores: Stores, deployment: str, period: Period) -> tuple[Summary, ...]:
    """Return the indicators of each version, its slices together."""
    found = stores.indicators.summary(deployment, period.since, period.until)
    return tuple(each for each in found if each.slice is None)


def _sides(
    stores: Stores,
    deployment: Deployment,
    period: Period,
    now: tuple[Summary, ...],
    before: tuple[Summary, ...],
) -> Sides:
    active, baseline = deployment.active, deployment.baseline
    measured = comparison.of_version(now, baseline) if baseline else {}
    if baseline and not _answers(measured):
        long = Period.ending(period.until, _BASELINE_PERIOD)
        measured = comparison.of_version(_all_of(stores, deployment.name, long), baseline)
    return Sides(
        active=comparison.of_version(now, active),
        before=comparison.of_version(before, active),
        baseline=measured,
    )


def _answers(measured: Mapping[str, Measured]) -> int:
    return measured["exchanges"].count if "exchanges" in measured else 0


def _cost_of(summaries: Iterable[Summary]) -> float | None:
    known = [each.measured["cost"].value for each in summaries if "cost" in each.measured]
    return sum(known) if known else None


def _use(version: AdapterVersion | None, summary: Summary) -> VersionUse:
    def value(name: str) -> float | None:
        return summary.measured[name].value if name in summary.measured else None

    return VersionUse(
        name=summary.adapter,
        label=version.label if version else "",
        state=version.state if version else None,
        answers=_answers(summary.measured),
        fault_rate=value("fault_rate"),
        outlier_rate=value("outlier_rate"),
        latency_p95_s=value("latency_p95_s"),
        cost=value("cost"),
    )


def _golden(run: GoldenRun) -> GoldenReport:
    found = run.summary if run.compared else {}
    return GoldenReport(
        run=run,
        worse=len(found["worse"]) if "worse" in found else None,
        better=len(found["better"]) if "better" in found else None,
        difference=found.get("difference"),
    )


def _seconds(span: timedelta | None) -> float | None:
    return None if span is None else span.total_seconds()
