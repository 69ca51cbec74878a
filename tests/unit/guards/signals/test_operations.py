"""Signals of operation."""

from __future__ import annotations

from guards.signals import catalogue, operations
from tests.unit.guards.samples import exchange


def test_operations_are_taken_from_the_facts_of_the_exchange() -> None:
    """Seven tokens in half a second are 14 tokens a second."""
    table = catalogue.table([exchange()], operations.SIGNALS)
    assert table.mapping(0) == {"latency": 0.5, "first_token": 0.1, "tokens_per_second": 14.0}


def test_unknown_times_give_no_signal() -> None:
    """What was not measured is undefined, never zero."""
    bare = exchange(latency_s=None, first_token_s=None, output_tokens=None)
    assert catalogue.table([bare], operations.SIGNALS).mapping(0) == {}


def test_operations_are_no_behaviour() -> None:
    """A slow machine is no drift of the model."""
    assert not any(signal.behavioural for signal in operations.SIGNALS)
