"""Shares of callers and prompts."""

from __future__ import annotations

from dataclasses import replace

from monitor.runtime.routing import Route, Router

_ROUTE = Route(
    deployment="support",
    active="support@aa",
    epoch=3,
    candidate="support@bb",
    candidate_share=0.2,
    baseline="support@00",
    shadow_rate=0.1,
)
_CALLERS = [f"caller-{number}" for number in range(20_000)]


def test_a_caller_always_gets_the_same_version() -> None:
    """A caller's key alone decides."""
    assert all(_ROUTE.version_for(c) == _ROUTE.version_for(c) for c in _CALLERS[:100])


def test_the_candidate_gets_its_share_of_the_callers() -> None:
    """20,000 keys: the share is .2 within five standard errors (.014)."""
    got = sum(_ROUTE.version_for(c) == "support@bb" for c in _CALLERS) / len(_CALLERS)
    assert abs(got - 0.2) < 0.015


def test_a_growing_share_keeps_the_callers_it_had() -> None:
    """Nobody goes back to the active version when the share grows."""
    grown = replace(_ROUTE, candidate_share=0.5, revision=1)
    had = [c for c in _CALLERS if _ROUTE.version_for(c) == "support@bb"]
    assert all(grown.version_for(c) == "support@bb" for c in had)


def test_without_a_candidate_the_active_version_answers_everybody() -> None:
    """A share without a candidate is nobody's."""
    alone = replace(_ROUTE, candidate=None)
    assert {alone.version_for(c) for c in _CALLERS[:1000]} == {"support@aa"}


def test_a_share_of_the_prompts_is_shadowed() -> None:
    """20,000 request ids: the rate is .1 within five standard errors (.011)."""
    shadowed = sum(_ROUTE.shadows(c) for c in _CALLERS) / len(_CALLERS)
    assert abs(shadowed - 0.1) < 0.011
    assert not any(replace(_ROUTE, shadow_rate=0.0).shadows(c) for c in _CALLERS)


def test_a_newer_revision_of_an_epoch_replaces_the_route() -> None:
    """The epoch stays, the candidate's share changes."""
    router = Router()
    router.swap(_ROUTE)
    newer = replace(_ROUTE, revision=1, candidate_share=0.4)
    assert router.swap(newer)
    assert not router.swap(_ROUTE)
    assert router.table.find("support") == newer


def test_a_table_replaces_whatever_was_known() -> None:
    """A database that was put back is right: its older epochs count, and what it lacks is gone."""
    router = Router()
    router.swap(Route(deployment="support", active="support@3f9a2c1d7b04", epoch=7))
    router.swap(Route(deployment="gone", active=None, epoch=2))
    older = Route(deployment="support", active=None, epoch=1)
    router.replace((older,))
    assert dict(router.table.routes) == {"support": older}
