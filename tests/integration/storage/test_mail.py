"""Tests of `monitor.storage.mail` and `monitor.storage.addressing`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from monitor.ports.alerts import Addressing, Delivery, Notice, Posting
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND, notice

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)
NO_PACE = timedelta(0)
MINUTE = timedelta(minutes=1)


def to_all(
    *receivers: str, now: datetime = NOW, window: timedelta | None = None, cool_down: int = 0
) -> Addressing:
    """Send everything to every receiver in use, at once."""

    def post(notice: Notice, away: frozenset[str], to: Sequence[str]) -> Sequence[Posting]:
        found = [each for each in receivers if each not in away]
        return [Posting(receiver=each, due_at=now, window=window) for each in found]

    return Addressing(post=post, cool_down=cool_down * SECOND)


def _claim(
    stores: Stores, *receivers: str, after: int = 0, window: timedelta | None = None
) -> list[tuple[str, str, int]]:
    """Address and claim all that is due."""
    now = NOW + after * SECOND
    stores.outbox.address(to_all(*receivers, now=now, window=window), now)
    found = []
    for receiver in receivers:
        while each := stores.outbox.claim(receiver, now, LEASE, NO_PACE):
            found.append((each.notice.id, each.receiver, each.attempt))
    return found


def test_a_notice_goes_to_every_receiver_once(stores: Stores) -> None:
    """Putting it twice makes one delivery per receiver."""
    stores.outbox.put(notice(1))
    stores.outbox.put(notice(1, title="again"))
    assert sorted(_claim(stores, "slack", "hook")) == [
        ("notice-1", "hook", 0),
        ("notice-1", "slack", 0),
    ]


def test_a_delivery_carries_the_notice(stores: Stores) -> None:
    """The notice comes out as it was put in."""
    stores.outbox.put(notice(1))
    stores.outbox.address(to_all("slack"), NOW)
    claimed = stores.outbox.claim("slack", NOW, LEASE, NO_PACE)
    assert claimed == Delivery(notice=notice(1), receiver="slack", attempt=0)


def test_a_claimed_delivery_is_hidden_until_its_lease_ends(stores: Stores) -> None:
    """A claimer that died leaves the delivery to the next, under the same id."""
    stores.outbox.put(notice(1))
    assert len(_claim(stores, "slack")) == 1
    assert _claim(stores, "slack", after=29) == []
    assert _claim(stores, "slack", after=30) == [("notice-1", "slack", 0)]


def test_a_sent_notice_is_never_due_again(stores: Stores) -> None:
    """Nor does a late report of failure bring it back."""
    stores.outbox.put(notice(1))
    _claim(stores, "slack")
    stores.outbox.sent("notice-1", "slack", NOW)
    stores.outbox.failed("notice-1", "slack", NOW, error="late", retry_at=NOW)
    assert _claim(stores, "slack", after=9999) == []


def test_a_failed_notice_comes_again_at_its_time(stores: Stores) -> None:
    """The attempt is counted; without a time to retry it is given up."""
    stores.outbox.put(notice(1))
    _claim(stores, "slack")
    stores.outbox.failed("notice-1", "slack", NOW, error="503", retry_at=NOW + 5 * SECOND)
    assert _claim(stores, "slack", after=4) == []
    assert _claim(stores, "slack", after=5) == [("notice-1", "slack", 1)]
    stores.outbox.failed("notice-1", "slack", NOW, error="410", retry_at=None)
    assert _claim(stores, "slack", after=9999) == []


def test_a_later_receiver_gets_later_notices(stores: Stores) -> None:
    """Configuring a receiver does not send it the past."""
    stores.outbox.put(notice(1))
    _claim(stores, "slack")
    stores.outbox.put(notice(2))
    assert sorted(_claim(stores, "slack", "hook")) == [
        ("notice-2", "hook", 0),
        ("notice-2", "slack", 0),
    ]


def test_a_notice_that_is_held_back_waits(stores: Stores) -> None:
    """Until what belongs to it is known."""
    stores.outbox.put(notice(1, not_before=NOW + 15 * SECOND))
    assert _claim(stores, "slack", after=14) == []
    assert len(_claim(stores, "slack", after=15)) == 1


def test_the_most_urgent_leaves_first(stores: Stores) -> None:
    """Whatever waits longer."""
    stores.outbox.put(notice(1, severity="info"))
    stores.outbox.put(notice(2, severity="warning"))
    stores.outbox.put(notice(3, severity="critical"))
    assert [each[0] for each in _claim(stores, "slack")] == ["notice-3", "notice-2", "notice-1"]


def test_a_receivers_pace_is_kept(stores: Stores) -> None:
    """Whichever process claims, and for each receiver by itself."""
    for number in (1, 2):
        stores.outbox.put(notice(number))
    stores.outbox.address(to_all("slack", "hook"), NOW)
    assert stores.outbox.claim("slack", NOW, LEASE, SECOND)
    assert stores.outbox.claim("slack", NOW + SECOND / 2, LEASE, SECOND) is None
    assert stores.outbox.claim("hook", NOW + SECOND / 2, LEASE, SECOND)
    assert stores.outbox.claim("slack", NOW + SECOND, LEASE, SECOND)


def test_a_receivers_pause_holds_all_of_its_notices(stores: Stores) -> None:
    """It asked for rest, not only from one of them."""
    for number in (1, 2):
        stores.outbox.put(notice(number))
    stores.outbox.address(to_all("slack"), NOW)
    first = stores.outbox.claim("slack", NOW, LEASE, NO_PACE)
    assert first is not None
    stores.outbox.failed(
        first.notice.id, "slack", NOW, error="429", retry_at=NOW, pause_until=NOW + MINUTE
    )
    assert stores.outbox.claim("slack", NOW + 59 * SECOND, LEASE, NO_PACE) is None
    assert stores.outbox.claim("slack", NOW + MINUTE, LEASE, NO_PACE)


def test_what_waits_is_joined_and_counted(stores: Stores) -> None:
    """The message names some of the others, and its delivery is theirs."""
    for number in range(1, 8):
        stores.outbox.put(notice(number, title=f"title {min(number, 3)}"))
    stores.outbox.address(to_all("slack", window=5 * MINUTE), NOW)
    claimed = stores.outbox.claim("slack", NOW, LEASE, NO_PACE)
    assert claimed is not None
    assert (claimed.notice.id, claimed.count) == ("notice-1", 7)
    assert sorted(claimed.others) == ["title 2", "title 3"]
    stores.outbox.sent("notice-1", "slack", NOW)
    states = [each.state for each in stores.outbox.posted(10)]
    assert sorted(states) == ["joined"] * 6 + ["sent"]
    assert all(each.sent_at == NOW for each in stores.outbox.posted(10))


def test_nothing_joins_a_message_that_was_tried(stores: Stores) -> None:
    """A repeated attempt says what the first one said, under the same id."""
    stores.outbox.put(notice(1))
    assert len(_claim(stores, "slack", window=5 * MINUTE)) == 1
    stores.outbox.failed("notice-1", "slack", NOW, error="500", retry_at=NOW + 9 * SECOND)
    stores.outbox.put(notice(2))
    stores.outbox.address(to_all("slack", now=NOW + SECOND, window=5 * MINUTE), NOW + SECOND)
    again = stores.outbox.claim("slack", NOW + 9 * SECOND, LEASE, NO_PACE)
    assert again is not None
    assert (again.notice.id, again.attempt, again.count) == ("notice-1", 1, 1)
    stores.outbox.sent("notice-1", "slack", NOW + 9 * SECOND)
    later = stores.outbox.claim("slack", NOW + 5 * MINUTE, LEASE, NO_PACE)
    assert later is not None
    assert later.notice.id == "notice-2"


def test_the_same_news_is_told_once_while_it_cools_down(stores: Stores) -> None:
    """It is kept, and marked as a repeat."""
    stores.outbox.put(notice(1))
    assert len(_claim(stores, "slack")) == 1
    stores.outbox.sent("notice-1", "slack", NOW)
    stores.outbox.put(notice(2))
    now = NOW + MINUTE
    stores.outbox.address(to_all("slack", now=now, cool_down=3600), now)
    assert stores.outbox.claim("slack", now, LEASE, NO_PACE) is None
    assert [each.notice.id for each in stores.outbox.posted(10, "repeat")] == ["notice-2"]


def test_a_failing_delivery_escalates_once(stores: Stores) -> None:
    """With those that were joined to it; the first receiver is still tried."""
    for number in (1, 2):
        stores.outbox.put(notice(number))
    stores.outbox.address(to_all("slack", window=5 * MINUTE), NOW)
    stores.outbox.claim("slack", NOW, LEASE, NO_PACE)
    stores.outbox.failed("notice-1", "slack", NOW, error="500", retry_at=NOW + 60 * MINUTE)

    def escalated(minutes: int) -> int:
        return stores.outbox.escalate({"slack": "pager"}, 15 * MINUTE, NOW + minutes * MINUTE)

    assert [escalated(14), escalated(15), escalated(16)] == [0, 1, 0]
    claimed = stores.outbox.claim("pager", NOW + 16 * MINUTE, LEASE, NO_PACE)
    assert claimed is not None
    assert (claimed.escalated_from, claimed.count) == ("slack", 2)
    assert stores.outbox.claim("slack", NOW + 60 * MINUTE, LEASE, NO_PACE)


def test_a_delivery_that_is_only_waiting_does_not_escalate(stores: Stores) -> None:
    """Quiet hours are no failure."""
    stores.outbox.put(notice(1))
    stores.outbox.address(to_all("slack", now=NOW + 60 * MINUTE), NOW)
    assert stores.outbox.escalate({"slack": "pager"}, 15 * MINUTE, NOW + 30 * MINUTE) == 0


def test_a_receiver_out_of_use_gets_nothing_until_it_is_enabled(stores: Stores) -> None:
    """What was on its way is given up at once, and escalates; the others are told."""
    for number in (1, 2):
        stores.outbox.put(notice(number))
    assert len(_claim(stores, "slack")) == 2
    stores.outbox.disable("slack", NOW, notice(3, facts={"reason": "gone (410)"}))
    assert stores.outbox.disabled() == {"slack": "gone (410)"}
    assert {each.state for each in stores.outbox.posted(9)} == {"failed"}
    assert stores.outbox.escalate({"slack": "pager"}, 15 * MINUTE, NOW + SECOND) == 2
    assert [each[1] for each in _claim(stores, "slack", "hook", after=1)] == ["hook"]
    assert stores.outbox.enable("slack")
    assert not stores.outbox.enable("slack")
    stores.outbox.put(notice(4))
    assert _claim(stores, "slack", after=2) == [("notice-4", "slack", 0)]


def test_deliveries_are_listed_newest_first(stores: Stores) -> None:
    """With their state, the last error, and as many as wanted."""
    stores.outbox.put(notice(1))
    _claim(stores, "slack")
    stores.outbox.failed("notice-1", "slack", NOW, error="503 later", retry_at=NOW + MINUTE)
    stores.outbox.put(notice(2))
    _claim(stores, "slack", after=9)
    stores.outbox.sent("notice-2", "slack", NOW + 9 * SECOND)
    newest, oldest = stores.outbox.posted(10)
    assert (newest.notice.id, newest.state, newest.attempts) == ("notice-2", "sent", 1)
    assert (oldest.state, oldest.due_at) == ("pending", NOW + MINUTE)
    assert oldest.error is not None
    assert oldest.error.endswith("503 later")
    assert [each.notice.id for each in stores.outbox.posted(1)] == ["notice-2"]
    assert [each.notice.id for each in stores.outbox.posted(9, "pending")] == ["notice-1"]


def test_without_receivers_nobody_is_addressed_again(stores: Stores) -> None:
    """A notice that no rule sends anywhere is recorded, and no more."""
    stores.outbox.put(notice(1))
    assert stores.outbox.address(to_all(), NOW) == 1
    assert stores.outbox.address(to_all("slack"), NOW) == 0
