"""What the relay counts."""

from __future__ import annotations

from monitor.gateway.relay.counters import SECONDS, Durations


def test_durations_fall_into_the_first_bucket_that_holds_them() -> None:
    """A bound belongs to its bucket, as in Prometheus' `le`; the last bucket has none."""
    durations = Durations()
    for seconds in (0.0, SECONDS[0], SECONDS[0] + 0.001, SECONDS[-1] + 1):
        durations.observe(seconds)
    assert durations.buckets[:2] == [2, 1]
    assert durations.buckets[-1] == 1
    assert sum(durations.buckets) == 4
    assert durations.sum == SECONDS[0] * 2 + 0.001 + SECONDS[-1] + 1
