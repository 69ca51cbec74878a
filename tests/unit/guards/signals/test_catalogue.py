"""The catalogue of signals."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from guards.signals import catalogue
from guards.signals.catalogue import CATALOGUE
from tests.unit.guards.samples import TICKET, exchange, tickets


def test_names_are_unique() -> None:
    """Records and references are keyed by the name."""
    names = [signal.name for signal in CATALOGUE]
    assert len(names) == len(set(names))


def test_a_table_has_a_row_for_each_exchange_and_a_column_for_each_signal() -> None:
    """Rows keep the order of the exchanges."""
    table = catalogue.table([exchange("a"), exchange("abc")])
    assert table.values.shape == (2, len(CATALOGUE))
    assert table.column("characters").tolist() == [1.0, 3.0]


def test_no_exchanges_give_an_empty_table() -> None:
    """An empty batch is no error."""
    assert catalogue.table([]).values.shape == (0, len(CATALOGUE))


def test_a_batch_gives_what_its_exchanges_give_alone() -> None:
    """Signals look at one exchange at a time, however they are batched."""
    batch = tickets(1, 5)
    alone = np.vstack([catalogue.table([each]).values for each in batch])
    assert np.array_equal(catalogue.table(batch).values, alone, equal_nan=True)


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=300))
def test_every_defined_value_lies_in_the_range_of_its_signal(text: str) -> None:
    """Whatever the model wrote, signals are numbers in their stated range, or left out."""
    row = catalogue.table([exchange(text, response_schema=TICKET)]).mapping(0)
    for signal in CATALOGUE:
        value = row.get(signal.name)
        assert value is None or (signal.low <= value <= signal.high and not math.isnan(value))
