"""News for open pages: one follower of Postgres' notices in the process, however many pages wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator

from monitor.ports.news import News, Topic
from monitor.runtime.worker_thread import WorkerThread

SPACING_S = 1.0  # news come with every batch of answers; judges need a moment after each, too
SILENCE_S = 15.0  # proxies cut connections that are silent for long, and pages notice a dead one
_MOST_PAGES = 200


class Live:
    """Tells open pages that something has changed, never what: they ask for what they show.

    The follower starts with the first page and ends with the last one.
    """

    def __init__(self, news: News) -> None:
        self._news = news
        self._waiting: set[asyncio.Event] = set()
        self._stop: threading.Event | None = None
        self._followers: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def is_full(self) -> bool:
        """Whether as many pages wait as one process tells news to."""
        return len(self._waiting) >= _MOST_PAGES

    async def changes(
        self, *, spacing_s: float = SPACING_S, silence_s: float = SILENCE_S
    ) -> AsyncIterator[bool]:
        """Yield True after each change, False after a silence, until the service ends.

        Several changes within `spacing_s` seconds are one, told at the end of that time.
        """
        self._loop = asyncio.get_running_loop()
        told = asyncio.Event()
        self._waiting.add(told)
        self._follow()
        try:
            while not self._is_closed:
                changed = await _within(told, silence_s)
                if changed and not self._is_closed:
                    await asyncio.sleep(spacing_s)
                    told.clear()
                if not self._is_closed:
                    yield changed
        finally:
            self._waiting.discard(told)
            if not self._waiting:
                self._unfollow()

    def close(self) -> None:
        """End every stream, from any thread; a stream that begins later ends at once."""
        self._is_closed = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell)
        self._unfollow()

    def _follow(self) -> None:
        if self._stop is None and not self._is_closed:
            self._stop = threading.Event()
            follower = asyncio.create_task(self._pass_on(self._stop))
            self._followers.add(follower)
            follower.add_done_callback(self._followers.discard)

    def _unfollow(self) -> None:
        if self._stop is not None:
            self._stop.set()
        self._stop = None

    async def _pass_on(self, stop: threading.Event) -> None:
        loop = asyncio.get_running_loop()
        thread = WorkerThread("page news")

        def told(_: Topic) -> None:
            if not stop.is_set():
                loop.call_soon_threadsafe(self._tell)

        try:
            await thread.run(lambda: self._news.follow(told, stop))
        finally:
            stop.set()
            thread.close(0.0)

    def _tell(self) -> None:
        for each in self._waiting:
            each.set()


async def _within(told: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await told.wait()
    except TimeoutError:
        return False
    return True
