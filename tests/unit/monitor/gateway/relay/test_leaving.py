"""Seeing a caller leave, without a task."""

from __future__ import annotations

import asyncio

from monitor.gateway.relay.asgi import Message
from monitor.gateway.relay.leaving import Leaving, Leavings


class Server:
    """Gives a message when it is told to, as uvicorn's `receive` does."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self.waiting = 0

    async def receive(self) -> Message:
        """Wait for a message."""
        self.waiting += 1
        try:
            await asyncio.sleep(0)
            return await self.messages.get()
        finally:
            self.waiting -= 1


def listen(server: Server) -> tuple[Leaving, asyncio.Event]:
    """Return what listens, and what is set when it has heard."""
    heard = asyncio.Event()
    leaving = Leaving(server.receive, heard.set)
    leaving.listen()
    return leaving, heard


async def test_a_disconnect_is_heard() -> None:
    """At once, and other messages before it do not matter."""
    server = Server()
    _, heard = listen(server)
    server.messages.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    server.messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(heard.wait(), 1)
    assert server.waiting == 0


async def test_nothing_is_heard_before_it_happens() -> None:
    """It waits beside whoever made it."""
    server = Server()
    leaving, heard = listen(server)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not heard.is_set()
    assert server.waiting == 1
    leaving.cancel()


async def test_what_is_cancelled_hears_nothing_and_leaves_nothing_behind() -> None:
    """`receive` is closed, and a message that comes later is for the next who asks."""
    server = Server()
    leaving, heard = listen(server)
    await asyncio.sleep(0)
    leaving.cancel()
    leaving.cancel()
    server.messages.put_nowait({"type": "http.disconnect"})
    for _ in range(5):
        await asyncio.sleep(0)
    assert not heard.is_set()
    assert server.waiting == 0


async def test_a_caller_who_has_left_already_is_heard_at_once() -> None:
    """`receive` does not wait then."""
    told: list[bool] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    Leaving(receive, lambda: told.append(True)).listen()
    assert told == [True]


async def test_watching_begins_a_moment_later() -> None:
    """For all callers together; an answer that is there before costs nothing."""
    server, leavings = Server(), Leavings(tick_s=0.001)
    heard = asyncio.Event()
    short = leavings.watch(server.receive, heard.set)
    short.cancel()
    long = leavings.watch(server.receive, heard.set)
    assert server.waiting == 0
    server.messages.put_nowait({"type": "http.disconnect"})
    await asyncio.wait_for(heard.wait(), 1)
    long.cancel()
    assert server.waiting == 0
    assert server.messages.empty()
