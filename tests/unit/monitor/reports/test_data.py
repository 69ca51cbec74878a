"""The numbers of a health report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from guards.confidence import rate_interval
from monitor.ports.indicators import Indicator
from monitor.reports.data import answers_by_version, compare, uses

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def row(name: str, value: float, count: int, *, minute: int = 0, adapter: str = "a@1"):
    """Return an indicator of one minute."""
    return Indicator(
        deployment="support",
        adapter=adapter,
        bucket=NOW + timedelta(minutes=minute),
        name=name,
        value=value,
        count=count,
    )


def test_an_answer_is_counted_once_however_many_indicators_it_has():
    """The count of a minute is its best known indicator's; minutes and versions add up."""
    rows = [
        row("latency_p95_s", 0.1, 10),
        row("first_token_p95_s", 0.1, 4),
        row("latency_p95_s", 0.1, 5, minute=1),
        row("latency_p95_s", 0.1, 7, adapter="a@2"),
    ]
    assert answers_by_version(rows) == {"a@1": 15, "a@2": 7}


def test_means_are_weighted_by_answers():
    """A busy minute counts more than a quiet one; the number of answers is no mean."""
    rows = [
        row("fault_rate", 0.0, 90),
        row("fault_rate", 1.0, 10, minute=1),
        row("exchanges", 9, 9),
    ]
    (change,) = compare(rows, [])
    assert (change.name, change.value, change.before) == ("fault_rate", pytest.approx(0.1), None)


def test_rates_and_mean_grades_have_an_interval_that_holds_them():
    """By how many answers are behind them; a latency has none."""
    rows = [
        row("fault_rate", 0.1, 90),
        row("fault_rate", 0.1, 10, minute=1),
        row("grade_mean", 0.8, 100),
        row("latency_p95_s", 0.2, 100),
    ]
    fault, grade, latency = compare(rows, [])
    assert fault.interval == rate_interval(10, 100)
    assert grade.interval is not None
    assert 0.64 < grade.interval.low < 0.8 < grade.interval.high < 0.92
    assert latency.interval is None


def test_an_indicator_that_is_gone_is_still_compared():
    """What was measured only before stands there with a gap."""
    (change,) = compare([], [row("latency_p95_s", 0.2, 3)])
    assert (change.value, change.before) == (None, pytest.approx(0.2))


def test_a_minute_without_answers_is_no_number():
    """Zero answers are not a rate of zero."""
    assert compare([row("fault_rate", 0.0, 0)], []) == []


def test_the_busiest_version_comes_first_and_an_unknown_one_stays():
    """A version that the registry no longer knows is listed without a state."""
    used = uses([row("x", 1, 2), row("x", 1, 5, adapter="a@2")], [])
    assert [(use.name, use.answers, use.state) for use in used] == [
        ("a@2", 5, None),
        ("a@1", 2, None),
    ]
