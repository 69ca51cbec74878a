"""Routing."""

from __future__ import annotations

import pytest

from monitor.errors import NotFound
from monitor.runtime.routing import Route, Router


def route(epoch: int, active: str | None = "support@1", deployment: str = "support") -> Route:
    """Return a route."""
    return Route(deployment=deployment, active=active, epoch=epoch)


def test_a_newer_route_replaces_an_older_one() -> None:
    """The higher epoch is in force."""
    router = Router()
    assert router.swap(route(1))
    assert router.swap(route(2, "support@2"))
    assert router.table.find("support").active == "support@2"


def test_an_older_route_is_refused() -> None:
    """Whoever comes late changes nothing, also with another route of the same epoch."""
    router = Router()
    router.swap(route(2, "support@2"))
    assert not router.swap(route(1))
    assert not router.swap(route(2, "support@other"))
    assert router.table.find("support") == route(2, "support@2")


def test_the_same_route_again_is_in_force() -> None:
    """Swapping is idempotent."""
    router = Router()
    router.swap(route(2))
    assert router.swap(route(2))


def test_a_table_in_hand_does_not_change() -> None:
    """Who holds a table sees one moment."""
    router = Router()
    router.swap(route(1))
    table = router.table
    router.swap(route(2, None))
    assert table.find("support").active == "support@1"
    assert router.epochs() == {"support": 2}


def test_an_unknown_name_is_told_the_known_ones() -> None:
    """The error lists the deployments."""
    router = Router()
    router.swap(route(1))
    router.swap(route(0, None, "plain"))
    with pytest.raises(NotFound, match="plain, support"):
        router.table.find("suport")


def test_a_version_by_name_is_an_explicit_route() -> None:
    """Probes reach a version directly, and it shows that they do."""
    found = Router().table.find("support@3f9a2c1d7b04")
    assert found.explicit
    assert found.active == "support@3f9a2c1d7b04"
