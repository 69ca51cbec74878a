"""Tests of `monitor.storage.indicators`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from guards.exchange import FinishReason
from guards.verdicts import Verdict
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND, V1, record, scored

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)


def _indicators(stores: Stores, bucket: datetime = NOW) -> dict[str, tuple[float, int]]:
    found = stores.indicators.indicators("support", NOW - MINUTE, NOW + 2 * MINUTE)
    return {
        each.name: (pytest.approx(each.value), each.count)
        for each in found
        if each.bucket == bucket and each.adapter == V1
    }


def test_a_minute_is_summed_up(stores: Stores) -> None:
    """Rates, percentiles and means are those of the minute's answers."""
    record(
        stores,
        scored(1, Verdict.FAIL, latency_s=1.0, output_tokens=10, grade=1.0),
        scored(2, Verdict.WARN, latency_s=2.0, output_tokens=20),
        scored(3, latency_s=3.0, output_tokens=30, error="away", finish_reason=FinishReason.ERROR),
        scored(4, latency_s=4.0, output_tokens=40, finish_reason=FinishReason.LENGTH),
    )
    stores.indicators.roll_up(NOW, NOW + SECOND)
    assert _indicators(stores) == {
        "exchanges": (4, 4),
        "abandoned_rate": (0, 4),
        "fault_rate": (0.25, 4),
        "outlier_rate": (0.25, 4),
        "error_rate": (0.25, 4),
        "cut_rate": (0.25, 4),
        "latency_p50_s": (2.5, 4),
        "latency_p95_s": (3.85, 4),
        "first_token_p95_s": (0.1, 4),
        "output_tokens_mean": (25, 4),
        "tokens_per_s": (10, 4),
        "mean_logprob": (-1, 4),
        "grade_mean": (1, 1),
    }


def test_the_expected_share_of_wrong_answers_is_a_mean_of_probabilities(stores: Stores) -> None:
    """Answers without one do not count."""
    likely = ({"words": 3.0, "wrong_answer": 0.5}, {"wrong_answer": 0.25}, {"words": 3.0})
    record(stores, *(replace(scored(n), signals=signals) for n, signals in enumerate(likely)))
    stores.indicators.roll_up(NOW, NOW + SECOND)
    assert _indicators(stores)["wrong_answer_mean"] == (0.375, 2)


def test_rolling_up_again_replaces_the_numbers(stores: Stores) -> None:
    """Late answers count, and nothing counts twice."""
    record(stores, scored(1))
    stores.indicators.roll_up(NOW, NOW + SECOND)
    record(stores, scored(2))
    stores.indicators.roll_up(NOW, NOW + SECOND)
    assert _indicators(stores)["exchanges"] == (2, 2)


def test_unknown_facts_are_no_indicators(stores: Stores) -> None:
    """Without a latency there is no percentile, and never a zero."""
    bare = scored(1, latency_s=None, first_token_s=None, output_tokens=None, token_logprobs=None)
    record(stores, bare)
    stores.indicators.roll_up(NOW, NOW + SECOND)
    assert set(_indicators(stores)) == {
        "exchanges",
        "abandoned_rate",
        "fault_rate",
        "outlier_rate",
        "error_rate",
        "cut_rate",
    }


def test_abandoned_answers_say_nothing_about_the_adapter(stores: Stores) -> None:
    """They count as served, and in no other rate."""
    left = FinishReason.ABANDONED
    record(stores, scored(1, Verdict.FAIL, finish_reason=left), scored(2))
    stores.indicators.roll_up(NOW, NOW + SECOND)
    found = _indicators(stores)
    assert found["exchanges"] == (2, 2)
    assert found["abandoned_rate"] == (0.5, 2)
    assert found["fault_rate"] == (0, 1)


def test_adapters_and_the_base_model_are_apart(stores: Stores) -> None:
    """Each has its own numbers; the base model is `None`."""
    record(stores, scored(1), scored(2, adapter=None))
    stores.indicators.roll_up(NOW, NOW + SECOND)
    found = stores.indicators.indicators("support", NOW, NOW + SECOND)
    assert {each.adapter: each.value for each in found if each.name == "exchanges"} == {
        None: 1,
        V1: 1,
    }


def test_every_minute_that_is_touched_is_rolled_up(stores: Stores) -> None:
    """Half a minute at either end brings its whole minute in, and no more."""
    for late in (-1, 0, 59, 60, 119, 120):
        record(stores, scored(late + 9, started_at=NOW + late * SECOND))
    stores.indicators.roll_up(NOW + 30 * SECOND, NOW + 61 * SECOND)
    assert _indicators(stores, NOW)["exchanges"] == (2, 2)
    assert _indicators(stores, NOW + MINUTE)["exchanges"] == (2, 2)
    assert _indicators(stores, NOW - MINUTE) == {}
    stores.indicators.roll_up(NOW, NOW + 2 * MINUTE)
    assert _indicators(stores, NOW + 2 * MINUTE) == {}
