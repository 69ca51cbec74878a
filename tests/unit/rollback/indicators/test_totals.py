"""Totals of answers, and the indicators that they give."""

from __future__ import annotations

from dataclasses import fields

import pytest

from guards.quantiles import Quantiles
from rollback.indicators import totals as totals_of
from rollback.indicators.catalogue import CATALOGUE, OF_ANSWERS, Definition, Kind
from rollback.indicators.totals import NUMBERS, SKETCHES, Totals

_FULL = Totals(
    **dict.fromkeys(NUMBERS, 8),
    latency=Quantiles.of([1.0] * 8),
    first_token=Quantiles.of([1.0] * 8),
)


def test_the_catalogue_lists_what_answers_give() -> None:
    """Neither has an indicator that the other lacks."""
    assert set(totals_of.measured(_FULL, intervals=False)) == set(OF_ANSWERS)


def test_every_field_is_a_number_or_a_sketch() -> None:
    """What is stored is everything."""
    assert {each.name for each in fields(Totals)} == {*NUMBERS, *SKETCHES}


def test_nothing_gives_no_indicator() -> None:
    """Without answers there is no value, and never a zero."""
    assert totals_of.measured(Totals(), intervals=True) == {}
    assert totals_of.merged([]).served == 0


def test_rates_are_of_all_answers_together() -> None:
    """One of ten and nine of thirty are ten of forty, with an interval about it."""
    parts = (Totals(served=10, judged=10, faults=1), Totals(served=30, judged=30, faults=9))
    found = totals_of.measured(totals_of.merged(parts), intervals=True)["fault_rate"]
    assert (found.value, found.count) == (0.25, 40)
    assert found.interval is not None
    assert found.interval.low < 0.25 < found.interval.high


def test_only_bounded_numbers_have_intervals() -> None:
    """Rates and means of numbers in [0, 1] do; the others do not."""
    found = totals_of.measured(
        Totals(served=9, judged=9, graded=9, grade=4, timed=9, latency_s=9.0), intervals=True
    )
    bounded = {name for name, each in found.items() if each.interval is not None}
    assert bounded == {name for name in found if CATALOGUE[name].kind in (Kind.RATE, Kind.SHARE)}


@pytest.mark.parametrize("definition", CATALOGUE.values(), ids=lambda each: each.name)
def test_every_definition_is_complete(definition: Definition) -> None:
    """It says its unit and what it means, and its name fits Prometheus."""
    assert definition.unit
    assert definition.meaning
    assert definition.name.replace("_", "").isalnum()
