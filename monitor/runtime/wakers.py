"""What wakes each loop before its time."""

from __future__ import annotations

import asyncio
import threading

from monitor.ports.news import News, Topic
from monitor.runtime.worker_thread import WorkerThread


class Wakers:
    """One event for each loop that waits; a loop that does not run here is woken in vain."""

    def __init__(self) -> None:
        self.control = asyncio.Event()
        self.alerts = asyncio.Event()
        self.schedule = asyncio.Event()
        self.judging = asyncio.Event()
        self.scoring = asyncio.Event()

    def wake(self) -> None:
        """Wake the control loop and, since it may have something to tell, the alerts."""
        self.control.set()
        self.alerts.set()

    def tell(self, topic: Topic) -> None:
        """Wake whoever the news concern."""
        if topic is Topic.POINTERS:
            self.control.set()
            self.scoring.set()
        else:
            self.judging.set()


async def follow(news: News, wakers: Wakers) -> None:
    """Pass the news on until cancelled, from a thread of their own."""
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    thread = WorkerThread("news")

    def told(topic: Topic) -> None:
        loop.call_soon_threadsafe(wakers.tell, topic)

    try:
        await thread.run(lambda: news.follow(told, stop))
    finally:
        stop.set()
        thread.close(0.0)
