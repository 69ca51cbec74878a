"""Indicators over time as the dashboard draws them: few points, a line for each version."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.ports.indicators import Indicator
from monitor.reports.names import version_label

POINTS = 240
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn of an indicator.

    Args:
        adds_up: whether the values of several minutes are summed, and not averaged by their answers.
    """

    title: str
    unit: str
    adds_up: bool = False


# A mean of the minutes' 95th percentiles is no 95th percentile; it shows when one has moved.
DRAWN: Mapping[str, Drawn] = {
    "exchanges": Drawn(title="Answers", unit="a minute", adds_up=True),
    "fault_rate": Drawn(title="Faults", unit="share of answers"),
    "outlier_rate": Drawn(title="Outliers", unit="share of answers"),
    "wrong_answer_mean": Drawn(title="Likely wrong", unit="mean probability"),
    "latency_p95_s": Drawn(title="Latency, 95th percentile", unit="s"),
    "first_token_p95_s": Drawn(title="First token, 95th percentile", unit="s"),
    "tokens_per_s": Drawn(title="Speed", unit="tokens a second"),
    "output_tokens_mean": Drawn(title="Length", unit="tokens"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One version's values, `None` where it gave no answer."""

    version: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One indicator over time."""

    name: str
    title: str
    unit: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """Every indicator that has values, over the same moments (seconds since 1970)."""

    at: Sequence[float]
    charts: Sequence[Chart]


def charts(
    rows: Sequence[Indicator], labels: Mapping[str, str], since: datetime, until: datetime
) -> Charts:
    """Return what is drawn of the minutes in [since, until): at most `POINTS` slots of them."""
    start = since.replace(second=0, microsecond=0)
    minutes = max(1, math.ceil((until - start) / _MINUTE))
    width = math.ceil(minutes / POINTS)
    slots = math.ceil(minutes / width)
    cells: dict[str, dict[str, list[_Cell]]] = defaultdict(dict)
    for row in rows:
        drawn = DRAWN.get(row.name)
        slot = int((row.bucket - start) / _MINUTE) // width
        if drawn is None or not 0 <= slot < slots:
            continue
        line = cells[row.name].setdefault(
            version_label(row.adapter, labels), [_Cell() for _ in range(slots)]
        )
        line[slot].add(row, drawn.adds_up)
    moments = [(start + slot * width * _MINUTE).timestamp() for slot in range(slots)]
    return _from_first_value(
        moments, [_chart(name, cells[name], width) for name in DRAWN if name in cells]
    )


def _from_first_value(moments: Sequence[float], charts: Sequence[Chart]) -> Charts:
    """Leave out the time before anything was measured: it would be an empty half of each chart."""
    measured = [
        next(slot for slot, value in enumerate(line.values) if value is not None)
        for chart in charts
        for line in chart.lines
    ]
    first = min(measured, default=0)
    trimmed = [
        replace(chart, lines=[replace(line, values=line.values[first:]) for line in chart.lines])
        for chart in charts
    ]
    return Charts(at=moments[first:], charts=trimmed)


def _chart(name: str, lines: Mapping[str, Sequence[_Cell]], width: int) -> Chart:
    drawn = DRAWN[name]
    over = width if drawn.adds_up else None
    return Chart(
        name=name,
        title=drawn.title,
        unit=drawn.unit,
        lines=[
            Line(version=version, values=[cell.value(over) for cell in line])
            for version, line in lines.items()
        ],
    )


class _Cell:
    """Several minutes' values as one."""

    __slots__ = ("_sum", "_weight")

    def __init__(self) -> None:
        self._sum = 0.0
        self._weight = 0.0

    def add(self, row: Indicator, adds_up: bool) -> None:
        weight = 1.0 if adds_up else float(max(row.count, 1))
        self._sum += row.value * weight
        self._weight += weight

    def value(self, minutes: int | None) -> float | None:
        """Return the mean by answers, or the sum a minute; `None` without a value."""
        if not self._weight:
            return None
        return self._sum / (minutes or self._weight)
