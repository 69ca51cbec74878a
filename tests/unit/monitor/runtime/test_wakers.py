"""News wake those whom they concern."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Event

import pytest

from monitor.ports.news import Topic
from monitor.runtime import wakers
from monitor.runtime.wakers import Wakers


class Once:
    """Tells one topic, and waits for the end."""

    def __init__(self, topic: Topic) -> None:
        self._topic = topic
        self.ended = Event()

    def follow(self, told: Callable[[Topic], None], stop: Event) -> None:
        """Tell, then wait."""
        told(self._topic)
        stop.wait()
        self.ended.set()


@pytest.mark.parametrize(
    ("topic", "woken"),
    [(Topic.POINTERS, {"control", "scoring"}), (Topic.OBSERVATIONS, {"judging"})],
)
async def test_news_wake_those_whom_they_concern(topic: Topic, woken: set[str]) -> None:
    """And nobody else; the thread ends with its follower."""
    events, news = Wakers(), Once(topic)
    following = asyncio.create_task(wakers.follow(news, events))
    await getattr(events, min(woken)).wait()
    names = {"control", "alerts", "schedule", "judging", "scoring"}
    assert {name for name in names if getattr(events, name).is_set()} == woken
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert await asyncio.to_thread(news.ended.wait, 5)
