"""Levels of Backstop's own processes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from monitor.bootstrap import own_levels, own_memory

_TEXT = """\
# TYPE backstop_exchanges_waiting gauge
backstop_exchanges_waiting 7
# TYPE backstop_exchanges_dropped_total counter
backstop_exchanges_dropped_total 2
# TYPE backstop_guarded_answers_total counter
backstop_guarded_answers_total{guard="secrets",outcome="pass"} 90
backstop_guarded_answers_total{guard="secrets",outcome="block"} 3
backstop_guarded_answers_total{guard="pii",outcome="flag"} 4
# TYPE backstop_loop_lag_seconds gauge
backstop_loop_lag_seconds 1
"""


def test_levels_of_the_catalogue_are_read_out_of_metrics() -> None:
    """Labels are summed over, what guards passed is left out, and so is what is no indicator."""
    found = own_levels.readings(lambda: {"gateway-1": _TEXT})()
    assert {(each.process, each.name): each.value for each in found} == {
        ("gateway-1", "exchanges_waiting"): 7,
        ("gateway-1", "exchanges_dropped"): 2,
        ("gateway-1", "guarded_answers"): 7,
    }


def test_a_process_tells_its_memory() -> None:
    """In bytes, as the system counts them."""
    registry = CollectorRegistry()
    own_memory.register(registry)
    (found,) = own_levels.readings(own_levels.of_registry("local", registry))()
    assert (found.process, found.name) == ("local", "resident_memory_bytes")
    assert found.value > 1e6
