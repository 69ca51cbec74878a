"""Novelty of answers."""

from __future__ import annotations

import numpy as np

from guards.novelty import Novelty
from tests.unit.guards.samples import tickets

TEXTS = [each.output for each in tickets(0, 40)]


def test_an_answer_of_another_kind_is_more_novel() -> None:
    """Free text is far from tickets, a new ticket is not."""
    novelty = Novelty.fit(TEXTS)
    usual, odd = novelty.scores(['{"team": "orders", "order": "A-555"}', "Good morning to you!"])
    assert odd > usual + 0.2


def test_arrays_carry_the_novelty() -> None:
    """Novelty made from arrays gives the same scores."""
    novelty = Novelty.fit(TEXTS)
    again = Novelty.from_arrays(novelty.to_arrays())
    assert np.array_equal(again.scores(TEXTS), novelty.scores(TEXTS))
