"""Entropy from the likeliest tokens."""

from __future__ import annotations

import math

import numpy as np

from guards import entropy


def test_the_bound_is_below_the_entropy_of_any_distribution() -> None:
    """And above what the five likeliest tokens alone add up to."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        odds = rng.dirichlet(np.full(50, 0.1))
        whole = -float(np.sum(odds[odds > 0] * np.log(odds[odds > 0])))
        top = np.sort(odds)[::-1][:5]
        bound = entropy.least(np.log(top).tolist())
        assert -float(np.sum(top[top > 0] * np.log(top[top > 0]))) <= bound + 1e-9
        assert bound <= whole + 1e-9


def test_the_bound_is_exact_where_nothing_is_left_for_others() -> None:
    """Five tokens of equal chance have ln 5 nats; a certain token has none."""
    assert math.isclose(entropy.least([math.log(0.2)] * 5), math.log(5))
    assert entropy.least([0.0, *[-math.inf] * 4]) == 0.0


def test_more_alternatives_do_not_change_the_bound_and_fewer_give_none() -> None:
    """Callers ask for different numbers of them, and one number must come out."""
    top = [-0.5, -2.0, -3.0, -4.0, -5.0, -6.0]
    assert entropy.least(top) == entropy.least(top[:5])
    assert math.isnan(entropy.least(top[:4]))
    assert math.isnan(entropy.least([math.nan, *top]))


def test_tokens_without_any_alternatives_have_no_entropies() -> None:
    """One that has them is enough."""
    assert entropy.of_tokens([(), ()]) is None
    found = entropy.of_tokens([(), (0.0, *[-math.inf] * 4)])
    assert found is not None
    assert math.isnan(found[0])
    assert found[1] == 0.0
