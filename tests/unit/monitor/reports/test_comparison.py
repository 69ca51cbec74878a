"""Indicators against the period before, and against the baseline."""

from __future__ import annotations

from guards.confidence import rate_interval
from monitor.reports.comparison import Movement, Sides, compare, movement
from rollback.indicators.measured import Measured


def rate(events: int, size: int) -> Measured:
    """Return a rate with its interval."""
    return Measured(value=events / size, count=size, interval=rate_interval(events, size))


def test_a_rate_has_moved_only_if_the_intervals_are_apart():
    """Ten faults in a hundred instead of five show nothing; of ten thousand they do."""
    assert movement("fault_rate", rate(10, 100), rate(5, 100)) is Movement.SAME
    assert movement("fault_rate", rate(1000, 10_000), rate(500, 10_000)) is Movement.WORSE


def test_better_is_what_the_catalogue_says():
    """A higher grade is better, a higher rate of faults is worse."""
    high, low = rate(9000, 10_000), rate(5000, 10_000)
    assert movement("grade_mean", high, low) is Movement.BETTER
    assert movement("grade_mean", low, high) is Movement.WORSE
    assert movement("fault_rate", low, high) is Movement.BETTER


def test_without_an_interval_nothing_is_claimed():
    """A latency has none, and neither has what nobody measured."""
    latency = Measured(value=2.0, count=100)
    assert movement("latency_p95_s", latency, latency) is Movement.UNKNOWN
    assert movement("fault_rate", rate(1, 10), None) is Movement.UNKNOWN


def test_an_indicator_that_is_gone_is_still_compared():
    """What was measured only before stands there with a gap; sums stand elsewhere."""
    before = {"fault_rate": rate(3, 10), "exchanges": Measured(value=10.0, count=10)}
    (change,) = compare(Sides(active={}, before=before, baseline={}))
    assert (change.name, change.value, change.before) == ("fault_rate", None, 0.3)
