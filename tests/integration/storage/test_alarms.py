"""Tests of `monitor.storage.alarms`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from monitor.ports.alerts import Addressing, Delivery, Notice, Posting, Raised
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND, notice, record, scored

pytestmark = pytest.mark.integration

CALM = timedelta(minutes=5)
LEASE = timedelta(seconds=30)


def settle(stores: Stores, *conditions: str, minutes: float = 0) -> int:
    """Have these conditions hold at a time, and no other of the watch."""
    notices = {each: notice(7, id=f"{each}-{minutes}", title=each) for each in conditions}
    raised = Raised(watch="w", notices=notices, calm=CALM)
    return stores.alarms.settle(raised, NOW + timedelta(minutes=minutes))


def told(stores: Stores, receiver: str = "chat") -> list[Delivery]:
    """Send all that waits to all; return what one receiver gets."""

    def post(which: Notice, away: frozenset[str], to: Sequence[str]) -> Sequence[Posting]:
        return [Posting(receiver=each, due_at=NOW, window=None) for each in to or (receiver,)]

    later = NOW + timedelta(days=1)
    stores.outbox.address(Addressing(post=post), later)
    found = []
    while each := stores.outbox.claim(receiver, later, LEASE, timedelta(0)):
        found.append(each)
        stores.outbox.sent(each.notice.id, receiver, later)
    return found


def test_a_condition_is_told_when_it_begins_and_when_it_ends(stores: Stores) -> None:
    """And not in between; the end says how long it was."""
    assert settle(stores, "slow") == 1
    assert settle(stores, "slow", minutes=1) == 0
    (begun,) = told(stores)
    assert (begun.notice.title, begun.notice.facts["condition"]) == ("slow", "slow")
    assert settle(stores, minutes=2) == 0
    assert settle(stores, minutes=7) == 1
    (over,) = told(stores)
    assert (over.notice.kind, over.notice.title) == ("resolved", "over: slow")
    assert over.notice.facts["resolves"] == begun.notice.id
    assert over.notice.facts["durations"] == {"from its beginning to its end": 120.0}
    assert settle(stores, minutes=20) == 0


def test_a_condition_that_flaps_is_one(stores: Stores) -> None:
    """It must be away for a while to be over."""
    for minute in range(0, 40, 4):
        settle(stores, *(("slow",) if minute % 8 == 0 else ()), minutes=minute)
    assert [each.notice.title for each in told(stores)] == ["slow"]


def test_a_condition_that_comes_back_is_told_anew(stores: Stores) -> None:
    """After it was over."""
    for minute, holding in ((0, ("slow",)), (1, ()), (6, ()), (9, ("slow",))):
        settle(stores, *holding, minutes=minute)
    titles = [each.notice.title for each in told(stores)]
    assert sorted(titles) == ["over: slow", "slow", "slow"]


def test_watches_do_not_end_each_others_conditions(stores: Stores) -> None:
    """Each one says only what it looks for."""
    settle(stores, "slow")
    stores.alarms.settle(Raised(watch="other", calm=timedelta(0)), NOW + CALM)
    assert [each.notice.title for each in told(stores)] == ["slow"]


def test_an_end_goes_to_those_who_heard_of_the_beginning(stores: Stores) -> None:
    """Whatever the rules say meanwhile."""
    settle(stores, "slow")
    told(stores, "chat")
    settle(stores, minutes=1)
    settle(stores, minutes=6)
    assert told(stores, "pager") == []
    assert [each.notice.kind for each in told(stores, "chat")] == ["resolved"]


def test_the_last_minute_with_answers_is_known(stores: Stores) -> None:
    """Of the deployments that gave any."""
    record(stores, scored(1), scored(2, started_at=NOW - 600 * SECOND))
    stores.indicators.roll_up(NOW + timedelta(minutes=1))
    assert stores.alarms.last_answers(["support", "sales"]) == {"support": NOW}
