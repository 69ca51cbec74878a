"""The relay's counters in Prometheus' terms."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from monitor.gateway.relay.counters import RelayCounters
from monitor.gateway.relay.metrics import RelayCollector


@pytest.fixture
def counters() -> RelayCounters:
    """Seven answers of 30 ms each, and one refusal."""
    counters = RelayCounters()
    counters.in_flight = 1
    counters.refusals[429] += 1
    series = counters.series("support", None)
    for _ in range(7):
        series.endings["complete"] += 1
        series.response_bytes += 10
        series.latency.observe(0.03)
    return counters


def test_everything_that_is_counted_is_exported(counters: RelayCounters) -> None:
    """Counts, sums and cumulative buckets; what is cut or dropped can be seen."""
    registry = CollectorRegistry()
    registry.register(
        RelayCollector(
            counters,
            cut=lambda: 3,
            dropped=lambda: 2,
            gauges=lambda: {"backstop_exchanges_waiting": 5.0},
        )
    )
    who = {"deployment": "support", "adapter": "base"}

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("backstop_requests_in_flight") == 1
    assert value("backstop_exchanges_waiting") == 5
    assert value("backstop_exchanges_dropped_total") == 2
    assert value("backstop_answers_cut_total") == 3
    assert value("backstop_refusals_total", status="429") == 1
    assert value("backstop_answers_total", **who, ending="complete") == 7
    assert value("backstop_answers_total", **who, ending="broken") == 0
    assert value("backstop_answer_bytes_total", **who) == 70
    assert value("backstop_answer_seconds_bucket", **who, le="0.025") == 0
    assert value("backstop_answer_seconds_bucket", **who, le="0.05") == 7
    assert value("backstop_answer_seconds_count", **who) == 7
    assert value("backstop_time_to_first_byte_seconds_count", **who) == 0
