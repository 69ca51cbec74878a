"""Tests of the generator of customers' messages."""

from __future__ import annotations

from random import Random

import pytest

from monitor.demo import customers


def test_the_seed_decides_the_message() -> None:
    """Equal seeds give equal messages, others do not."""
    assert customers.write(Random(1)) == customers.write(Random(1)) != customers.write(Random(2))


def test_facts_can_be_read_from_the_text() -> None:
    """The device and the order number survive typing errors, and no bracket is left over."""
    rng = Random(3)
    for _ in range(500):
        inquiry = customers.write(rng)
        assert inquiry.item in inquiry.text.lower()
        assert (inquiry.order or "") in inquiry.text
        assert not set("(){}|") & set(inquiry.text)


def test_messages_vary() -> None:
    """Hardly a message is written twice, and lengths differ widely."""
    rng = Random(4)
    texts = [customers.write(rng).text for _ in range(1_000)]
    assert len(set(texts)) > 990
    assert max(map(len, texts)) > 3 * min(map(len, texts))


@pytest.mark.parametrize(
    ("phrase", "possible"),
    [("a (b|c)", {"a b", "a c"}), ("(x (y|z)|)", {"x y", "x z", ""}), ("plain", {"plain"})],
)
def test_every_alternative_of_a_phrase_is_used(phrase: str, possible: set[str]) -> None:
    """Nested and empty alternatives are expanded."""
    assert {customers.expand(phrase, Random(seed)) for seed in range(50)} == possible
