"""The choice of the next tokens."""

from __future__ import annotations

import math
from collections import Counter
from random import Random

import pytest
import torch

from monitor.engines.sampling import Choice, Sampling, choose


def sampling(temperature: float = 0.0, top_p: float = 1.0, seed: int = 0, top: int = 0) -> Sampling:
    """Return a way to choose."""
    return Sampling(temperature=temperature, top_p=top_p, source=Random(seed), alternatives=top)


def drawn(logits: torch.Tensor, way: Sampling, times: int) -> Counter[int]:
    """Draw many times from one distribution; count the tokens."""
    choices = choose(logits.expand(times, -1), [way] * times)
    return Counter(_id(choice) for choice in choices)


def test_zero_temperature_takes_the_likeliest_token() -> None:
    """Greedy choice, with the log-probability the model gave it."""
    (choice,) = choose(torch.tensor([[0.0, 2.0, 1.0]]), [sampling()])
    assert choice is not None
    assert choice.token_id == 1
    assert choice.logprob == pytest.approx(2 - math.log(1 + math.e**2 + math.e), abs=1e-6)


def test_draws_follow_the_distribution() -> None:
    """2,000 seeded draws from (.5, .3, .2) come within 4 standard errors."""
    probabilities = [0.5, 0.3, 0.2]
    counts = drawn(torch.tensor([probabilities]).log(), sampling(temperature=1.0, seed=5), 2000)
    for token, p in enumerate(probabilities):
        assert abs(counts[token] / 2000 - p) < 4 * math.sqrt(p * (1 - p) / 2000)


def test_top_p_draws_from_the_likeliest_tokens_only() -> None:
    """Of (.5, .3, .2), top_p .6 keeps the first two and .4 the first; the likeliest always stays."""
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log()
    assert set(drawn(logits, sampling(1.0, top_p=0.6), 200)) == {0, 1}
    assert set(drawn(logits, sampling(1.0, top_p=0.4), 50)) == {0}
    assert set(drawn(logits, sampling(1.0, top_p=1e-6), 50)) == {0}


def test_log_probabilities_are_those_of_the_unmodified_model() -> None:
    """Temperature and top_p change what is drawn, never what is reported."""
    logits = torch.tensor([[0.5, 0.3, 0.2]]).log()
    (choice,) = choose(logits, [sampling(temperature=0.01, top_p=0.1)])
    assert choice is not None
    assert choice.logprob == pytest.approx(math.log(0.5), abs=1e-6)


def test_rows_draw_from_their_own_source() -> None:
    """A row draws the same numbers whoever is beside it."""
    logits = torch.randn(3, 50, generator=torch.Generator().manual_seed(0))
    alone = [choose(logits[i : i + 1], [sampling(1.0, seed=i)])[0] for i in range(3)]
    together = choose(logits, [sampling(1.0, seed=i) for i in range(3)])
    assert [_id(choice) for choice in together] == [_id(choice) for choice in alone]


def test_each_row_gets_as_many_alternatives_as_it_asked_for() -> None:
    """Rows without a wish get none; nobody gets more than there are tokens."""
    rows = choose(torch.zeros(3, 4), [sampling(top=0), sampling(top=2), sampling(top=9)])
    assert [len(choice.top) for choice in rows if choice is not None] == [0, 2, 4]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_row_that_is_no_distribution_gives_none(bad: float, temperature: float) -> None:
    """NaN and infinity spoil their own row only."""
    logits = torch.tensor([[bad, 1.0], [0.0, 1.0]])
    broken, fine = choose(logits, [sampling(temperature), sampling()])
    assert broken is None
    assert fine is not None
    assert fine.token_id == 1


def _id(choice: Choice | None) -> int:
    assert choice is not None
    return choice.token_id
