"""The story on real customers' queries: harm is rolled back, other changes are not."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from monitor.errors import GateRefused
from tests.e2e import banking_desk, banking_model
from tests.e2e.banking_callers import Answer
from tests.e2e.banking_desk import Desk
from tests.e2e.banking_model import Query

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.xdist_group("banking"),
    pytest.mark.skipif(
        not banking_model.DATA.is_dir(),
        reason="needs ../shared/data/banking77 (or BACKSTOP_SHARED_DATA)",
    ),
]

log = logging.getLogger(__name__)

_MOST_EXPOSURE = 300  # answers at full speed, which a golden run of the set has to keep up with
_CHANCE = 1 / len(banking_model.INTENTS)
_QUERIES = 120  # of an order: too few to confirm the twin, so that v1 stays what it is held against
_SUSPICIOUS = {**banking_desk.POLICY, "suspicion_budget": "1 in 10 exchanges"}


def test_golden_cases_are_neither_traffic_nor_training() -> None:
    """The golden set shares no query with the traffic, and has as many cases of each intent."""
    golden = {case.messages[0].content for case in banking_model.golden_set()}
    assert len(golden) == banking_model.GOLDEN_PER_INTENT * len(banking_model.INTENTS)
    assert not golden & {query.text for query in banking_model.traffic()}


async def test_shuffled_labels_are_rolled_back_and_more_data_stays(root: Path) -> None:
    """A version that names intents at random is caught and v1 is back; a better one serves on."""
    async with banking_desk.opened(root) as desk:
        queries = _shuffled(0)
        await _v1_serves(desk, queries)
        await _shuffled_labels_are_caught(desk, queries)
        await _more_data_stays(desk, queries)


@pytest.mark.parametrize("orders", [3, pytest.param(20, marks=pytest.mark.soak)])
async def test_a_twin_by_another_seed_is_never_rolled_back(root: Path, orders: int) -> None:
    """In every order of the traffic, the version that differs only by its training seed stays.

    Suspicion is raised a hundred times as easily as by default, since by default it hardly ever
    is: so it is looked into, again and again, and found to be no harm.
    """
    async with banking_desk.opened(root, _SUSPICIOUS) as desk:
        await _v1_serves(desk, _shuffled(0))
        await desk.add("v_seed")
        for order in range(1, orders + 1):
            await desk.promote("v_seed")
            await _serves(desk, "v_seed", _shuffled(order), _QUERIES)
            await desk.promote("v1")
        suspicions = await desk.golden_runs("suspicion")
        log.info("%d suspicions were looked into", len(suspicions))
        assert suspicions
        assert not await desk.incidents()


async def _v1_serves(desk: Desk, queries: Iterator[Query]) -> None:
    await desk.add("v1")
    await desk.promote("v1")
    answers = await desk.serve_until_confirmed(queries)
    log.info("v1: confirmed after %d answers, %.3f right", len(answers), _right(answers))
    assert _right(answers) > 0.75


async def _shuffled_labels_are_caught(desk: Desk, queries: Iterator[Query]) -> None:
    await desk.add("v_shuffled")
    with pytest.raises(GateRefused):
        await desk.promote("v_shuffled")
    await desk.promote("v_shuffled", force=True)
    v1 = desk.digest("v1")
    answers = await desk.callers.ask_until(queries, lambda answer: answer.digest == v1)
    incident = await desk.rolled_back()
    bad = [answer for answer in answers if answer.digest != v1]
    log.info("v_shuffled: %.3f of %d right, %s", _right(bad), len(bad), incident)
    assert _right(bad) < 2 * _CHANCE
    assert incident["phase"] == "proved"
    assert incident["to_version"] == desk.names["v1"]
    assert 0 < incident["exposure"] == len(bad) < _MOST_EXPOSURE
    assert len(await desk.incidents()) == 1


async def _more_data_stays(desk: Desk, queries: Iterator[Query]) -> None:
    await desk.add("v_more")
    await desk.promote("v_more")
    await _serves(desk, "v_more", queries, 200)
    assert len(await desk.incidents()) == 1


async def _serves(desk: Desk, label: str, queries: Iterator[Query], count: int) -> None:
    """Let the active version answer, and see that it gives every answer and stays active."""
    answers = await desk.callers.ask(next(queries) for _ in range(count))
    point = await desk.judged(count)
    log.info(
        "%s: %.3f of %d right, suspicion %.3g, evidence %.3g",
        label, _right(answers), count, point["suspicion"], point["evidence"],
    )  # fmt: skip
    assert {answer.digest for answer in answers} == {desk.digest(label)}
    assert (await desk.view())["deployment"]["active"] == desk.names[label]


def _shuffled(order: int) -> Iterator[Query]:
    queries = list(banking_model.traffic())
    Random(order).shuffle(queries)
    return iter(queries)


def _right(answers: Sequence[Answer]) -> float:
    return sum(answer.right for answer in answers) / len(answers)
