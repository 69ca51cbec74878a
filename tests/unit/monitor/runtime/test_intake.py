"""The intake."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from guards.exchange import Exchange
from monitor.runtime.intake import ExchangeQueue


def exchange(name: str) -> Exchange:
    """Return an exchange with an id."""
    return Exchange(
        id=name, deployment="d", started_at=datetime(2026, 1, 1, tzinfo=UTC), messages=(), output=""
    )


async def test_exchanges_come_out_in_their_order_and_in_batches() -> None:
    """What is there is taken at once, up to the limit."""
    queue = ExchangeQueue(10)
    for name in "abc":
        assert queue.offer(exchange(name))
    assert [item.id for item in await queue.take(2, 1.0)] == ["a", "b"]
    assert [item.id for item in await queue.take(2, 1.0)] == ["c"]


async def test_a_full_queue_drops_and_counts() -> None:
    """The newest is dropped: what waits is not disturbed."""
    queue = ExchangeQueue(1)
    assert queue.offer(exchange("a"))
    assert not queue.offer(exchange("b"))
    assert (queue.depth, queue.dropped) == (1, 1)
    assert [item.id for item in await queue.take(5, 1.0)] == ["a"]


async def test_a_waiting_taker_is_woken() -> None:
    """A taker that came first gets what is offered later."""
    queue = ExchangeQueue(5)
    taking = asyncio.ensure_future(queue.take(5, 10.0))
    await asyncio.sleep(0)
    queue.offer(exchange("a"))
    assert [item.id for item in await taking] == ["a"]


async def test_an_empty_queue_gives_an_empty_batch_in_time() -> None:
    """A taker does not wait for ever, and the next one waits anew."""
    queue = ExchangeQueue(5)
    assert await queue.take(5, 0.001) == []
    queue.offer(exchange("a"))
    assert len(await queue.take(5, 1.0)) == 1
    assert await queue.take(5, 0.001) == []


def test_a_queue_needs_room() -> None:
    """A capacity of zero is a mistake."""
    with pytest.raises(ValueError, match="at least 1"):
        ExchangeQueue(0)
