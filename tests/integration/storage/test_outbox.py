"""Tests of `monitor.storage.outbox`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.ports.alerts import Delivery
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND, notice

pytestmark = pytest.mark.integration

LEASE = timedelta(seconds=30)


def _claim(stores: Stores, *receivers: str, after: int = 0) -> list[tuple[str, str, int]]:
    claimed = stores.outbox.claim(receivers, NOW + after * SECOND, LEASE, 10)
    return [(each.notice.id, each.receiver, each.attempt) for each in claimed]


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
    (claimed,) = stores.outbox.claim(["slack"], NOW, LEASE, 10)
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


def test_a_claim_takes_no_more_than_its_limit(stores: Stores) -> None:
    """The rest stays for others."""
    for number in range(3):
        stores.outbox.put(notice(number))
    assert len(stores.outbox.claim(["slack"], NOW, LEASE, 2)) == 2
    assert len(stores.outbox.claim(["slack"], NOW, LEASE, 2)) == 1


def test_without_receivers_notices_wait(stores: Stores) -> None:
    """A claim for nobody addresses nothing."""
    stores.outbox.put(notice(1))
    assert _claim(stores) == []
    assert len(_claim(stores, "slack")) == 1
