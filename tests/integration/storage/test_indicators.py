"""Tests of `monitor.storage.indicators`."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from guards.exchange import FinishReason
from guards.verdicts import Verdict
from monitor.errors import BadRequest
from monitor.ports.indicators import Reading
from monitor.ports.stores import Stores
from monitor.storage.indicators import PostgresIndicators
from monitor.storage.rollups import MOST_SLICES, OTHER_SLICES
from rollback.indicators.steps import Step
from tests.integration.storage.builders import NOW, SECOND, V1, batch, point, record, scored, write

pytestmark = pytest.mark.integration

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
NOON = (NOW - 2 * DAY).replace(hour=12, minute=0)
_NEARLY = 0.006  # what a quantile may be off by, and a little


def _indicators(stores: Stores, bucket: datetime = NOW) -> dict[str, tuple[float, int]]:
    found = stores.indicators.indicators("support", NOW - MINUTE, NOW + 2 * MINUTE)
    return {
        each.name: (pytest.approx(each.value, rel=_NEARLY), each.count)
        for each in found
        if each.bucket == bucket and each.adapter == V1
    }


def _rows(engine: Engine) -> list[object]:
    """Return everything that is stored of indicators."""
    tables = ("rollups", "levels", "rollup_queue", "indicator_slices")
    with engine.connect() as connection:
        return [
            row
            for table in tables
            for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY {table}::text"))
        ]


def test_a_minute_is_summed_up(stores: Stores) -> None:
    """Rates, percentiles and means are those of the minute's answers."""
    record(
        stores,
        scored(1, Verdict.FAIL, latency_s=1.0, output_tokens=10, grade=1.0),
        scored(2, Verdict.WARN, latency_s=2.0, output_tokens=20),
        scored(3, latency_s=3.0, output_tokens=30, error="away", finish_reason=FinishReason.ERROR),
        scored(4, latency_s=4.0, output_tokens=40, finish_reason=FinishReason.LENGTH),
    )
    assert stores.indicators.roll_up(NOW) == 4
    assert _indicators(stores) == {
        "exchanges": (4, 4),
        "abandoned_rate": (0, 4),
        "fault_rate": (0.25, 4),
        "outlier_rate": (0.25, 4),
        "error_rate": (0.25, 4),
        "cut_rate": (0.25, 4),
        "latency_mean_s": (2.5, 4),
        "latency_p50_s": (2.5, 4),
        "latency_p95_s": (3.85, 4),
        "latency_p99_s": (3.97, 4),
        "first_token_p50_s": (0.1, 4),
        "first_token_p95_s": (0.1, 4),
        "prompt_tokens_mean": (12, 4),
        "output_tokens_mean": (25, 4),
        "tokens_per_s": (10, 4),
        "mean_logprob": (-1, 4),
        "grade_mean": (1, 1),
    }


def test_signals_are_summed_up_where_they_are_known(stores: Stores) -> None:
    """Answers without an expected share of wrong answers, or a price, do not count."""
    known = (
        {"words": 3.0, "wrong_answer": 0.5},
        {"wrong_answer": 0.25, "cost": 2.0},
        {"cost": 1.0},
    )
    record(stores, *(replace(scored(n), signals=signals) for n, signals in enumerate(known)))
    stores.indicators.roll_up(NOW)
    found = _indicators(stores)
    assert found["wrong_answer_mean"] == (0.375, 2)
    assert found["cost"] == (3.0, 2)
    assert found["cost_mean"] == (1.5, 2)


def test_rolling_up_again_changes_nothing(stores: Stores, engine: Engine) -> None:
    """What has been added is not added again."""
    record(stores, scored(1), scored(2, tags={"slice": "de"}))
    stores.indicators.roll_up(NOW)
    once = _rows(engine)
    assert stores.indicators.roll_up(NOW) == 0
    assert _rows(engine) == once


def test_late_answers_join_their_minute(stores: Stores) -> None:
    """An answer counts in the minute in which it began, and nothing counts twice."""
    record(stores, scored(1, latency_s=1.0))
    stores.indicators.roll_up(NOW)
    record(stores, scored(2, latency_s=3.0))
    assert stores.indicators.roll_up(NOW + 5 * MINUTE) == 1
    assert _indicators(stores)["exchanges"] == (2, 2)
    assert _indicators(stores)["latency_p50_s"] == (2.0, 2)


def test_answers_that_come_one_by_one_give_the_sketch_of_all_together(
    stores: Stores, engine: Engine
) -> None:
    """The order in which batches are rolled up changes no bit of a sketch."""
    answers = [scored(n, latency_s=0.1 + n * n / 7) for n in range(1, 41)]
    others = [replace(each, exchange=replace(each.exchange, deployment="b")) for each in answers]
    record(stores, *others)
    for each in reversed(answers):
        record(stores, each)
        stores.indicators.roll_up(NOW)
    with engine.connect() as connection:
        kinds = connection.execute(text("SELECT count(DISTINCT latency), count(*) FROM rollups"))
        assert kinds.one() == (1, 6)


def test_a_transaction_that_breaks_off_has_changed_nothing(stores: Stores, engine: Engine) -> None:
    """The next call does all of the work."""
    record(stores, scored(1), scored(2))
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE rollups ADD CONSTRAINT no_days CHECK (step <> 'day')"))
    before = _rows(engine)
    with pytest.raises(Exception, match="no_days"):
        stores.indicators.roll_up(NOW)
    assert _rows(engine) == before
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE rollups DROP CONSTRAINT no_days"))
    assert stores.indicators.roll_up(NOW) == 2


def test_only_one_process_rolls_up_at_a_time(stores: Stores, engine: Engine) -> None:
    """Another one does nothing, and does not wait."""
    record(stores, scored(1))
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('backstop.indicators'))"))
        assert stores.indicators.roll_up(NOW) == 0
    assert stores.indicators.roll_up(NOW) == 1


def test_a_long_queue_is_worked_off_in_parts(stores: Stores, engine: Engine) -> None:
    """Each transaction takes some batches, until none is left."""
    for n in range(5):
        record(stores, scored(n), scored(n + 10))
    assert PostgresIndicators(engine, at_once=3).roll_up(NOW) == 10
    assert _indicators(stores)["exchanges"] == (10, 10)


def test_a_repeated_answer_is_not_counted_again(stores: Stores) -> None:
    """A batch of which some answers are there already adds the others alone."""
    write(stores, batch(1, 2))
    write(stores, batch(2, 3, replica="scorer-b"))
    assert stores.indicators.roll_up(NOW) == 3


def test_unknown_facts_are_no_indicators(stores: Stores) -> None:
    """Without a latency there is no percentile, and never a zero."""
    bare = scored(
        1,
        latency_s=None,
        first_token_s=None,
        prompt_tokens=None,
        output_tokens=None,
        token_logprobs=None,
    )
    record(stores, bare)
    stores.indicators.roll_up(NOW)
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
    stores.indicators.roll_up(NOW)
    found = _indicators(stores)
    assert found["exchanges"] == (2, 2)
    assert found["abandoned_rate"] == (0.5, 2)
    assert found["fault_rate"] == (0, 1)


def test_adapters_and_the_base_model_are_apart(stores: Stores) -> None:
    """Each has its own numbers; the base model is `None`."""
    record(stores, scored(1), scored(2, adapter=None))
    stores.indicators.roll_up(NOW)
    found = stores.indicators.indicators("support", NOW, NOW + SECOND)
    assert {each.adapter: each.value for each in found if each.name == "exchanges"} == {
        None: 1,
        V1: 1,
    }


def test_each_minute_has_its_own_answers(stores: Stores) -> None:
    """Answers over midnight, and over the minute, stand where they began."""
    record(stores, *(scored(n, started_at=NOW + n * SECOND) for n in (-1, 0, 59, 60, 119, 120)))
    stores.indicators.roll_up(NOW)
    assert _indicators(stores, NOW - MINUTE)["exchanges"] == (1, 1)
    assert _indicators(stores, NOW)["exchanges"] == (2, 2)
    assert _indicators(stores, NOW + MINUTE)["exchanges"] == (2, 2)


def test_a_series_has_the_buckets_of_its_step(stores: Stores) -> None:
    """Hours and days are the sums of their minutes, with intervals for rates."""
    moments = (NOON, NOON + 30 * MINUTE, NOON + 90 * MINUTE)
    record(stores, *(scored(n, Verdict.FAIL, started_at=at) for n, at in enumerate(moments)))
    stores.indicators.roll_up(NOW)
    hours = stores.indicators.series("support", "fault_rate", NOON, NOON + DAY, Step.HOUR)
    assert [(each.bucket, each.measured.count) for each in hours] == [
        (NOON, 2),
        (NOON + 60 * MINUTE, 1),
    ]
    start = Step.DAY.start(NOON)
    (day,) = stores.indicators.series("support", "fault_rate", start, start + DAY, Step.DAY)
    assert (day.adapter, day.measured.value, day.measured.count) == (V1, 1.0, 3)
    assert day.measured.interval is not None
    assert day.measured.interval.low < 1.0 == day.measured.interval.high


def test_a_series_of_no_indicator_is_refused(stores: Stores) -> None:
    """The name must be in the catalogue."""
    with pytest.raises(BadRequest, match="latency_p42_s"):
        stores.indicators.series("support", "latency_p42_s", NOON, NOW, Step.DAY)


def test_a_summary_counts_every_minute_once(stores: Stores) -> None:
    """Days in the middle, hours and minutes at the ends, and nothing beyond them."""
    since, until = NOON + 61 * MINUTE, NOON + 2 * DAY - 61 * MINUTE
    within = [since, since + MINUTE, NOON + 3 * 60 * MINUTE, NOON + DAY, until - SECOND]
    beyond = [since - SECOND, until]
    record(stores, *(scored(n, started_at=at) for n, at in enumerate([*within, *beyond])))
    stores.indicators.roll_up(NOW)
    (found,) = stores.indicators.summary("support", since, until)
    assert (found.adapter, found.slice) == (V1, None)
    assert found.measured["exchanges"].value == len(within)
    assert found.measured["latency_p95_s"].value == pytest.approx(0.5, rel=_NEARLY)


def test_slices_stand_beside_the_whole(stores: Stores) -> None:
    """A summary gives all answers, then each slice; a series can ask for one."""
    record(stores, scored(1), scored(2, tags={"slice": "de"}), scored(3, tags={"slice": "de"}))
    stores.indicators.roll_up(NOW)
    found = stores.indicators.summary("support", NOW, NOW + MINUTE)
    assert [(each.slice, each.measured["exchanges"].value) for each in found] == [
        (None, 3),
        ("", 1),
        ("de", 2),
    ]
    (only,) = stores.indicators.series(
        "support", "exchanges", NOW, NOW + MINUTE, Step.MINUTE, slice="de"
    )
    assert only.measured.value == 2


def test_callers_cannot_make_slices_without_number(stores: Stores) -> None:
    """Those that come too late are counted together."""
    record(stores, *(scored(n, tags={"slice": f"s{n:03}"}) for n in range(MOST_SLICES + 5)))
    stores.indicators.roll_up(NOW)
    found = stores.indicators.summary("support", NOW, NOW + MINUTE)
    named = {each.slice: each.measured["exchanges"].value for each in found}
    assert len(named) == MOST_SLICES + 2
    assert named[OTHER_SLICES] == 5


def test_levels_keep_the_latest_the_least_and_the_most(stores: Stores) -> None:
    """Of what a process says of itself, by step."""
    at = datetime(2030, 1, 1, 12, tzinfo=UTC)
    for seconds, value in ((0, 5.0), (10, 9.0), (20, 7.0)):
        told = Reading(name="exchanges_waiting", process="scorer", value=value)
        stores.indicators.roll_up(at + seconds * SECOND, [told])
    for step in Step:
        (found,) = stores.indicators.series(
            "", "exchanges_waiting", step.start(at), at + MINUTE, step
        )
        assert (found.adapter, found.measured.value, found.measured.count) == ("scorer", 7.0, 3)
        assert found.measured.interval == (5.0, 9.0)


def test_evidence_is_read_once(stores: Stores) -> None:
    """Points since the last call are added; one written anew at its position counts anew."""
    stores.deployments.ensure("support")
    stores.evidence.save([point(1), point(2)], [], {})
    stores.indicators.roll_up(NOW)
    golden = replace(point(2), evidence=40.0, at=point(2).at + SECOND)
    stores.evidence.save([golden, replace(point(3), evidence=1.0)], [], {})
    stores.indicators.roll_up(NOW)
    stores.indicators.roll_up(NOW)
    (found,) = stores.indicators.series("support", "evidence", NOW, NOW + MINUTE, Step.MINUTE)
    assert found.measured.value == 1.0
    assert found.measured.interval == (1.0, 40.0)
    assert found.measured.count == 3
