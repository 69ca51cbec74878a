"""References of first answers, made beside the scoring."""

from __future__ import annotations

import asyncio

from guards.reference import Reference
from monitor.runtime.scoring.drafts import Drafts
from monitor.runtime.scoring.yardstick import Gathered
from tests.handed import NAME, VERSION, MemoryPostgres, exchange


def gathered(count: int = 60, epoch: int = 1) -> Gathered:
    """Return a version's first answers."""
    answers = [exchange(number) for number in range(count)]
    return Gathered(deployment=NAME, version=VERSION, epoch=epoch, answers=answers)


async def test_a_reference_is_offered_with_its_size() -> None:
    """It can be read again."""
    postgres = MemoryPostgres()
    drafts = Drafts(postgres)
    drafts.put(gathered())
    await drafts.offer()
    payload, size = postgres.drafts[1]
    assert Reference.from_bytes(payload).size == size == 60


async def test_each_reference_has_a_key_of_its_own_for_words() -> None:
    """Drawn at random, and kept with it alone."""
    postgres = MemoryPostgres()
    drafts = Drafts(postgres)
    for epoch in (1, 2):
        drafts.put(gathered(epoch=epoch))
    await drafts.offer()
    made = [Reference.from_bytes(postgres.drafts[epoch][0]).usual for epoch in (1, 2)]
    keys = [each.key for each in made if each is not None]
    assert [len(key) for key in keys] == [32, 32]
    assert keys[0] != keys[1]


async def test_a_draft_waits_while_postgres_is_away() -> None:
    """It is offered as soon as it can be."""
    postgres = MemoryPostgres(away=True)
    drafts = Drafts(postgres, again_s=0.0)
    drafts.put(gathered())
    offering = asyncio.create_task(drafts.offer())
    await asyncio.sleep(0)
    assert not offering.done()
    postgres.away = False
    await offering
    assert list(postgres.drafts) == [1]


async def test_too_few_answers_are_no_reference_and_hold_up_none() -> None:
    """A policy may ask for fewer than a reference needs: that is said, and rests."""
    postgres = MemoryPostgres()
    drafts = Drafts(postgres)
    drafts.put(gathered(10))
    drafts.put(gathered(epoch=2))
    await drafts.offer()
    assert list(postgres.drafts) == [2]
