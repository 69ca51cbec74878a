"""Tests of `monitor.storage.observations`: what judges get to see of recorded batches."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.errors import BadRequest, Conflict
from monitor.ports.record import PackedBatch
from monitor.ports.stores import Stores
from tests.integration.storage.builders import (
    NOW,
    SECOND,
    V1,
    batch,
    observed,
    point,
    scored,
    state,
    write,
)

pytestmark = pytest.mark.integration


def _unread(stores: Stores, limit: int = 10) -> list[tuple[str, int, int]]:
    return [(each.replica, each.number, each.after) for each in stores.observations.unread(limit)]


def _seen(stores: Stores) -> list[str]:
    unread = stores.observations.unread(10)
    return [each.observation.exchange_id for found in unread for each in found.items]


def test_observations_come_back_to_the_last_bit(stores: Stores) -> None:
    """Infinite scores, faults, pairs and the base model survive; nothing is rounded."""
    odd = {"a": 0.1 + 0.2, "b": float("inf"), "c": -0.0}
    items = (
        observed(1, scores=odd, fault=True, pair=-0.25),
        replace(observed(2), adapter=None, own_reference=True, epoch=7),
        observed(3, scores={}),
    )
    write(stores, replace(batch(1, 2, 3), observed=items))
    (found,) = stores.observations.unread(10)
    assert found.items == items
    assert repr(found.items) == repr(items)


def test_batches_are_read_in_the_order_of_their_numbers(stores: Stores) -> None:
    """Those of two replicas come as they were written; a late lower number comes first."""
    for replica, number in (("a", 0), ("b", 0), ("a", 2), ("b", 1), ("a", 1), ("a", 3)):
        write(stores, batch(len(replica), replica=replica, number=number))
    assert _unread(stores) == [
        ("a", 0, -1),
        ("b", 0, -1),
        ("b", 1, 0),
        ("a", 1, 0),
        ("a", 2, 1),
        ("a", 3, 2),
    ]
    assert _unread(stores, 2) == [("a", 0, -1), ("b", 0, -1)]


def test_what_was_read_is_not_read_again(stores: Stores, engine: Engine) -> None:
    """Reading goes on behind the saved position, over a gap too, and the rows stay."""
    for number in (0, 1, 4):
        write(stores, batch(number, number=number))
    stores.evidence.save([], [], {"scorer-a": (-1, 1)})
    assert _unread(stores) == [("scorer-a", 4, 1)]
    stores.evidence.save([], [], {"scorer-a": (1, 4)})
    assert _unread(stores) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM observations")).scalar_one() == 3


@pytest.mark.parametrize("stale", [(-1, 1), (1, 2), (5, 6)])
def test_two_judges_cannot_read_the_same(stores: Stores, stale: tuple[int, int]) -> None:
    """Who saves from another position than the stored one writes nothing."""
    stores.evidence.save([], [], {"scorer-a": (-1, 0)})
    with pytest.raises(Conflict, match="another judge"):
        stores.evidence.save([point(1)], [state(1)], {"new": (-1, 0), "scorer-a": stale})
    assert stores.evidence.curve("support", NOW) == []
    assert stores.evidence.judge_state("support") is None
    stores.evidence.save([point(1)], [state(1)], {"new": (-1, 0), "scorer-a": (0, 1)})
    assert stores.evidence.judge_state("support") == state(1)


def test_a_repeated_batch_changes_nothing(stores: Stores) -> None:
    """A replica and number that is there is recorded already, whatever the batch holds now."""
    write(stores, batch(1))
    write(stores, batch(1, 2))
    assert _seen(stores) == ["chatcmpl-1"]
    assert [row.id for row in stores.exchanges.recent("support", 9)] == ["chatcmpl-1"]


def test_answers_that_are_sent_again_are_observed_once(stores: Stores) -> None:
    """A scorer that began anew gets batches again: only what is new in them counts."""
    write(stores, batch(1, 2, replica="before"))
    write(stores, batch(2, 3, replica="after"))
    write(stores, batch(1, 3, replica="later"))
    assert _seen(stores) == ["chatcmpl-1", "chatcmpl-2", "chatcmpl-3"]
    assert len(stores.observations.unread(10)) == 3
    assert stores.exchanges.exposure("support", 1) == 3


def test_an_answer_that_stands_twice_in_a_batch_counts_once(stores: Stores) -> None:
    """The second one is neither recorded nor observed."""
    write(stores, batch(1, 1, 2))
    assert _seen(stores) == ["chatcmpl-1", "chatcmpl-2"]


def test_one_id_at_two_moments_is_two_answers(stores: Stores) -> None:
    """Beside an answer sent again, those that share an id are counted each."""
    twice = (scored(1), scored(1, started_at=NOW + SECOND))
    given = replace(batch(2, replica="b"), scored=(scored(2), *twice))
    write(stores, batch(2))
    write(stores, replace(given, observed=(observed(2), observed(1), observed(1))))
    assert _seen(stores) == ["chatcmpl-2", "chatcmpl-1", "chatcmpl-1"]


def test_hostile_ids_match_their_answers(stores: Stores) -> None:
    """What Postgres refuses is replaced alike in an answer's id and in its observation's."""
    name = "a\0\ud800"
    given = batch(2, replica="a")
    write(stores, given)
    answers = (*given.scored, scored(1, id=name))
    notes = (*given.observed, observed(1, exchange_id=name))
    write(stores, replace(given, replica="b", scored=answers, observed=notes))
    assert _seen(stores) == ["chatcmpl-2", "a\ufffd\ufffd"]


def test_old_observations_go_once_they_are_read(stores: Stores, engine: Engine) -> None:
    """Retention leaves what no judge has seen, and forgets positions in what is all gone."""
    for replica in ("read", "half", "unread"):
        write(stores, batch(1, replica=replica, number=0))
        write(stores, batch(2, replica=replica, number=1))
    stores.evidence.save([], [], {"read": (-1, 1), "half": (-1, 0)})
    later = NOW + 3600 * SECOND
    stores.retention.expire({"evidence": 0 * SECOND}, later)
    assert _unread(stores) == [("half", 1, 0), ("unread", 0, -1), ("unread", 1, 0)]
    with engine.connect() as connection:
        left = connection.execute(text("SELECT replica FROM read_positions")).scalars().all()
    assert left == ["half"]


def test_an_unknown_payload_is_refused(stores: Stores) -> None:
    """A batch that another version has packed, or that is damaged, is not misread."""
    packed = stores.exchanges.pack(batch(1), keep_text=False)
    for payload, said in (
        (packed.payload.replace(b"batch 1", b"batch 0"), "another format"),
        (packed.payload[:-1], "damaged"),
        (b"", "another format"),
    ):
        broken = PackedBatch(replica="a", number=0, count=1, payload=payload)
        with pytest.raises(BadRequest, match=said):
            stores.exchanges.record(broken)
    assert stores.observations.unread(1) == []


def test_a_batch_without_answers_is_recorded(stores: Stores) -> None:
    """It is one to read like any other."""
    write(stores, batch())
    assert _unread(stores) == [("scorer-a", 0, -1)]
    assert stores.exchanges.recent("support", 1) == []


def test_the_base_models_answers_are_told_apart(stores: Stores) -> None:
    """Versions and epochs of one batch stay with their answers."""
    mixed = (observed(1), replace(observed(2), adapter=None, epoch=0))
    write(stores, replace(batch(1, 2), observed=mixed))
    (found,) = stores.observations.unread(1)
    assert [(each.adapter, each.epoch) for each in found.items] == [(V1, 1), (None, 0)]
