"""Control's end of the lines to its processes: routes go out at once, reports come in."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from monitor.runtime import frames
from monitor.runtime.fleet import messages
from monitor.runtime.fleet.messages import Hello, Report, Routes, Settle, Settled
from monitor.runtime.routing import RoutingTable
from monitor.runtime.shown_harm import ShownHarm

log = structlog.get_logger(__name__)

_MOST_BYTES = 16 << 20
# A process that lost its line goes on by its old table and is back within a fraction of a second;
# one that is not back by then is dead or hangs, and serves nobody.
_BACK_S = 3.0
_SILENT_S = 5.0


@dataclass(slots=True, eq=False)
class _Line:
    """A connected process."""

    hello: Hello
    writer: asyncio.StreamWriter
    heard_at: float
    report: Report = field(default_factory=Report)


class Hub:
    """Knows every process of this host.

    Args:
        routers, others: names of the processes that the host should have; a flip waits for routers.
        changed: called whenever an epoch that a process routes by has changed.
    """

    def __init__(
        self,
        path: Path,
        *,
        routers: frozenset[str],
        others: frozenset[str],
        changed: Callable[[], None],
    ) -> None:
        self._path = path
        self._routers = routers
        self._expected = routers | others
        self._changed = changed
        self._lines: dict[str, _Line] = {}
        self._gone_at: dict[str, float] = {}
        self._table = RoutingTable()
        self._tickets = itertools.count()
        self._settling: dict[int, asyncio.Future[None]] = {}
        self._news = asyncio.Event()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Take calls from now on. A socket that a dead process left behind is replaced."""
        self._path.unlink(missing_ok=True)
        self._gone_at = dict.fromkeys(self._routers, _now())
        self._server = await asyncio.start_unix_server(self._talk, self._path)
        os.chmod(self._path, 0o600)

    async def close(self) -> None:
        """Hang up."""
        if self._server is not None:
            self._server.close()
        for line in list(self._lines.values()):
            line.writer.close()

    def publish(self, table: RoutingTable) -> None:
        """Send a table to everybody who is there, and to whoever comes later."""
        self._table = table
        for line in self._lines.values():
            self._send_routes(line)

    def epochs(self) -> Mapping[str, int]:
        """Return the oldest epoch that any process here may still route by, per deployment.

        A process without a line counts as not having moved until it is surely dead.
        """
        lines = [line for line in self._lines.values() if line.hello.routes]
        late = any(_now() - at < _BACK_S for at in self._gone_at.values())
        routes = self._table.routes
        if late or not lines:
            return {} if late else {name: route.epoch for name, route in routes.items()}
        return {
            name: min(line.report.epochs.get(name, -1) for line in lines)
            for name in routes
            if all(name in line.report.epochs for line in lines)
        }

    async def followed(self, limit_s: float) -> bool:
        """Wait until every process routes by the published table; False if the limit passes."""
        try:
            async with asyncio.timeout(limit_s):
                while not self._is_followed():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    async def settled(self, deployment: str, epoch: int, limit_s: float) -> None:
        """Return once all processes have ended and recorded the answers of an epoch, or the limit passes."""
        loop = asyncio.get_running_loop()
        waiting: list[asyncio.Future[None]] = []
        for line in [line for line in self._lines.values() if line.hello.routes]:
            ticket = next(self._tickets)
            wanted = Settle(ticket=ticket, deployment=deployment, epoch=epoch, limit_s=limit_s)
            self._settling[ticket] = done = loop.create_future()
            waiting.append(done)
            self._send(line, messages.encode(wanted))
        if waiting:
            await asyncio.wait(waiting, timeout=limit_s)
        for done in waiting:
            done.cancel()

    async def complete(self) -> None:
        """Return once every expected process is there."""
        while not self._expected <= set(self._lines):
            self._news.clear()
            await self._news.wait()

    def states(self) -> dict[str, str]:
        """Return each expected process with `ok` or what is wrong with it; from any thread."""
        states = {name: self._state(name) for name in sorted(self._expected)}
        for name, line in list(self._lines.items()):
            states |= {f"{name} {part}": said for part, said in line.report.troubles.items()}
        return states

    def metrics(self) -> Mapping[str, str]:
        """Return every process' metrics by its name, as it told them last; from any thread."""
        return {name: line.report.metrics for name, line in list(self._lines.items())}

    def harms(self) -> Sequence[ShownHarm]:
        """Return the hard faults that processes here see by themselves."""
        return [harm for line in self._lines.values() for harm in line.report.harms]

    def _state(self, name: str) -> str:
        line = self._lines.get(name)
        if line is None:
            return "is not there"
        silent_s = _now() - line.heard_at
        return "ok" if silent_s < _SILENT_S else f"has said nothing for {silent_s:.0f} s"

    def _is_followed(self) -> bool:
        return self.epochs() == {name: each.epoch for name, each in self._table.routes.items()}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        payload = await frames.read(reader, _MOST_BYTES)
        hello = messages.to_control(payload) if payload is not None else None
        if not isinstance(hello, Hello):
            writer.close()
            return
        line = _Line(hello, writer, _now())
        self._lines[hello.name] = line
        self._gone_at.pop(hello.name, None)
        self._send_routes(line)
        try:
            while (payload := await frames.read(reader, _MOST_BYTES)) is not None:
                self._take(line, messages.to_control(payload))
        finally:
            writer.close()
            if self._lines.get(hello.name) is line:
                del self._lines[hello.name]
                if hello.routes:
                    self._gone_at[hello.name] = _now()
            self._tell()

    def _take(self, line: _Line, message: messages.ToControl) -> None:
        line.heard_at = _now()
        match message:
            case Report():
                moved = message.epochs != line.report.epochs
                line.report = message
                if moved:
                    self._changed()
            case Settled():
                done = self._settling.pop(message.ticket, None)
                if done is not None and not done.done():
                    done.set_result(None)
        self._tell()

    def _tell(self) -> None:
        self._news.set()

    def _send_routes(self, line: _Line) -> None:
        if line.hello.routes:
            self._send(line, messages.encode(Routes(routes=tuple(self._table.routes.values()))))

    def _send(self, line: _Line, payload: bytes) -> None:
        """Write without waiting: one that does not read is one that hangs."""
        line.writer.write(frames.framed(payload))


def _now() -> float:
    return time.monotonic()
