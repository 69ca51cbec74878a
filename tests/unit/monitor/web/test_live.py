"""News for open pages."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from monitor.ports.news import News, Topic
from monitor.web.live import Live


class Postgres(News):
    """Tells what a test says; remembers how many follow."""

    def __init__(self) -> None:
        self.told: Callable[[Topic], None] = lambda topic: None
        self.followed = threading.Event()
        self.left = threading.Event()
        self.followers = 0

    def follow(self, told: Callable[[Topic], None], stop: threading.Event) -> None:
        self.followers += 1
        self.told = told
        self.followed.set()
        stop.wait()
        self.left.set()


async def _until(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, 5)


async def test_a_change_reaches_every_page_and_postgres_is_followed_once():
    """However many pages are open."""
    postgres = Postgres()
    live = Live(postgres)
    pages = [live.changes(spacing_s=0) for _ in range(3)]
    waiting = [asyncio.ensure_future(anext(page)) for page in pages]
    await asyncio.sleep(0)
    await _until(postgres.followed)
    postgres.told(Topic.POINTERS)
    assert await asyncio.gather(*waiting) == [True] * 3
    assert postgres.followers == 1
    for page in pages:
        await page.aclose()
    await _until(postgres.left)


async def test_many_changes_at_once_are_one():
    """A batch of answers in every moment does not have pages asked in every moment."""
    postgres = Postgres()
    live = Live(postgres)
    page = live.changes(spacing_s=0.02, silence_s=0.05)
    first = asyncio.ensure_future(anext(page))
    await asyncio.sleep(0)
    await _until(postgres.followed)
    for _ in range(100):
        postgres.told(Topic.OBSERVATIONS)
    assert await first is True
    assert await anext(page) is False
    await page.aclose()


async def test_a_silence_is_told_too():
    """So that a connection that is dead shows."""
    live = Live(Postgres())
    page = live.changes(silence_s=0.01)
    assert await anext(page) is False
    await page.aclose()


async def test_the_end_of_the_service_ends_every_stream():
    """At once, and those that begin later too; the follower ends with them."""
    postgres = Postgres()
    live = Live(postgres)
    page = live.changes()
    waiting = asyncio.ensure_future(anext(page, "ended"))
    await asyncio.sleep(0)
    await _until(postgres.followed)
    live.close()
    assert await waiting == "ended"
    await _until(postgres.left)
    assert [changed async for changed in live.changes()] == []


async def test_pages_are_bounded():
    """Beyond two hundred a page asks by itself."""
    live = Live(Postgres())
    pages = [live.changes(silence_s=0.001) for _ in range(200)]
    for page in pages:
        assert not live.is_full
        await anext(page)
    assert live.is_full
    for page in pages:
        await page.aclose()
    assert not live.is_full
