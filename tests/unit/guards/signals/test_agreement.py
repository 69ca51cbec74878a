"""Signals of agreement between two answers to one prompt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from guards.exchange import Exchange
from guards.signals import agreement
from tests.unit.guards.samples import exchange

BY_NAME = {signal.name: signal for signal in agreement.PAIR_SIGNALS}


def value(name: str, answer: Exchange, other: Exchange) -> float:
    """Return one signal of one pair."""
    return float(BY_NAME[name].compute([(answer, other)])[0])


def said(output: str, *logprobs: float) -> Exchange:
    """Return an answer with log-probabilities."""
    return exchange(output, token_logprobs=logprobs or None)


@pytest.mark.parametrize("name", ["word_distance", "ngram_distance"])
def test_equal_answers_have_no_distance_and_unlike_ones_have_the_whole(name: str) -> None:
    """Nothing in common is 1; a small change lies between."""
    order = said("Your order has left our house.")
    assert value(name, order, order) == pytest.approx(0, abs=1e-9)
    assert value(name, order, said("クジラ 山")) == pytest.approx(1, abs=1e-9)
    assert 0 < value(name, order, said("Your order has left our shop.")) < 0.5


def test_words_count_as_often_as_they_occur() -> None:
    """Two of the four words on both sides are shared."""
    assert value("word_distance", said("no no yes"), said("no")) == 0.5


def test_two_empty_answers_have_no_distance_to_tell() -> None:
    """There is nothing to compare."""
    names = ("word_distance", "ngram_distance", "common_beginning")
    assert all(math.isnan(value(name, said(""), said(""))) for name in names)


def test_the_common_beginning_ends_at_the_first_difference() -> None:
    """What is alike behind it does not count."""
    assert value("common_beginning", said("a b c d"), said("a b x d")) == 0.5
    assert value("common_beginning", said("a b"), said("a b c d")) == 0.5


def test_divergence_is_estimated_on_the_same_tokens_alone() -> None:
    """The mean of log p - log q; another text, or other tokens of it, has none."""
    answer = said("yes it is", -0.1, -0.2, -0.3)
    assert value("token_divergence", answer, said("yes it is", -0.4, -0.5, -0.6)) == pytest.approx(
        0.3
    )
    assert math.isnan(value("token_divergence", answer, said("no it is", -0.4, -0.5, -0.6)))
    assert math.isnan(value("token_divergence", answer, said("yes it is", -0.4, -0.5)))
    assert math.isnan(value("token_divergence", answer, said("yes it is")))


def test_divergence_has_the_expectation_of_the_kullback_leibler_divergence() -> None:
    """Tokens are drawn from p; over 20,000 of them the mean is within three standard errors."""
    rng = np.random.default_rng(2)
    p, q = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    drawn = rng.choice(3, p=p, size=20_000)
    answer, other = said("x", *np.log(p[drawn])), said("x", *np.log(q[drawn]))
    spread = np.log(p[drawn] / q[drawn]).std() / math.sqrt(len(drawn))
    expected = float(np.sum(p * np.log(p / q)))
    assert abs(value("token_divergence", answer, other) - expected) < 3 * spread


def test_the_gap_of_confidence_needs_no_equal_answers() -> None:
    """Each is measured under its own model; a broken number leaves it open."""
    assert value("confidence_gap", said("a", -0.5), said("b", -1.5, -2.5)) == 1.5
    assert math.isnan(value("confidence_gap", said("a", -0.5), said("b", -math.inf)))


def test_vectors_give_a_distance() -> None:
    """The cosine's; a zero vector has no direction."""
    vectors = {"a": (3.0, 0.0), "b": (0.0, 1.0), "-a": (-1.0, 0.0), "0": (0.0, 0.0)}

    def encode(texts: Any) -> Any:
        return np.array([vectors[text] for text in texts])

    compute = agreement.distance_by(encode)
    pairs = [(said("a"), said(other)) for other in ("a", "b", "-a", "0")]
    assert np.array_equal(compute(pairs), [0.0, 1.0, 2.0, math.nan], equal_nan=True)
    assert compute([]).shape == (0,)


def test_every_value_lies_in_its_range() -> None:
    """Of whatever pairs."""
    texts = ("", "a", "a b c", "あいう", "\ud800", "a " * 50)
    pairs = [(said(one, -1.0), said(two, -2.0)) for one in texts for two in texts]
    for signal in agreement.PAIR_SIGNALS:
        values = signal.compute(pairs)
        known = values[~np.isnan(values)]
        assert values.shape == (len(pairs),)
        assert ((signal.low <= known) & (known <= signal.high)).all(), signal.name
