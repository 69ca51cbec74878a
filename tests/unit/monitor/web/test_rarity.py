"""Each signal of an answer beside the frozen reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from guards.exchange import Exchange, FinishReason, Message
from guards.reference import Reference
from guards.signals import catalogue
from guards.verdicts import Verdict
from monitor.ports.record import RecordedExchange
from monitor.web.rarity import rarities

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def exchange(number: int, output: str) -> Exchange:
    return Exchange(
        id=f"e{number}",
        deployment="support",
        started_at=NOW + timedelta(seconds=number),
        messages=(Message(role="user", content=f"question {number}"),),
        output=output,
        latency_s=0.1,
        finish_reason=FinishReason.STOP,
    )


@pytest.fixture(scope="module")
def reference() -> Reference:
    """Sixty answers of 10 to 69 words."""
    answers = [exchange(n, "word " * (10 + n)) for n in range(60)]
    return Reference.fit(answers, seed=1)


def recorded(output: str) -> RecordedExchange:
    """Return an answer as it is on record, with one signal that nobody knows any more."""
    [known] = catalogue.table([exchange(99, output)]).mappings()
    return RecordedExchange(
        id="e99",
        deployment="support",
        adapter=None,
        epoch=1,
        started_at=NOW,
        verdict=Verdict.OK,
        findings=(),
        signals=known | {"forgotten": 1.0},
        latency_s=0.1,
        output_tokens=None,
        finish_reason="stop",
        error=None,
        prompt=None,
        output=None,
    )


def test_the_rarest_signal_comes_first(reference):
    """A text far longer than any usual one is as odd as none of them."""
    found = rarities(recorded("word " * 500), reference)
    assert found[0].share == 0
    assert found[0].of == reference.size
    shares = [each.share for each in found if each.share is not None]
    assert shares == sorted(shares)


def test_a_usual_answer_is_not_rare(reference):
    """One in the middle is no odder in its length than many."""
    found = {each.name: each for each in rarities(recorded("word " * 40), reference)}
    assert found["characters"].share > 0.2


def test_what_the_reference_does_not_know_is_said(reference):
    """A signal that is gone keeps its name; without a reference nothing is known."""
    last = rarities(recorded("word " * 40), reference)[-1]
    unknown = {e.name for e in rarities(recorded("word " * 40), reference) if e.share is None}
    assert "forgotten" in unknown
    assert last.share is None
    assert all(each.share is None for each in rarities(recorded("word"), None))


def test_the_p_value_counts_the_answer_itself(reference):
    """So it is never 0: an answer unlike all of 60 has 1 in 61."""
    rarest = rarities(recorded("word " * 500), reference)[0]
    assert rarest.p == pytest.approx(1 / (reference.size + 1))


def test_what_the_reference_does_not_know_has_no_p_value(reference):
    """A signal that nobody measures any more is not called rare."""
    found = {each.name: each for each in rarities(recorded("word"), reference)}
    assert found["forgotten"].p is None
