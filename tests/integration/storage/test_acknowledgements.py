"""Tests of `monitor.storage.acknowledgements`."""

from __future__ import annotations

import pytest

from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, SECOND

pytestmark = pytest.mark.integration


def test_replicas_below_the_epoch_lag(stores: Stores) -> None:
    """A replica lags until it acknowledges the epoch; one that never spoke of it lags too."""
    stores.acknowledgements.acknowledge("a", {"support": 3}, NOW)
    stores.acknowledgements.acknowledge("b", {"support": 2}, NOW)
    stores.acknowledgements.acknowledge("c", {"sales": 9}, NOW)
    assert stores.acknowledgements.lagging("support", 3, NOW) == ["b", "c"]
    stores.acknowledgements.acknowledge("b", {"support": 3}, NOW)
    assert stores.acknowledgements.lagging("support", 3, NOW) == ["c"]


def test_a_dead_replica_holds_nothing_up(stores: Stores) -> None:
    """Who has not been heard of since the given moment does not lag."""
    stores.acknowledgements.acknowledge("a", {"support": 1}, NOW)
    assert stores.acknowledgements.lagging("support", 3, NOW + SECOND) == []


def test_a_heartbeat_keeps_the_epochs_it_does_not_name(stores: Stores) -> None:
    """An empty heartbeat renews the life of a replica alone."""
    stores.acknowledgements.acknowledge("a", {"support": 3}, NOW)
    stores.acknowledgements.acknowledge("a", {}, NOW + SECOND)
    assert stores.acknowledgements.lagging("support", 3, NOW + SECOND) == []
