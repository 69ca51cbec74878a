"""The relay's counters in Prometheus' terms."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry

from monitor.gateway.relay.counters import RelayCounters
from monitor.gateway.relay.metrics import RelayCollector


def worker(answers: int, *, refusals: int = 0) -> dict[str, Any]:
    """Return a process' snapshot, in which every answer took 30 ms."""
    counters = RelayCounters()
    counters.in_flight = 1
    counters.dropped = 2
    counters.refusals[429] += refusals
    series = counters.series("support", None)
    for _ in range(answers):
        series.endings["complete"] += 1
        series.response_bytes += 10
        series.latency.observe(0.03)
    return counters.snapshot(tee_cut=3)


def test_processes_are_added_up() -> None:
    """Counts, sums and buckets of all of them together."""
    registry = CollectorRegistry()
    registry.register(RelayCollector(lambda: [worker(2, refusals=1), worker(5)]))
    who = {"deployment": "support", "adapter": "base"}

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(name, labels)

    assert value("backstop_requests_in_flight") == 2
    assert value("backstop_exchanges_dropped_total") == 4
    assert value("backstop_exchanges_cut_total") == 6
    assert value("backstop_refusals_total", status="429") == 1
    assert value("backstop_answers_total", **who, ending="complete") == 7
    assert value("backstop_answers_total", **who, ending="broken") == 0
    assert value("backstop_answer_bytes_total", **who) == 70
    assert value("backstop_answer_seconds_bucket", **who, le="0.025") == 0
    assert value("backstop_answer_seconds_bucket", **who, le="0.05") == 7
    assert value("backstop_answer_seconds_count", **who) == 7
    assert value("backstop_time_to_first_byte_seconds_count", **who) == 0


def test_without_a_process_there_is_nothing_to_count() -> None:
    """And nothing fails."""
    registry = CollectorRegistry()
    registry.register(RelayCollector(list))
    assert registry.get_sample_value("backstop_requests_in_flight") == 0
