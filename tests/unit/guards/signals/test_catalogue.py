"""The catalogue of signals."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guards import channels
from guards.declared import Declared, Prices
from guards.exchange import Passage
from guards.signals import catalogue
from guards.signals.catalogue import CATALOGUE
from tests.unit.guards.samples import TICKET, exchange, tickets


def test_names_are_unique() -> None:
    """Records and references are keyed by the name."""
    names = [signal.name for signal in CATALOGUE]
    assert len(names) == len(set(names))


def test_an_installed_name_must_not_be_taken() -> None:
    """And nothing is installed then."""
    with pytest.raises(catalogue.DuplicateSignal, match="'words'"):
        catalogue.install([CATALOGUE[1]])
    assert catalogue.signals() == CATALOGUE


def test_a_signal_that_is_gone_has_no_scores() -> None:
    """Whatever a stored reference still asks for."""
    scores = channels.signal_scores(catalogue.table([exchange("a"), exchange("b")]))
    assert np.isnan(scores["shouts_high"]).tolist() == [True, True]


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
    declared = Declared(must_match=("a",), prices=Prices(prompt=0.5, output=1.5))
    context = (Passage(id="1", text=f"An order. {text[:150]}"),)
    answer = exchange(
        text,
        response_schema=TICKET,
        declared=declared,
        context=context,
        prompt_tokens=3,
        token_entropies=(0.1, 0.0, math.nan),
    )
    row = catalogue.table([answer]).mappings()[0]
    for signal in CATALOGUE:
        value = row.get(signal.name)
        assert value is None or (signal.low <= value <= signal.high and not math.isnan(value))
