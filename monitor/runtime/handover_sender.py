"""The gateway's end of the hand-over: keeps exchanges until the scorer says that they are safe.

Whether the scorer is there, hangs, or is dead makes no difference to the event loop: what waits is
bounded, and what does not fit is dropped and counted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from monitor.ports.handover import Handed
from monitor.runtime import frames, handover_wire
from monitor.runtime.handover_wire import Batch, Hello
from monitor.runtime.ledger import Ledger

log = structlog.get_logger(__name__)

# So long an exchange waits for company before its batch is sent: far less than a judge can feel,
# and enough that a busy gateway does not write one frame for each answer.
_COMPANY_S = 0.003
_AGAIN_S = 0.2
_TOLD_EVERY_S = 5.0
# A batch whose lines broke so often is sent alone; if that line breaks too, it is taken for what the
# scorer dies of and is dropped, lest everything behind it waits for ever. Beside other gateways it
# may be innocent: the scorer takes all their batches together.
_TRIES_IN_COMPANY = 3


@dataclass(slots=True)
class _Sent:
    """A batch that is not safe yet; `tries` counts the lines over which it was sent."""

    number: int
    frame: bytes
    count: int
    tries: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether it may be what the scorer dies of."""
        return self.tries >= _TRIES_IN_COMPANY


class HandoverSender:
    """Hands exchanges over to a scorer in another process, at least once each.

    Args:
        path: the scorer's socket.
        most_bytes: how much may wait in sum, sent or not.
    """

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._hello = frames.framed(handover_wire.encode(Hello(sender=secrets.token_hex(8))))
        self._waiting: deque[Handed] = deque()
        self._unsafe: deque[_Sent] = deque()
        self._bytes = 0
        self._next_number = 0
        self._filled = asyncio.Event()
        self._safer = asyncio.Event()
        self._ledger = Ledger()
        self._dropped = 0
        self._told_at = float("-inf")

    @property
    def depth(self) -> int:
        """How many exchanges are not safe yet."""
        return self._ledger.open

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait."""
        return self._bytes

    @property
    def dropped(self) -> int:
        """How many exchanges found no room or could not be sent, since the start."""
        return self._dropped

    def offer(self, item: Handed) -> bool:
        """Hand an exchange over; return False, and count it, if there is no room."""
        size = handover_wire.size_of(item)
        if self._bytes + size > self._most_bytes:
            self._drop()
            return False
        self._bytes += size
        self._waiting.append(item)
        self._ledger.enter()
        self._filled.set()
        return True

    async def settled(self) -> None:
        """Return when everything offered until now is recorded, spooled on disk, or lost."""
        await self._ledger.settled()

    async def run(self) -> None:
        """Keep a line to the scorer until cancelled."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path)
            except OSError:
                await asyncio.sleep(_AGAIN_S)
                continue
            await self._talk(reader, writer)
            await asyncio.sleep(_AGAIN_S)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send and listen until the line breaks."""
        both: list[asyncio.Task[None]] = []
        try:
            writer.write(self._hello)
            if not await self._hear(reader):
                return
            self._drop_culprit()
            both += (
                asyncio.create_task(self._listen(reader)),
                asyncio.create_task(self._send(writer)),
            )
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            writer.close()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while await self._hear(reader):
            continue

    async def _hear(self, reader: asyncio.StreamReader) -> bool:
        """Let go of what is safe; return False if the line has broken."""
        payload = await frames.read(reader, handover_wire.MOST_FRAME_BYTES)
        if payload is None:
            return False
        safe = handover_wire.from_scorer(payload).number
        while self._unsafe and self._unsafe[0].number <= safe:
            batch = self._unsafe.popleft()
            self._let_go(batch)
        self._safer.set()
        return True

    def _let_go(self, batch: _Sent) -> None:
        self._bytes -= len(batch.frame)
        self._ledger.end(batch.count)

    def _drop_culprit(self) -> None:
        """Drop the batch that was alone on a line that broke, and had broken others before."""
        if self._unsafe and self._unsafe[0].tries > _TRIES_IN_COMPANY:
            batch = self._unsafe.popleft()
            self._let_go(batch)
            self._dropped += batch.count
            log.error("exchanges are dropped: the scorer may be dying of them", count=batch.count)

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        """Send what is not safe yet, then what comes."""
        try:
            for batch in list(self._unsafe):
                await self._send_again(writer, batch)
            while True:
                await self._filled.wait()
                if len(self._waiting) < handover_wire.MOST_ITEMS:
                    await asyncio.sleep(_COMPANY_S)
                batch = self._pack()
                batch.tries = 1
                await _write(writer, batch.frame)
        except ConnectionError:
            return

    async def _send_again(self, writer: asyncio.StreamWriter, batch: _Sent) -> None:
        """Send a batch that another line has not made safe; a suspect one on its own."""
        alone = batch.is_suspect
        batch.tries += 1
        await _write(writer, batch.frame)
        while alone and self._unsafe and self._unsafe[0].number <= batch.number:
            self._safer.clear()
            await self._safer.wait()

    def _pack(self) -> _Sent:
        """Make a batch of those that have waited longest."""
        items: list[msgspec.Raw] = []
        count = size = 0
        while (
            self._waiting
            and count < handover_wire.MOST_ITEMS
            and size < handover_wire.MOST_BATCH_BYTES
        ):
            item = self._waiting.popleft()
            self._bytes -= handover_wire.size_of(item)
            count += 1
            encoded = self._encoded(item)
            if encoded is not None:
                items.append(msgspec.Raw(encoded))
                size += len(encoded)
        if not self._waiting:
            self._filled.clear()
        return self._keep(items, count)

    def _keep(self, items: list[msgspec.Raw], count: int) -> _Sent:
        batch = Batch(number=self._next_number, items=items)
        sent = _Sent(batch.number, frames.framed(handover_wire.encode(batch)), count)
        self._next_number += 1
        self._unsafe.append(sent)
        self._bytes += len(sent.frame)
        return sent

    def _encoded(self, item: Handed) -> bytes | None:
        """Return an exchange as it is sent; `None`, and it is counted, if that cannot be."""
        try:
            return handover_wire.encode(item)
        except (UnicodeEncodeError, TypeError, OverflowError) as error:
            log.error("exchange cannot be handed over", error=str(error))
            self._drop()
            return None

    def _drop(self) -> None:
        """Count a lost exchange, and say so now and then."""
        self._dropped += 1
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= _TOLD_EVERY_S:
            self._told_at = now
            log.warning("exchanges are dropped: the scorer does not take them", count=self._dropped)


class NoHandover:
    """Hands nothing over: for a gateway that only routes."""

    depth = 0
    waiting_bytes = 0
    dropped = 0

    def offer(self, item: Handed) -> bool:
        """Let an exchange go, unrecorded: that was asked for, and is no drop."""
        return True

    async def settled(self) -> None:
        """Return at once."""

    async def run(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()


async def _write(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(frame)
    await writer.drain()
