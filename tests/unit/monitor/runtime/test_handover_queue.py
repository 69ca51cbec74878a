"""The hand-over inside of one process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from monitor.ports.handover import Handed, Reported
from monitor.runtime.handover_queue import HandoverQueue
from tests.handed import reported


def ids(items: Sequence[Handed]) -> list[str]:
    """Return who is there."""
    return [item.exchange.id for item in items if isinstance(item, Reported)]


async def test_exchanges_come_out_in_their_order_and_in_batches() -> None:
    """What is there is taken at once, up to the limit."""
    queue = HandoverQueue(10)
    for number in range(3):
        assert queue.offer(reported(number))
    assert ids(await queue.take(2, 1.0)) == ["answer-0", "answer-1"]
    assert ids(await queue.take(2, 1.0)) == ["answer-2"]


async def test_a_full_queue_drops_and_counts() -> None:
    """The newest is dropped: what waits is not disturbed."""
    queue = HandoverQueue(1)
    assert queue.offer(reported(1))
    assert not queue.offer(reported(2))
    assert (queue.depth, queue.dropped) == (1, 1)
    assert ids(await queue.take(5, 1.0)) == ["answer-1"]


async def test_a_waiting_taker_is_woken() -> None:
    """A taker that came first gets what is offered later."""
    queue = HandoverQueue(5)
    taking = asyncio.ensure_future(queue.take(5, 10.0))
    await asyncio.sleep(0)
    queue.offer(reported(1))
    assert ids(await taking) == ["answer-1"]


async def test_an_empty_queue_gives_an_empty_batch_in_time() -> None:
    """A taker does not wait for ever, and the next one waits anew."""
    queue = HandoverQueue(5)
    assert await queue.take(5, 0.001) == []
    queue.offer(reported())
    assert len(await queue.take(5, 1.0)) == 1
    assert await queue.take(5, 0.001) == []


async def test_what_is_taken_counts_until_it_is_acknowledged() -> None:
    """An exchange in the scorer's hands is not safe yet."""
    queue = HandoverQueue(5)
    queue.offer(reported())
    await queue.take(5, 1.0)
    settling = asyncio.ensure_future(queue.settled())
    await asyncio.sleep(0)
    assert (queue.depth, settling.done()) == (1, False)
    queue.acknowledge(1)
    await settling
    assert queue.depth == 0


def test_a_queue_needs_room() -> None:
    """A capacity of zero is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        HandoverQueue(0)
