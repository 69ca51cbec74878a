"""Tests of `monitor.storage.leases`."""

from __future__ import annotations

import pytest

from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND

pytestmark = pytest.mark.integration

TTL = 10 * SECOND


def test_one_holder_at_a_time(stores: Stores) -> None:
    """While a lease lasts, another holder gets none and its own holder renews it."""
    assert stores.leases.acquire("leader", "a", NOW, TTL) == 1
    assert stores.leases.acquire("leader", "b", NOW + 9 * SECOND, TTL) is None
    assert stores.leases.acquire("leader", "a", NOW + 9 * SECOND, TTL) == 1
    assert stores.leases.acquire("leader", "b", NOW + 18 * SECOND, TTL) is None


def test_the_epoch_grows_with_each_new_holder(stores: Stores) -> None:
    """A lease that ran out goes to the next, whose epoch fences the one before."""
    stores.leases.acquire("leader", "a", NOW, TTL)
    assert stores.leases.acquire("leader", "b", NOW + TTL, TTL) == 2
    assert stores.leases.acquire("leader", "a", NOW + TTL, TTL) is None


def test_renewing_too_late_is_a_new_epoch(stores: Stores) -> None:
    """Who let its lease run out starts anew, since somebody may have led meanwhile."""
    stores.leases.acquire("leader", "a", NOW, TTL)
    assert stores.leases.acquire("leader", "a", NOW + TTL, TTL) == 2


def test_a_released_lease_is_free_at_once(stores: Stores) -> None:
    """Only its holder releases it, and the epoch goes on growing."""
    stores.leases.acquire("leader", "a", NOW, TTL)
    stores.leases.release("leader", "b")
    assert stores.leases.acquire("leader", "b", NOW, TTL) is None
    stores.leases.release("leader", "a")
    assert stores.leases.acquire("leader", "b", NOW, TTL) == 2
