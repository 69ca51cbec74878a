"""Explanations in words."""

from __future__ import annotations

import numpy as np

from guards import explanation

USUAL = {
    "characters_low": np.sort(-np.arange(50.0, 200.0)),
    "characters_high": np.arange(50.0, 200.0),
    "outlier": np.linspace(0, 0.5, 75),
}


def test_the_rarest_channels_are_put_into_words() -> None:
    """The number, its unit and how rare it is are told; usual channels are not."""
    scores = {"characters_low": -3.0, "characters_high": 3.0, "outlier": 0.9}
    assert explanation.rarest(USUAL, scores, at_most=3) == (
        "length 3 characters: rarer than all 150 reference answers",
        "unlike the usual answers: rarer than all 75 reference answers",
    )


def test_a_share_is_rounded_down() -> None:
    """148 of 150 are 98 %, never 99."""
    (sentence,) = explanation.rarest(USUAL, {"characters_high": 198.0}, at_most=3)
    assert sentence == "length 198 characters: rarer than 98 % of 150 reference answers"


def test_nothing_rare_gives_no_words() -> None:
    """A usual answer needs no explanation."""
    assert explanation.rarest(USUAL, {"characters_high": 100.0}, at_most=3) == ()


def test_at_most_so_many_sentences_are_given() -> None:
    """The list is cut after the rarest."""
    scores = {"characters_low": -3.0, "outlier": 0.9}
    assert len(explanation.rarest(USUAL, scores, at_most=1)) == 1
