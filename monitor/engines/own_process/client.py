"""The engine as the process that started it sees it."""

from __future__ import annotations

import asyncio
import itertools
import signal
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from guards.exchange import Message
from monitor.engines.own_process import wire
from monitor.engines.own_process.wire import Start
from monitor.errors import HostEnded
from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Generation, Piece
from monitor.ports.golden_host import Usage
from monitor.runtime import frames


class ProcessEngine:
    """An engine in another process. Implements `ports.Engine` and `ports.Likelihood`.

    An answer comes as one piece. Whatever is asked of a process that has ended, or ends meanwhile,
    raises `HostEnded`.
    """

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._versions: set[str] = set()
        self._end: str | None = None

    @property
    def pid(self) -> int:
        """The process' number."""
        return self._process.pid

    async def loaded(self) -> frozenset[str]:
        """Return the versions that were loaded there."""
        return frozenset(self._versions)

    async def load(self, version: str, folder: Path) -> None:
        """Load a version there. Raises `EngineError`."""
        await self._ask("load", version=version, folder=str(folder))
        self._versions.add(version)

    async def unload(self, version: str) -> None:
        """Forget a version there."""
        await self._ask("unload", version=version)
        self._versions.discard(version)

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Write an answer; the errors are those of `ports.Engine.complete`."""
        record = wire.generation_record(generation)
        yield wire.answer_of(await self._ask("complete", generation=record, version=version))

    async def score(
        self, messages: Sequence[Message], continuation: str, version: str | None
    ) -> tuple[float, ...]:
        """Return the log-probability of each token of a continuation; see `ports.Likelihood`."""
        told = [asdict(each) for each in messages]
        asked = {"messages": told, "continuation": continuation, "version": version}
        return tuple(await self._ask("score", **asked))

    async def usage(self) -> Usage:
        """Return what answering has taken there so far."""
        return Usage(**await self._ask("usage"))

    async def identity(self) -> BaseIdentity:
        """Return which base model is loaded there."""
        return BaseIdentity(**await self._ask("identity"))

    async def listen(self) -> None:
        """Hand answers to those who wait, until the process ends."""
        while (payload := await frames.read(self._reader, wire.MOST_BYTES)) is not None:
            self._settle(wire.decoded(payload))
        status = await self._process.wait()
        self._end = f"the process that answers the golden run ended ({_status(status)})"
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(HostEnded(self._end))

    def _settle(self, told: Mapping[str, Any]) -> None:
        waiting = self._waiting.get(told["id"])
        if waiting is None or waiting.done():
            return  # nobody waits any more
        if "error" in told:
            waiting.set_exception(wire.error_of(told["error"]))
        else:
            waiting.set_result(told["value"])

    async def _ask(self, what: str, **arguments: Any) -> Any:
        if self._end is not None:
            raise HostEnded(self._end)
        number = next(self._numbers)
        waiting = asyncio.get_running_loop().create_future()
        self._waiting[number] = waiting
        self._tell({"id": number, "do": what, **arguments})
        try:
            return await waiting
        except asyncio.CancelledError:
            self._tell({"id": number, "do": "abandon"})
            raise
        finally:
            del self._waiting[number]

    def _tell(self, message: Mapping[str, Any]) -> None:
        self._writer.write(frames.framed(wire.encoded(message)))


@asynccontextmanager
async def started(command: Sequence[str], start: Start) -> AsyncIterator[ProcessEngine]:
    """Start a process that opens an engine, and end it afterwards.

    Args:
        command: runs `service.main`; the number of its socket and its niceness are added.
    """
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *command,
            str(theirs.fileno()),
            str(start.niceness),
            pass_fds=(theirs.fileno(),),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
    reader, writer = await asyncio.open_unix_connection(sock=ours)
    writer.write(frames.framed(wire.encoded(asdict(start))))
    engine = ProcessEngine(process, reader, writer)
    listening = asyncio.create_task(engine.listen())
    try:
        yield engine
    finally:
        listening.cancel()
        writer.close()
        await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Kill the process: it has nothing to lose, and a model's step may take long."""
    if process.returncode is None:
        process.kill()
    await process.wait()


def _status(status: int) -> str:
    if status >= 0:
        return f"status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"
