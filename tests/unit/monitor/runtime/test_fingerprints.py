"""Fingerprints."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from monitor.runtime.fingerprints import PROBES, TOLERANCE


def fingerprint(tokens: tuple[int, ...], logprobs: tuple[float, ...]) -> Fingerprint:
    """Return a fingerprint of one probe."""
    return Fingerprint(prompts=("Hello",), tokens=(tokens,), logprobs=(logprobs,))


STORED = fingerprint((4, 8, 15), (-0.5, -1.0, -1.5))


def test_the_same_answer_is_of_the_same_weights() -> None:
    """Also when the last bits of the log-probabilities differ."""
    wobbly = fingerprint((4, 8, 15), (-0.5 + TOLERANCE / 2, -1.0, -1.5 - TOLERANCE / 2))
    assert fingerprints.same(STORED, STORED)
    assert fingerprints.same(STORED, wobbly)


def test_other_log_probabilities_are_of_other_weights() -> None:
    """The same text, but written with another confidence."""
    assert not fingerprints.same(STORED, fingerprint((4, 8, 15), (-0.5, -1.1, -1.5)))


def test_after_a_tie_the_answers_may_part() -> None:
    """Two tokens were equally likely; what follows them proves nothing."""
    parted = fingerprint((4, 9, 99), (-0.5, -1.0 + TOLERANCE / 2, -7.0))
    assert fingerprints.same(STORED, parted)


def test_another_token_without_a_tie_is_of_other_weights() -> None:
    """The log-probabilities show that it was no coin toss."""
    assert not fingerprints.same(STORED, fingerprint((4, 9, 15), (-0.5, -1.2, -1.5)))


@pytest.mark.parametrize("length", [0, 1, 2])
def test_an_answer_that_ends_earlier_is_of_other_weights(length: int) -> None:
    """A version that stops where the other one goes on is another version."""
    shorter = fingerprint(STORED.tokens[0][:length], STORED.logprobs[0][:length])
    assert not fingerprints.same(STORED, shorter)
    assert not fingerprints.same(shorter, STORED)


def test_fingerprints_of_other_probes_are_not_comparable() -> None:
    """Answers to other questions prove nothing."""
    other = Fingerprint(prompts=("Hi",), tokens=STORED.tokens, logprobs=STORED.logprobs)
    assert not fingerprints.same(STORED, other)


def test_a_log_probability_that_is_no_number_proves_nothing() -> None:
    """NaN is within no tolerance."""
    assert not fingerprints.same(STORED, fingerprint((4, 8, 15), (-0.5, float("nan"), -1.5)))


async def test_every_probe_is_asked(tmp_path: Path) -> None:
    """Greedy tokens and log-probabilities, probe by probe."""
    engine = MemoryEngine(lambda generation, version: generation.messages[0].content.split())
    await engine.load("support@1", tmp_path)
    found = await fingerprints.take(engine, "support@1")
    assert found.prompts == PROBES
    assert [len(tokens) for tokens in found.tokens] == [len(p.split()) for p in PROBES]


async def test_an_answer_of_nothing_is_no_fingerprint() -> None:
    """It could be anybody's."""
    engine = MemoryEngine(lambda generation, version: [])
    with pytest.raises(EngineError, match="nothing at all"):
        await fingerprints.take(engine, None)
