"""Tests of `monitor.storage.exchanges`."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from guards.exchange import Message
from guards.verdicts import Verdict
from monitor.ports.stores import Stores
from monitor.storage import packing, partitions
from tests.integration.storage.builders import NOW, SECOND, record, scored

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
        columns = "deployment, epoch, verdict, findings, signals, tags, signal_set"
        connection.execute(
            text(
                f"INSERT INTO exchanges (id, started_at, {columns})"
                " VALUES ('early', :at, 'support', 1, 'ok', '{}', '{}', '{}', 0)"
            ),
            {"at": NOW},
        )
    _record(stores, 1)
    with engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM exchanges_default")).scalar_one()
    assert left == 0
    assert stores.exchanges.exposure("support", 1) == 2


def test_retention_deletes_old_answers_and_older_texts(stores: Stores) -> None:
    """Whole partitions and single rows go; texts go before their rows do."""
    batch = [
        scored(1, started_at=NOW - 5 * DAY),
        scored(2, started_at=NOW - 3 * DAY),
        scored(3, started_at=NOW - 3 * DAY + SECOND),
        scored(4),
    ]
    record(stores, *batch, keep_text=True)
    deleted = stores.exchanges.delete_before(NOW - 3 * DAY + SECOND, text_before=NOW - SECOND)
    assert deleted == 2
    new, old = stores.exchanges.recent("support", 10)
    assert (new.id, new.output) == ("chatcmpl-4", "answer 4")
    assert (old.id, old.output, old.prompt) == ("chatcmpl-3", None, None)
