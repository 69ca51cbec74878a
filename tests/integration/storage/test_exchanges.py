"""Tests of `monitor.storage.exchanges`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from guards.exchange import Message
from guards.verdicts import Verdict
from monitor.ports.stores import Stores
from monitor.storage import packing, partitions
from monitor.storage.database import open_engine
from monitor.storage.exchanges import PostgresExchanges
from tests.integration.storage.builders import NOW, V1, batch, record, scored

pytestmark = pytest.mark.integration

DAY = timedelta(days=1)


def _record(stores: Stores, *numbers: int, keep_text: bool = True) -> None:
    record(stores, *map(scored, numbers), keep_text=keep_text)


def test_an_answer_comes_back_as_it_was_recorded(stores: Stores) -> None:
    """Facts, verdict, signals and kept texts survive the way through COPY."""
    record(stores, scored(1, Verdict.WARN), keep_text=True)
    (found,) = stores.exchanges.recent("support", 10)
    assert (found.id, found.epoch, found.verdict) == ("chatcmpl-1", 1, Verdict.WARN)
    assert found.signals == {"length": 3.0, "repetition": 0.25, "logprob_mean": -1.0}
    assert found.findings == ("too short",)
    assert (found.prompt, found.output) == ("question 1", "answer 1")
    assert found.started_at == scored(1).exchange.started_at


def test_recent_answers_are_newest_first(stores: Stores) -> None:
    """The newest answers come first, up to the limit."""
    _record(stores, 1, 3, 2)
    assert [row.id for row in stores.exchanges.recent("support", 2)] == ["chatcmpl-3", "chatcmpl-2"]


def test_texts_are_kept_only_on_demand(stores: Stores, engine: Engine) -> None:
    """Without `keep_text` the row holds a keyed hash of the prompt and no text."""
    _record(stores, 1, keep_text=False)
    (found,) = stores.exchanges.recent("support", 1)
    assert (found.prompt, found.output) == (None, None)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT e.*::text FROM exchanges e")).scalar_one()
        prompt_hash = connection.execute(text("SELECT prompt_hash FROM exchanges")).scalar_one()
    assert "question" not in row
    assert len(prompt_hash) == packing.HASH_BYTES


def test_equal_prompts_have_equal_hashes(stores: Stores, engine: Engine) -> None:
    """The hash tells equal prompts from others, also where role and content are shifted."""
    same = (Message(role="user", content="ab"),)
    shifted = (Message(role="usera", content="b"),)
    batch = [scored(1, messages=same), scored(2, messages=same), scored(3, messages=shifted)]
    record(stores, *batch, keep_text=False)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, prompt_hash FROM exchanges ORDER BY id")).all()
    first, second, third = (bytes(row.prompt_hash) for row in rows)
    assert first == second != third


def test_a_repeated_batch_does_no_harm(stores: Stores) -> None:
    """Rows whose id is there are left as they are, and new ones of the batch are added."""
    _record(stores, 1, 2)
    _record(stores, 2, 3, keep_text=False)
    rows = stores.exchanges.recent("support", 10)
    assert [row.id for row in rows] == ["chatcmpl-3", "chatcmpl-2", "chatcmpl-1"]
    assert rows[1].output == "answer 2"


def test_characters_that_postgres_refuses_cost_no_row(stores: Stores) -> None:
    """NUL, half a surrogate pair and a whole one, tabs and newlines get through."""
    output = "a\0b\ud800c\U0001f600\t\\N\n"
    batch = [scored(1, output=output, error="\0", tags={"k\0": "v\udc00"})]
    record(stores, *batch, keep_text=True)
    (found,) = stores.exchanges.recent("support", 1)
    assert found.output == "a\ufffdb\ufffdc\U0001f600\t\\N\n"


def test_exposure_counts_the_answers_of_an_epoch(stores: Stores) -> None:
    """Answers of other epochs and deployments do not count."""
    batch = [scored(1, epoch=2), scored(2, epoch=2), scored(3), scored(4, deployment="x", epoch=2)]
    record(stores, *batch, keep_text=False)
    assert stores.exchanges.exposure("support", 2) == 2


def test_days_have_partitions_ahead(stores: Stores, engine: Engine) -> None:
    """The day of a batch and the days after it have partitions."""
    _record(stores, 1)
    with engine.connect() as connection:
        days = partitions.existing(connection)
        assert {NOW.date(), (NOW + DAY).date(), (NOW + 2 * DAY).date()} <= days


def test_far_days_go_to_the_default_partition(stores: Stores, engine: Engine) -> None:
    """A wrong clock makes no partition, and loses no answer."""
    far = [scored(1, started_at=NOW - 4000 * DAY), scored(2, started_at=NOW + 4000 * DAY)]
    record(stores, *far, keep_text=False)
    with engine.connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM exchanges_default")).scalar_one()
        assert len(partitions.existing(connection)) == 3
    assert count == 2


def test_a_new_partition_takes_its_rows_from_the_default_one(
    stores: Stores, engine: Engine
) -> None:
    """A row that came before its day's partition moves into it."""
    with engine.begin() as connection:
        columns = "deployment, epoch, verdict, findings, signals, tags, signal_set, batch"
        connection.execute(
            text(
                f"INSERT INTO exchanges (id, started_at, {columns})"
                " VALUES ('early', :at, 'support', 1, 'ok', '{}', '{}', '{}', 0, 0)"
            ),
            {"at": NOW},
        )
    _record(stores, 1)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM exchanges_default")).scalar_one()
    assert left == 0
    assert stores.exchanges.exposure("support", 1) == 2


def test_signals_that_are_no_numbers_cost_no_row(stores: Stores) -> None:
    """Infinite ones are kept, those beyond a real's range become infinite, NaN is left out."""
    signals = {"a": float("inf"), "b": -1e300, "c": float("nan"), "d": 1e-300, "e": 0.1}
    record(stores, replace(scored(1), signals=signals), replace(scored(2), signals={}))
    newest, oldest = stores.exchanges.recent("support", 2)
    assert oldest.signals == {"a": float("inf"), "b": float("-inf"), "d": 0.0, "e": 0.1}
    assert newest.signals == {}


def test_every_fact_reaches_its_column(stores: Stores, engine: Engine) -> None:
    """The binary rows say what they were made of, with and without the facts that may be missing."""
    full = scored(
        1,
        grade=0.25,
        caller="ann",
        error="cut",
        tags={"k\0": "v\udc00", "t": "ü"},
        prompt_tokens=2**40,
    )
    bare = dict.fromkeys(
        (
            *("adapter", "latency_s", "first_token_s", "prompt_tokens", "output_tokens"),
            *("token_logprobs", "finish_reason"),
        )
    )
    record(stores, full, scored(2, **bare))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT adapter, epoch, findings, latency_s, first_token_s, prompt_tokens,"
                " output_tokens, mean_logprob, finish_reason, error, grade, caller, tags"
                " FROM exchanges ORDER BY id"
            )
        ).all()
    assert tuple(rows[0]) == (
        *(V1, 1, ["too short"], 0.5, 0.1, 2**31 - 1, 20, -1.0),
        *("stop", "cut", 0.25, "ann", {"k\ufffd": "v\ufffd", "t": "ü"}),
    )
    assert tuple(rows[1]) == (
        *(None, 1, ["too short"], None, None, None, None, None),
        *(None, None, None, None, {}),
    )


def test_without_postgres_since_the_start_prompts_have_no_hash(
    stores: Stores, engine: Engine
) -> None:
    """A batch can be packed all the same; the key is learnt when the batch is recorded."""
    away = open_engine("postgresql://nobody@127.0.0.1:1/none")
    packed = PostgresExchanges(away).pack(batch(1), keep_text=False)
    away.dispose()
    stores.exchanges.record(packed)
    record(stores, scored(2))
    with engine.connect() as connection:
        found = connection.execute(text("SELECT prompt_hash FROM exchanges ORDER BY id"))
        hashes = found.scalars().all()
    assert [prompt_hash is None for prompt_hash in hashes] == [True, False]
