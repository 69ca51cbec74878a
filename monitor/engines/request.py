"""A request on its way from a caller's event loop to the worker thread and back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from monitor.errors import BackstopError
from monitor.ports.engine import Generation, Piece

Delivery = Piece | BackstopError


class Request:
    """What a caller asked for and where its pieces go. Made on the caller's event loop."""

    def __init__(self, generation: Generation, adapter: str) -> None:
        self.generation = generation
        self.adapter = adapter
        self.abandoned = False  # set by the caller, read by the worker between steps
        self.loop = asyncio.get_running_loop()
        self._inbox: asyncio.Queue[Delivery] = asyncio.Queue()

    async def next(self) -> Piece:
        """Wait for the next piece. Raises the error with which the request ended."""
        item = await self._inbox.get()
        if isinstance(item, BackstopError):
            raise item
        return item

    def put(self, item: Delivery) -> None:
        """Take a delivery; runs on the caller's event loop."""
        self._inbox.put_nowait(item)


def deliver(deliveries: Sequence[tuple[Request, Delivery]]) -> None:
    """Bring what one step made to its callers: one wake-up per event loop, not per row."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Request, Delivery]]] = {}
    for request, item in deliveries:
        by_loop.setdefault(request.loop, []).append((request, item))
    for loop, parcel in by_loop.items():
        try:
            loop.call_soon_threadsafe(_put_all, parcel)
        except RuntimeError:  # the loop is closed: nobody can read any more
            for request, _ in parcel:
                request.abandoned = True


def _put_all(parcel: Sequence[tuple[Request, Delivery]]) -> None:
    for request, item in parcel:
        request.put(item)
