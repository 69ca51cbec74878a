"""One piece of work in the background while the next is made ready."""

from __future__ import annotations

import asyncio

import pytest

from monitor.runtime.scoring.one_ahead import OneAhead, Work


class Pieces:
    """Pieces of work that end when told to, in the order in which they began."""

    def __init__(self) -> None:
        self.done: list[int] = []
        self.go_on = asyncio.Event()

    def piece(self, number: int, failure: Exception | None = None) -> Work:
        """Return a piece that waits, and then is done or fails."""

        async def work() -> None:
            await self.go_on.wait()
            if failure is not None:
                raise failure
            self.done.append(number)

        return work


async def test_a_piece_begins_once_the_one_before_is_through() -> None:
    """The first is not waited for, the second is waited for by the third."""
    lane, pieces = OneAhead(), Pieces()
    await lane.begin(pieces.piece(1))
    second = asyncio.create_task(lane.begin(pieces.piece(2)))
    await asyncio.sleep(0)
    assert not second.done()
    pieces.go_on.set()
    await second
    await lane.through()
    assert pieces.done == [1, 2]


async def test_a_failure_is_told_to_the_next_and_holds_it_up_not() -> None:
    """The piece that comes next has begun all the same."""
    lane, pieces = OneAhead(), Pieces()
    pieces.go_on.set()
    await lane.begin(pieces.piece(1, ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError):
        await lane.begin(pieces.piece(2))
    await lane.through()
    assert pieces.done == [2]


async def test_what_is_cancelled_is_never_done() -> None:
    """And nothing is left to wait for but its end."""
    lane, pieces = OneAhead(), Pieces()
    await lane.begin(pieces.piece(1))
    lane.cancel()
    with pytest.raises(asyncio.CancelledError):
        await lane.through()
    assert not pieces.done
