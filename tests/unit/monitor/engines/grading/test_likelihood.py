"""Grades by likelihood, from log-probabilities that a table gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest

from guards.exchange import Message
from guards.golden import GoldenCase
from guards.grading import Grade
from monitor.engines.grading import likelihood

ASKED = (Message(role="prompt", content="The capital of Japan is"),)


class Table:
    """Tells the log-probabilities of continuations from a table."""

    def __init__(self, told: Mapping[str, Sequence[float]]) -> None:
        self._told = told

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Return what the table says."""
        assert tuple(messages) == ASKED
        return tuple(self._told[continuation])


async def choose(told: Mapping[str, Sequence[float]], right: str) -> Grade:
    """Grade a choice among all that the table has."""
    expectation = {"kind": "multiple_choice", "values": list(told), "value": right}
    case = GoldenCase(id="c", messages=ASKED, expectation=expectation)
    return await likelihood.of_choice(Table(told), case, None)


@pytest.mark.parametrize(
    ("told", "right", "raw", "normalized"),
    [
        ({" Tokyo": [-1.0], " Kyoto": [-2.0]}, " Tokyo", 1, 1),
        ({" Tokyo": [-1.0], " Kyoto": [-2.0]}, " Kyoto", 0, 0),
        ({"a": [-1.0], "b": [-1.0]}, "a", 0, 0),
        ({"a": [-1.0], "bbbb": [-2.0]}, "a", 1, 0),
        ({"a": [-1.0], "bbbb": [-2.0]}, "bbbb", 0, 1),
        ({"a": [-1.0], "bb": [-2.0]}, "bb", 0, 0),
        ({"a": [-0.5, -0.5], "b": [-2.0]}, "a", 1, 1),
        ({"a": [-3.0, -3.0], "b": [-2.0]}, "a", 0, 0),
        ({"a": [0.0], "b": [-9.0]}, "a", 1, 1),
        ({"a": [-700.0], "b": [-701.0]}, "a", 1, 1),
        ({"a": [-1e-12], "b": [-1e-11]}, "a", 1, 1),
        ({"a": [-3.0], "b": [-2.0], "c": [-1.0]}, "c", 1, 1),
        ({"a": [-1.0], "b": [-2.0], "c": [-3.0]}, "c", 0, 0),
        ({"a": [-1.0], "b": [-1.0], "c": [-3.0]}, "b", 0, 0),
        ({"a": [-3.0], "b": [-3.0], "c": [-1.0]}, "c", 1, 1),
        ({"東京": [-1.0], "京都": [-2.0]}, "東京", 1, 1),
        ({"東京": [-5.0], "Kyoto!": [-4.0]}, "東京", 0, 0),
        ({"東京": [-5.0], "Kyoto": [-4.5]}, "東京", 0, 1),
        ({"東": [-2.0], "to": [-1.9]}, "to", 1, 0),
        ({"é": [-2.0], "e": [-1.5]}, "é", 0, 1),
    ],
)
async def test_the_likeliest_choice_is_the_answer(
    told: dict[str, list[float]], right: str, raw: float, normalized: float
) -> None:
    """As it is, and by UTF-8 byte; a tie is no choice."""
    found = await choose(told, right)
    assert (found.raw, found.normalized) == (raw, normalized)


@pytest.mark.parametrize(
    ("reference", "logprobs"),
    [
        ("a", [0.0]),
        ("a", [-1.0]),
        ("ab", [-1.0]),
        ("ab", [-1.0, -1.0]),
        ("abcd", [-1.0, -3.0]),
        (" Tokyo", [-0.1, -0.2]),
        (" Tokyo", [-0.3]),
        ("東京", [-0.6]),
        ("東京", [-0.6, -0.6]),
        ("東京", [-0.1] * 6),
        ("é", [-2.0]),
        ("e", [-2.0]),
        ("a" * 100, [-0.01] * 20),
        ("a" * 100, [-10.0] * 20),
        ("a", [-700.0]),
        ("a", [-5000.0]),
        ("\n", [-1.0]),
        ("  ", [-1.0]),
        ("ab", [1e-9, -1e-9]),
        ("a", [1e-9]),
        ("こんにちは", [-0.5, -0.25, -0.25]),
    ],
)
async def test_a_reference_is_graded_by_its_mean_probability(
    reference: str, logprobs: list[float]
) -> None:
    """The geometric mean over tokens, and over bytes, of the reference; never above 1."""
    expectation = {"kind": "reference_logprob", "value": reference}
    case = GoldenCase(id="c", messages=ASKED, expectation=expectation)
    found = await likelihood.of_reference(Table({reference: logprobs}), case, None)
    product = math.exp(sum(logprobs))
    by_token = math.prod(math.exp(each / len(logprobs)) for each in logprobs)
    assert found.raw == pytest.approx(min(1.0, by_token), abs=1e-8)
    assert found.normalized == pytest.approx(product ** (1 / len(reference.encode())), abs=1e-8)
    assert 0.0 <= found.raw <= 1.0
    assert 0.0 <= found.normalized <= 1.0
