"""Channels of drift."""

from __future__ import annotations

import math

import numpy as np

from guards import channels
from guards.signals import catalogue
from tests.unit.guards.samples import exchange


def test_a_signal_with_two_odd_sides_has_two_channels() -> None:
    """A long answer is odd in one channel, a short one in the other."""
    scores = channels.signal_scores(catalogue.table([exchange("ab"), exchange("abcd")]))
    assert scores["characters_high"].tolist() == [2.0, 4.0]
    assert scores["characters_low"].tolist() == [-2.0, -4.0]


def test_a_signal_with_one_odd_side_has_one_channel() -> None:
    """An answer that is not cut is never odd for that."""
    assert "cut_high" in channels.by_name()
    assert "cut_low" not in channels.by_name()
    assert "schema_valid_low" in channels.by_name()


def test_the_speed_of_the_machine_is_no_channel() -> None:
    """A slow machine is no drift."""
    assert not any(
        name.startswith(("latency", "first_token", "tokens")) for name in channels.by_name()
    )


def test_p_values_rank_among_usual_scores() -> None:
    """Ties count as at least as odd, and an undefined score has no p-value."""
    found = channels.p_values(np.array([1.0, 2.0, 2.0]), np.array([2.0, 9.0, math.nan]))
    assert found[:2].tolist() == [0.75, 0.25]
    assert math.isnan(found[2])


def test_usual_scores_do_not_count_themselves_twice() -> None:
    """The largest of three is the first of four places that a new one could take."""
    usual = np.array([1.0, 2.0, 3.0])
    assert channels.p_values(usual, usual, own=True).tolist() == [0.75, 0.5, 0.25]
