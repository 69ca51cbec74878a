"""The health report of one deployment over one period, as values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from guards import confidence
from guards.confidence import Interval
from monitor.ports.golden import GoldenRun
from monitor.ports.indicators import Indicator
from monitor.ports.stores import Stores
from monitor.reports import evidence
from monitor.reports.condition import Standing, standing
from monitor.reports.names import labels_of
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint
from rollback.incident import Incident
from rollback.versions import AdapterVersion, VersionState

COUNT_INDICATOR = "exchanges"
_BOUNDED = ("_rate", "grade_mean")  # how names of means of numbers in [0, 1] end
_CURVE_POINTS = 600
_GOLDEN_RUNS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicatorChange:
    """A health number in the period and in the period before it, of the same length.

    Values are means over minutes and versions, weighted by answers; `None` without data.

    Args:
        interval: of the value, where it is a rate or a mean grade: with 95 % confidence, whenever
            somebody looks. It is of the one number that the period had; if that moved, of none.
    """

    name: str
    value: float | None
    before: float | None
    interval: Interval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionUse:
    """A version (`None`: base model) and how many answers it gave in the period."""

    name: str | None
    label: str
    state: VersionState | None
    answers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """What happened to a deployment in [since, until)."""

    deployment: Deployment
    labels: dict[str, str]  # of versions, by name
    since: datetime
    until: datetime
    standing: Standing
    answers: int
    answers_before: int
    indicators: tuple[IndicatorChange, ...]
    curve: tuple[EvidencePoint, ...]
    golden_runs: tuple[GoldenRun, ...]
    incidents: tuple[Incident, ...]
    versions: tuple[VersionUse, ...]


def assemble(
    stores: Stores, deployment: Deployment, *, until: datetime, period: timedelta
) -> HealthReport:
    """Read everything about a deployment that a person should know of a period. Blocks."""
    since = until - period
    incidents = stores.incidents.list(deployment.name)
    versions = stores.registry.versions()
    labels = labels_of(versions)
    rows = stores.indicators.indicators(deployment.name, since, until)
    rows_before = stores.indicators.indicators(deployment.name, since - period, since)
    point = stores.evidence.newest(deployment.name, deployment.epoch)
    curve = stores.evidence.curve(deployment.name, since, until=until)
    runs = stores.golden.runs(deployment.name, _GOLDEN_RUNS)
    return HealthReport(
        deployment=deployment,
        labels=labels,
        since=since,
        until=until,
        standing=standing(deployment, point, incidents, labels, until),
        answers=sum(answers_by_version(rows).values()),
        answers_before=sum(answers_by_version(rows_before).values()),
        indicators=tuple(compare(rows, rows_before)),
        curve=tuple(evidence.thinned(curve, _CURVE_POINTS)),
        golden_runs=tuple(run for run in runs if since <= run.started_at < until),
        incidents=tuple(i for i in incidents if since <= i.opened_at < until),
        versions=tuple(uses(rows, versions)),
    )


def answers_by_version(rows: Iterable[Indicator]) -> dict[str | None, int]:
    """Return how many answers each version gave.

    The count of a minute is the largest of its indicators': some are known for fewer answers.
    """
    minutes: dict[tuple[str | None, datetime], int] = defaultdict(int)
    for row in rows:
        key = (row.adapter, row.bucket)
        minutes[key] = max(minutes[key], row.count)
    answers: dict[str | None, int] = defaultdict(int)
    for (adapter, _), count in minutes.items():
        answers[adapter] += count
    return dict(answers)


def compare(rows: Sequence[Indicator], before: Sequence[Indicator]) -> list[IndicatorChange]:
    """Return every indicator of either period with its mean in both, by name."""
    means, means_before = _means(rows), _means(before)
    intervals = _intervals(rows)
    names = sorted((means.keys() | means_before.keys()) - {COUNT_INDICATOR})
    return [
        IndicatorChange(
            name=name,
            value=means.get(name),
            before=means_before.get(name),
            interval=intervals.get(name),
        )
        for name in names
    ]


def uses(rows: Iterable[Indicator], versions: Iterable[AdapterVersion]) -> list[VersionUse]:
    """Return the versions that answered in the period, the busiest first."""
    known: dict[str | None, AdapterVersion] = {version.name: version for version in versions}
    used = [
        _use(known.get(name), name, answers) for name, answers in answers_by_version(rows).items()
    ]
    return sorted(used, key=lambda use: -use.answers)


def _use(version: AdapterVersion | None, name: str | None, answers: int) -> VersionUse:
    return VersionUse(
        name=name,
        label=version.label if version else "",
        state=version.state if version else None,
        answers=answers,
    )


def _means(rows: Iterable[Indicator]) -> dict[str, float]:
    return {name: total / count for name, (total, count) in _totals(rows).items()}


def _intervals(rows: Iterable[Indicator]) -> dict[str, Interval]:
    """Return the confidence interval of every rate and mean grade."""
    return {
        name: confidence.rate_interval(total, count)
        for name, (total, count) in _totals(rows).items()
        if name.endswith(_BOUNDED)
    }


def _totals(rows: Iterable[Indicator]) -> dict[str, tuple[float, int]]:
    """Return for each indicator with answers behind it the sum over answers, and how many they are."""
    total: dict[str, float] = defaultdict(float)
    weight: dict[str, int] = defaultdict(int)
    for row in rows:
        total[row.name] += row.value * row.count
        weight[row.name] += row.count
    return {name: (total[name], weight[name]) for name in total if weight[name] > 0}
