"""The scorer's end of the hand-over: takes batches from many gateways, and tells them what is safe."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from monitor.ports.handover import Handed
from monitor.runtime import frames, handover_wire
from monitor.runtime.handed_items import HandedItems
from monitor.runtime.handover_wire import Batch, Hello, Safe
from monitor.runtime.ledger import Ledger

log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class _Gateway:
    """One gateway in one life, over all of its lines.

    Args:
        seen: number of the last batch that came; safe: of the last one that is acknowledged.
    """

    name: str
    writer: asyncio.StreamWriter | None = None
    seen: int = -1
    safe: int = -1


@dataclass(slots=True)
class _InHand:
    """A batch that is not safe yet, with how many of its exchanges are still to be acknowledged."""

    gateway: _Gateway
    number: int
    left: int
    size: int


class HandoverReceiver:
    """A `Source` that gateways fill over a Unix socket.

    While it is full it reads no further, so that exchanges wait where they are counted: in the
    gateways.

    Args:
        most_bytes: after which no further batch is read.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._items = HandedItems()
        self._in_hand: deque[_InHand] = deque()
        self._bytes = 0
        self._gateways: dict[str, _Gateway] = {}
        self._room = asyncio.Event()
        self._room.set()
        self._ledger = Ledger()
        self._writers: set[asyncio.StreamWriter] = set()
        self._alone = asyncio.Event()
        self._alone.set()
        self._server: asyncio.Server | None = None
        self.unreadable = 0

    @property
    def depth(self) -> int:
        """How many exchanges have come and are not safe yet."""
        return self._ledger.open

    async def open(self) -> None:
        """Take calls from now on. A socket that a dead process left behind is replaced."""
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._talk, self._path)
        os.chmod(self._path, 0o600)

    async def close(self) -> None:
        """Take no more calls, and hang up."""
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()

    async def take(self, max_items: int, max_wait_s: float) -> Sequence[Handed]:
        """Take what is there, oldest first, as soon as there is anything."""
        return await self._items.take(max_items, max_wait_s)

    def acknowledge(self, count: int) -> None:
        """Tell the gateways which of their batches are safe now."""
        self._ledger.end(count)
        while self._in_hand and count >= self._in_hand[0].left:
            batch = self._in_hand.popleft()
            count -= batch.left
            self._bytes -= batch.size
            self._tell(batch.gateway, batch.number)
        if count:
            self._in_hand[0].left -= count
        if self._bytes < self._most_bytes:
            self._room.set()

    async def settled(self) -> None:
        """Return when everything that has come until now is acknowledged."""
        await self._ledger.settled()

    async def deserted(self) -> None:
        """Return once no gateway is on the line."""
        await self._alone.wait()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._alone.clear()
        gateway: _Gateway | None = None
        try:
            gateway = await self._greeted(reader, writer)
            if gateway is not None:
                await self._listen(gateway, reader)
        except (frames.FrameTooLarge, msgspec.MsgspecError) as error:
            log.error("a gateway cannot be understood", error=str(error))
        except asyncio.CancelledError:
            return  # the loop ends; asyncio's streams would report it as an error
        finally:
            self._writers.discard(writer)
            if not self._writers:
                self._alone.set()
            writer.close()
            if gateway is not None and gateway.writer is writer:
                gateway.writer = None
                self._forget(gateway)

    async def _greeted(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> _Gateway | None:
        payload = await frames.read(reader, handover_wire.MOST_FRAME_BYTES)
        hello = handover_wire.from_gateway(payload) if payload is not None else None
        if not isinstance(hello, Hello):
            return None
        gateway = self._gateways.setdefault(hello.sender, _Gateway(hello.sender))
        gateway.writer = writer
        self._tell(gateway, gateway.safe)
        return gateway

    async def _listen(self, gateway: _Gateway, reader: asyncio.StreamReader) -> None:
        while True:
            await self._room.wait()
            payload = await frames.read(reader, handover_wire.MOST_FRAME_BYTES)
            if payload is None:
                return
            message = handover_wire.from_gateway(payload)
            # One that came over the line before is in hand already.
            if isinstance(message, Batch) and message.number > gateway.seen:
                self._take_in(gateway, message, len(payload))

    def _take_in(self, gateway: _Gateway, batch: Batch, size: int) -> None:
        gateway.seen = batch.number
        items = [item for raw in batch.items if (item := self._item(raw)) is not None]
        self._in_hand.append(_InHand(gateway, batch.number, len(items), size))
        self._bytes += size
        if self._bytes >= self._most_bytes:
            self._room.clear()
        self._items.add(items)
        self._ledger.enter(len(items))
        self.acknowledge(0)

    def _item(self, raw: msgspec.Raw) -> Handed | None:
        try:
            return handover_wire.item_of(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self.unreadable += 1
            log.error("an exchange cannot be understood and is lost", error=str(error))
            return None

    def _tell(self, gateway: _Gateway, number: int) -> None:
        """Say what is safe, without waiting: one that does not read is one that hangs."""
        gateway.safe = number
        if gateway.writer is None:
            self._forget(gateway)
        else:
            gateway.writer.write(frames.framed(handover_wire.encode(Safe(number=number))))

    def _forget(self, gateway: _Gateway) -> None:
        """Let a gateway go that is away, once nothing of it is in hand."""
        if gateway.safe == gateway.seen:
            self._gateways.pop(gateway.name, None)
