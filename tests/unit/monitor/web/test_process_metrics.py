"""Metrics of several processes as one page."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from monitor.web.process_metrics import ProcessCollector


def _exported(answers: int) -> str:
    registry = CollectorRegistry()
    counter = Counter("backstop_answers", "Answers.", ["deployment"], registry=registry)
    counter.labels("support").inc(answers)
    seconds = Histogram("backstop_answer_seconds", "Time.", buckets=(1.0,), registry=registry)
    seconds.observe(0.5)
    return generate_latest(registry).decode()


def test_samples_of_two_processes_stand_side_by_side() -> None:
    """Each metric is described once, and each sample says whose it is."""
    registry = CollectorRegistry()
    registry.register(
        ProcessCollector(lambda: {"gateway-0": _exported(3), "gateway-1": _exported(4)})
    )
    page = generate_latest(registry).decode()
    assert page.count("# TYPE backstop_answers_total counter") == 1
    assert 'backstop_answers_total{deployment="support",process="gateway-0"} 3.0' in page
    assert 'backstop_answers_total{deployment="support",process="gateway-1"} 4.0' in page
    assert 'backstop_answer_seconds_bucket{le="1.0",process="gateway-1"} 1.0' in page
