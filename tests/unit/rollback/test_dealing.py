"""Dealing callers to two versions."""

from __future__ import annotations

import pytest

from rollback.dealing import Dealt, deal


def test_a_caller_stays_with_the_candidate_while_the_share_grows() -> None:
    """Sticky, and nested."""
    shares = (0.01, 0.05, 0.25, 0.5)
    for caller in range(500):
        lots = [deal("c1", f"user {caller}", share).to_candidate for share in shares]
        assert lots == sorted(lots)


def test_each_canary_deals_anew() -> None:
    """Nobody is everybody's guinea pig: lots of two canaries are independent."""
    both = sum(
        deal("c1", f"user {n}", 0.5).to_candidate and deal("c2", f"user {n}", 0.5).to_candidate
        for n in range(2_000)
    )
    assert 430 <= both <= 570


def test_the_share_is_kept() -> None:
    """A tenth of the callers, within chance."""
    dealt = sum(deal("c1", f"user {n}", 0.1).to_candidate for n in range(5_000))
    assert 430 <= dealt <= 570


def test_a_lot_goes_through_its_text() -> None:
    """To the last digit of the share."""
    lot = deal("c1", "user ann", 0.1 + 0.2)
    assert Dealt.parse(str(lot)) == lot


@pytest.mark.parametrize(
    "text", ["", "c1", "c1 12 0.5", "c1 zzzzzzzzzzzzzzzz 0.5", f"c1 {'0' * 16} 7", "a b c d"]
)
def test_what_is_no_lot_is_none(text: str) -> None:
    """A caller's own tag says nothing."""
    assert Dealt.parse(text) is None
