"""Signals of operation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from guards.declared import Declared, Prices
from guards.signals import catalogue, operations
from tests.unit.guards.samples import exchange


def test_operations_are_taken_from_the_facts_of_the_exchange() -> None:
    """Seven tokens in half a second are 14 tokens a second."""
    table = catalogue.table([exchange()], operations.SIGNALS)
    assert table.mappings()[0] == {"latency": 0.5, "first_token": 0.1, "tokens_per_second": 14.0}


def test_unknown_times_give_no_signal() -> None:
    """What was not measured is undefined, never zero."""
    bare = exchange(latency_s=None, first_token_s=None, output_tokens=None)
    assert catalogue.table([bare], operations.SIGNALS).mappings()[0] == {}


def test_operations_are_no_behaviour() -> None:
    """A slow machine is no drift of the model."""
    assert not any(signal.behavioural for signal in operations.SIGNALS)


def test_the_cost_is_of_all_tokens_at_the_declared_prices() -> None:
    """Of prompts and answers; without prices, or without counts, it is not known."""
    declared = Declared(prices=Prices(prompt=0.5, output=2.0))
    table = catalogue.table(
        [exchange(declared=declared, prompt_tokens=100), exchange(declared=declared), exchange()],
        operations.SIGNALS,
    )
    assert table.column("cost")[0] == (0.5 * 100 + 2.0 * 7) / 1000
    assert np.isnan(table.column("cost")[1:]).all()


@pytest.mark.parametrize("price", [-1.0, math.inf, math.nan])
def test_a_price_is_a_finite_number_of_at_least_zero(price: float) -> None:
    """Anything else is refused."""
    with pytest.raises(ValueError, match="at least 0"):
        Prices(prompt=price, output=1.0)
