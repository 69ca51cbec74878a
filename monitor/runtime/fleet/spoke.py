"""A process' line to control: takes routes in, reports back, and connects anew by itself.

While control is away the process goes on with what it knows: nothing that faces callers waits
for control.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from monitor.runtime import frames
from monitor.runtime.fleet import messages
from monitor.runtime.fleet.messages import FromControl, Hello, Report, Routes, Settle, Settled

log = structlog.get_logger(__name__)

_MOST_BYTES = 16 << 20
_REPORT_EVERY_S = 1.0
_AGAIN_S = 0.2

OnRoutes = Callable[[Routes], None]
OnSettle = Callable[[Settle], Awaitable[None]]


class Spoke:
    """Speaks for one process.

    Args:
        report: tells how the process is now.
        on_routes: takes a table over; on_settle: returns once the answers are recorded.
    """

    def __init__(
        self,
        path: Path,
        hello: Hello,
        *,
        report: Callable[[], Report],
        on_routes: OnRoutes,
        on_settle: OnSettle,
    ) -> None:
        self._path = path
        self._hello = hello
        self._report = report
        self._on_routes = on_routes
        self._on_settle = on_settle
        self._news = asyncio.Event()
        self._settling: set[asyncio.Task[None]] = set()

    def tell(self) -> None:
        """Report at once."""
        self._news.set()

    async def run(self) -> None:
        """Keep the line until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(_AGAIN_S)
                continue
            await self._talk(reader, writer)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak until one side hangs up."""
        writer.write(frames.framed(messages.encode(self._hello)))
        reporting = asyncio.ensure_future(self._keep_reporting(writer))
        try:
            while (payload := await frames.read(reader, _MOST_BYTES)) is not None:
                self._take(messages.from_control(payload), writer)
        finally:
            reporting.cancel()
            for task in self._settling:
                task.cancel()
            writer.close()

    def _take(self, message: FromControl, writer: asyncio.StreamWriter) -> None:
        match message:
            case Routes():
                self._on_routes(message)
                writer.write(frames.framed(messages.encode(self._report())))
            case Settle():
                task = asyncio.ensure_future(self._settle(message, writer))
                self._settling.add(task)
                task.add_done_callback(self._settling.discard)

    async def _settle(self, wanted: Settle, writer: asyncio.StreamWriter) -> None:
        await self._on_settle(wanted)
        writer.write(frames.framed(messages.encode(Settled(ticket=wanted.ticket))))

    async def _keep_reporting(self, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(frames.framed(messages.encode(self._report())))
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), _REPORT_EVERY_S)
            except TimeoutError:
                continue


def ignore_routes(routes: Routes) -> None:
    """Do nothing: this process does not route."""


async def settle_nothing(wanted: Settle) -> None:
    """Return at once: this process has no callers."""
