"""Bets on p-values, and Shiryaev–Roberts sums."""

from __future__ import annotations

import json

import numpy as np
import pytest

from guards.edetector import E_CAP, PValueBets, ShiryaevRoberts, shift_bets


def test_weights_of_the_bets_sum_to_one() -> None:
    """Otherwise the mixture would be no e-value."""
    assert PValueBets.WEIGHTS.sum() == pytest.approx(1.0)


def test_every_bet_on_a_shift_has_expectation_one_under_uniform_p_values() -> None:
    """The integral over (0, 1) of each bet is at most 1, and at least 0.95 on a grid this fine."""
    edges = np.concatenate([[0.0], np.logspace(-12, -3, 2000), np.linspace(0.001, 0.999, 4000)[1:]])
    edges = np.concatenate([edges, 1.0 - np.logspace(-3, -12, 2000)[1:], [1.0]])
    bets = np.exp(shift_bets((edges[:-1] + edges[1:]) / 2.0))
    integrals = (bets * np.diff(edges)[:, None]).sum(axis=0)
    assert (integrals < 1.005).all()
    assert (integrals[1:] > 0.95).all()


def test_the_histogram_pays_one_on_average_whatever_it_has_learnt() -> None:
    """After any history, the mean payout over the ten bins is exactly 1."""
    rng = np.random.default_rng(3)
    history = rng.beta(5.0, 2.0, size=40)
    payouts = []
    for middle in np.arange(0.05, 1.0, 0.1):
        bets = PValueBets(1)
        for p_value in history:
            bets.place(np.array([[p_value]]), np.array([[True]]))
        payouts.append(np.exp(bets.place(np.array([[middle]]), np.array([[True]]))[0, 0, -1]))
    assert np.mean(payouts) == pytest.approx(1.0)


def test_p_values_at_the_very_ends_are_finite_bets() -> None:
    """0 and 1 can come out of rounding; they must not become infinite evidence."""
    assert np.isfinite(shift_bets(np.array([0.0, 1.0]))).all()


def test_a_channel_that_was_not_seen_stands_still() -> None:
    """Its sum does not change, and the histogram learns nothing from it."""
    bets, sums = PValueBets(2), ShiryaevRoberts(PValueBets.WEIGHTS, rows=2)
    seen = np.array([[True, False]])
    values = sums.update(bets.place(np.array([[0.01, 0.5]]), seen), seen)[0]
    assert values[0] > 0.0
    assert values[1] == 0.0
    assert sum(bets.state()[1]) == 0.0


def test_the_sum_never_leaves_the_floats() -> None:
    """Overwhelming evidence is cut at the cap, without a warning."""
    sums = ShiryaevRoberts([0.5, 0.5])
    for _ in range(20):
        value = sums.update(np.array([[[100.0, 100.0]]]))[0, 0]
    assert value == pytest.approx(E_CAP)


def test_how_a_stream_is_cut_into_batches_changes_only_the_last_digits() -> None:
    """Bets and sums in one batch are those of one step after the other."""
    rng = np.random.default_rng(8)
    p_values, seen = rng.beta(0.7, 1.0, (90, 3)), rng.random((90, 3)) < 0.8
    bets, sums = PValueBets(3), ShiryaevRoberts(PValueBets.WEIGHTS, rows=3)
    whole = sums.update(bets.place(p_values, seen), seen)
    for size in (1, 7):
        bets, sums = PValueBets(3), ShiryaevRoberts(PValueBets.WEIGHTS, rows=3)
        pieces = []
        for start in range(0, 90, size):
            part = slice(start, start + size)
            pieces.append(sums.update(bets.place(p_values[part], seen[part]), seen[part]))
        assert np.concatenate(pieces) == pytest.approx(whole, rel=1e-9)


def test_a_sum_is_what_its_definition_says() -> None:
    """R_n = (1 + R_(n-1)) · e_n, step by step."""
    bets = np.exp(np.random.default_rng(9).normal(size=30))
    values = ShiryaevRoberts([1.0]).update(np.log(bets)[:, None, None])[:, 0]
    expected = 0.0
    for bet, value in zip(bets.tolist(), values.tolist(), strict=True):
        expected = (1.0 + expected) * bet
        assert value == pytest.approx(expected)


def test_a_state_of_other_channels_is_refused() -> None:
    """Two sums cannot go on from the state of one."""
    with pytest.raises(ValueError, match="expected"):
        ShiryaevRoberts([1.0], rows=2).restore(ShiryaevRoberts([1.0]).state())


def test_restored_sums_and_bets_go_on_bit_for_bit() -> None:
    """State survives JSON exactly."""
    rng = np.random.default_rng(5)
    everywhere = np.ones((1, 3), dtype=bool)
    bets, sums = PValueBets(3), ShiryaevRoberts(PValueBets.WEIGHTS, rows=3)
    for p_values in rng.random((40, 1, 3)):
        sums.update(bets.place(p_values, everywhere))
    bets_copy, sums_copy = PValueBets(3), ShiryaevRoberts(PValueBets.WEIGHTS, rows=3)
    bets_copy.restore(json.loads(json.dumps(bets.state())))
    sums_copy.restore(json.loads(json.dumps(sums.state())))
    for p_values in rng.random((40, 1, 3)):
        expected = sums.update(bets.place(p_values, everywhere))
        assert sums_copy.update(bets_copy.place(p_values, everywhere)).tolist() == expected.tolist()


@pytest.mark.slow
def test_average_run_length_is_at_least_the_line() -> None:
    """Over 400 channels of uniform p-values, the mean run length to 30 is ≥ 30 less 3 errors.

    Runs are cut at 300, which can only make the mean shorter.
    """
    rng, rows, line = np.random.default_rng(11), 400, 30.0
    bets, sums = PValueBets(rows), ShiryaevRoberts(PValueBets.WEIGHTS, rows=rows)
    lengths, everywhere = np.full(rows, 300), np.ones((1, rows), dtype=bool)
    for n in range(1, 300):
        crossed = sums.update(bets.place(rng.random((1, rows)), everywhere))[0] >= line
        lengths[crossed] = np.minimum(lengths[crossed], n)
    assert lengths.mean() >= line - 3.0 * lengths.std() / np.sqrt(rows)
