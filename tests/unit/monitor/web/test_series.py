"""Indicators as the charts draw them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.ports.indicators import Indicator
from monitor.web.series import POINTS, charts

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def indicator(minute: int, name: str, value: float, count: int, adapter: str | None = "s@1"):
    return Indicator(
        deployment="s",
        adapter=adapter,
        bucket=NOON + minute * MINUTE,
        name=name,
        value=value,
        count=count,
    )


def test_a_line_for_each_version_with_holes_where_it_gave_no_answer():
    """Only what is drawn is there, from the first minute that has a value."""
    rows = [
        indicator(2, "fault_rate", 0.5, 10),
        indicator(3, "fault_rate", 0.1, 10, None),
        indicator(3, "cut_rate", 0.1, 10),
    ]
    drawn = charts(rows, {"s@1": "v1"}, NOON, NOON + 5 * MINUTE)
    assert list(drawn.at) == [(NOON + n * MINUTE).timestamp() for n in (2, 3, 4)]
    [chart] = drawn.charts
    assert [(line.version, list(line.values)) for line in chart.lines] == [
        ("s@v1", [0.5, None, None]),
        ("base model", [None, 0.1, None]),
    ]


@pytest.mark.parametrize(
    ("name", "value"), [("fault_rate", (0.1 * 30 + 0.4 * 10) / 40), ("exchanges", (0.1 + 0.4) / 7)]
)
def test_a_long_span_has_few_points(name, value):
    """Rates are averaged by their answers, counts become answers a minute."""
    minutes = 7 * POINTS
    rows = [indicator(0, name, 0.1, 30), indicator(1, name, 0.4, 10)]
    drawn = charts(rows, {}, NOON, NOON + minutes * MINUTE)
    assert len(drawn.at) == POINTS
    assert drawn.at[1] - drawn.at[0] == 7 * 60
    assert drawn.charts[0].lines[0].values[0] == pytest.approx(value)


def test_nothing_measured_is_nothing_drawn():
    """Minutes outside of the span neither."""
    rows = [indicator(-5, "fault_rate", 1, 1), indicator(90, "fault_rate", 1, 1)]
    assert list(charts(rows, {}, NOON, NOON + 60 * MINUTE).charts) == []
