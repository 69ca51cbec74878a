"""uvicorn's protocol with two habits less."""

from __future__ import annotations

import asyncio

from monitor.gateway.corked import Corked, LazyTimer


class Wire(asyncio.Transport):
    """A transport that remembers its writes."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Remember a write."""
        self.writes.append(bytes(data))

    def close(self) -> None:
        """Remember the end."""
        self.closed = True


HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


async def test_a_head_goes_with_what_follows_it() -> None:
    """In one write; what comes after that is written by itself."""
    wire = Wire()
    corked = Corked(wire)
    corked.write(HEAD)
    corked.write(b"body")
    corked.write(b"more")
    await asyncio.sleep(0)
    assert wire.writes == [HEAD + b"body", b"more"]


async def test_a_head_that_nothing_follows_goes_at_the_next_turn() -> None:
    """A caller sees the status before the first token."""
    wire = Wire()
    Corked(wire).write(HEAD)
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [HEAD]


async def test_closing_writes_what_is_held_back() -> None:
    """Nothing is lost."""
    wire = Wire()
    corked = Corked(wire)
    corked.write(HEAD)
    corked.close()
    assert (wire.writes, wire.closed) == ([HEAD], True)


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time is set by hand, and whose timers go off by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0
        self.timers: list[asyncio.TimerHandle] = []

    def time(self) -> float:
        """Return the time."""
        return self.at

    def call_later(self, delay, callback, *args, context=None):  # type: ignore[no-untyped-def]
        """Remember a timer."""
        handle = super().call_later(delay, callback, *args, context=context)
        self.timers.append(handle)
        return handle

    def go(self, at: float) -> None:
        """Let the newest timer go off at a time."""
        self.at = at
        self.timers[-1]._run()


def test_a_timer_is_moved_without_being_made_anew() -> None:
    """A hundred answers make one timer; it waits for what is left, and goes off once."""
    loop, told = Clock(), []
    timer = LazyTimer(loop)
    for at in range(100):
        loop.at = at / 100
        timer.call_later(5.0, lambda: told.append(loop.at))
        if at < 99:
            timer.cancel()
    assert len(loop.timers) == 1
    loop.go(5.0)
    assert (told, len(loop.timers)) == ([], 2)
    loop.go(5.99)
    assert (told, len(loop.timers)) == ([5.99], 2)
    loop.close()


def test_a_cancelled_timer_does_not_go_off() -> None:
    """Neither at its time nor later, until it is asked for again."""
    loop, told = Clock(), []
    timer = LazyTimer(loop)
    timer.call_later(5.0, lambda: told.append(loop.at))
    timer.cancel()
    loop.go(5.0)
    assert (told, len(loop.timers)) == ([], 1)
    timer.call_later(5.0, lambda: told.append(loop.at))
    loop.go(10.0)
    assert told == [10.0]
    timer.call_later(5.0, lambda: told.append(loop.at))
    timer.stop()
    assert loop.timers[-1].cancelled()
    loop.close()
