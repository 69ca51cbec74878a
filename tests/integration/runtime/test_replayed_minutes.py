"""A log's own minutes come to what Postgres makes of the record."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from guards.assessment import Scored
from guards.exchange import FinishReason
from guards.verdicts import Verdict
from monitor.ports.indicators import Indicator
from monitor.ports.stores import Stores
from monitor.runtime.replay.minutes import Minutes
from rollback.indicators.catalogue import OF_ANSWERS
from tests.integration.storage.builders import NOW, V1, V2, record, scored

pytestmark = pytest.mark.integration


def _answers(count: int) -> list[Scored]:
    """Return answers of every kind over three minutes and two versions."""
    chance = random.Random(7)

    def maybe(value: float) -> float | None:
        return value if chance.random() < 0.8 else None

    found = []
    for number in range(count):
        tokens = maybe(chance.randint(1, 300))
        made = scored(
            number,
            chance.choice(list(Verdict)),
            started_at=NOW - timedelta(seconds=chance.randint(1, 180)),
            adapter=chance.choice([V1, V2]),
            latency_s=maybe(chance.random() * 5),
            first_token_s=maybe(chance.random()),
            prompt_tokens=chance.randint(1, 90),
            output_tokens=None if tokens is None else int(tokens),
            grade=maybe(chance.random()),
            error=chance.choice([None, None, "away"]),
            finish_reason=chance.choice(list(FinishReason)),
        )
        signals = {"logprob_mean": -1.5, "wrong_answer": 0.25, "cost": 0.01} if number % 3 else {}
        found.append(
            Scored(exchange=made.exchange, verdict=made.verdict, signals=signals, findings=())
        )
    return found


def _by_key(found: list[Indicator]) -> dict[tuple[str, ...], tuple[object, int]]:
    return {
        (str(each.bucket), str(each.adapter), each.name): (
            pytest.approx(each.value, rel=1e-6),
            each.count,
        )
        for each in found
    }


def test_minutes_of_a_log_are_postgres_minutes(stores: Stores) -> None:
    """Each indicator of the catalogue, with its value and count, and no other."""
    stores.deployments.ensure("support")
    answers = _answers(300)
    record(stores, *answers)
    since = NOW - timedelta(minutes=4)
    stores.indicators.roll_up(NOW)
    minutes = Minutes()
    minutes.add(answers)
    rolled_up = list(stores.indicators.indicators("support", since, NOW))
    assert _by_key(list(minutes.indicators())) == _by_key(rolled_up)
    assert {each.name for each in rolled_up} == set(OF_ANSWERS)
