"""The hand-over from gateways to the scorer, over real Unix sockets and between real processes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from guards.exchange import Passage
from monitor.ports.handover import Handed, Relayed
from monitor.runtime import frames
from monitor.runtime.handover_sender import HandoverSender
from monitor.runtime.scoring.receiver import HandoverReceiver
from tests.handed import relayed, reported
from tests.waiting import until

pytestmark = pytest.mark.integration

MB = 1 << 20
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path() -> Iterator[Path]:
    """A socket's path, short enough for the system."""
    with tempfile.TemporaryDirectory(prefix="bs-") as folder:
        yield Path(folder) / "scorer.sock"


@asynccontextmanager
async def sending(path: Path, most_bytes: int = 64 * MB) -> AsyncIterator[HandoverSender]:
    """Run a gateway's end."""
    sender = HandoverSender(path, most_bytes)
    running = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def receiving(path: Path, most_bytes: int = 64 * MB) -> AsyncIterator[HandoverReceiver]:
    """Run a scorer's end."""
    receiver = HandoverReceiver(path, most_bytes)
    await receiver.open()
    try:
        yield receiver
    finally:
        await receiver.close()


async def take(receiver: HandoverReceiver, count: int) -> Sequence[Handed]:
    """Take so many exchanges, and acknowledge none."""
    taken: list[Handed] = []
    async with asyncio.timeout(10):
        while len(taken) < count:
            taken += await receiver.take(count - len(taken), 10.0)
    return taken


async def test_exchanges_arrive_as_they_were_and_are_settled_when_acknowledged(path: Path) -> None:
    """Bytes, times, schema and tags; the gateway holds on to them until they are safe."""
    schema = {"type": "object", "properties": {"a": {"type": ["string", "null"]}}}
    sent = [
        relayed(1, response=bytes(range(256)), first_byte_s=None, status=None, cut=True),
        reported(
            2,
            response_schema=schema,
            token_logprobs=(-0.5, float("-inf")),
            token_entropies=(0.5, 0.0),
            context=(Passage(id="1", text="b"),),
            tags={"a": "b"},
        ),
    ]
    async with receiving(path) as receiver, sending(path) as sender:
        assert all(sender.offer(item) for item in sent)
        assert await take(receiver, 2) == sent
        settling = asyncio.ensure_future(sender.settled())
        await asyncio.sleep(0)
        assert (sender.depth, settling.done()) == (2, False)
        receiver.acknowledge(2)
        await settling
        assert (sender.depth, sender.waiting_bytes) == (0, 0)


async def test_what_was_offered_before_the_scorer_is_there_arrives(path: Path) -> None:
    """Whoever starts first makes no difference."""
    async with sending(path) as sender:
        assert sender.offer(relayed(1))
        await asyncio.sleep(0)
        async with receiving(path) as receiver:
            assert await take(receiver, 1) == [relayed(1)]


async def test_a_new_scorer_gets_what_the_old_one_did_not_acknowledge(path: Path) -> None:
    """Killed with a batch in hand, it has lost nothing; what it acknowledged comes no more."""
    async with sending(path) as sender:
        async with receiving(path) as receiver:
            sender.offer(relayed(1))
            await take(receiver, 1)
            receiver.acknowledge(1)
            await sender.settled()
            sender.offer(relayed(2))
            await take(receiver, 1)
        async with receiving(path) as receiver:
            sender.offer(relayed(3))
            assert await take(receiver, 2) == [relayed(2), relayed(3)]


async def test_a_line_that_breaks_repeats_nothing_for_the_same_scorer(path: Path) -> None:
    """A batch that is in the scorer's hands is sent again, and passed over."""
    async with receiving(path) as receiver, sending(path) as sender:
        sender.offer(relayed(1))
        await take(receiver, 1)
        for gateway in receiver._gateways.values():
            gateway.writer.close()
        sender.offer(relayed(2))
        assert await take(receiver, 1) == [relayed(2)]
        receiver.acknowledge(2)
        await sender.settled()
        assert receiver.depth == 0


async def test_what_the_scorer_dies_of_is_dropped_and_the_rest_arrives(path: Path) -> None:
    """Only the batch that broke a line on its own is lost, and counted."""
    poison = relayed(1)
    async with sending(path) as sender:
        sender.offer(poison)
        lives = 0
        taken: Sequence[Handed] = [poison]
        while poison in taken:
            lives += 1
            async with receiving(path) as receiver:
                taken = await take(receiver, 1)
                if lives == 1:
                    sender.offer(relayed(2))
                    await take(receiver, 1)
        assert taken == [relayed(2)]
        assert (lives, sender.dropped, sender.depth) == (5, 1, 1)


async def test_one_that_is_only_in_bad_company_arrives(path: Path) -> None:
    """Sent alone, it is acknowledged; what comes behind it follows."""
    async with sending(path) as sender:
        sender.offer(relayed(1))
        for _ in range(3):
            async with receiving(path) as receiver:
                assert await take(receiver, 1) == [relayed(1)]
        sender.offer(relayed(2))
        async with receiving(path) as receiver:
            assert await take(receiver, 1) == [relayed(1)]
            receiver.acknowledge(1)
            assert await take(receiver, 1) == [relayed(2)]
            assert sender.dropped == 0


async def test_many_gateways_are_told_each_of_its_own(path: Path) -> None:
    """Acknowledging the first that came settles its gateway, and not the other."""
    async with receiving(path) as receiver, sending(path) as first, sending(path) as second:
        first.offer(relayed(1))
        await take(receiver, 1)
        second.offer(relayed(2))
        await take(receiver, 1)
        receiver.acknowledge(1)
        await first.settled()
        assert second.depth == 1
        receiver.acknowledge(1)
        await second.settled()


async def test_a_full_scorer_leaves_the_counting_to_the_gateway(path: Path) -> None:
    """It reads no further; what finds no room in the gateway is dropped, counted, and no more."""
    body = b"x" * 100_000
    async with receiving(path, most_bytes=300_000) as receiver, sending(path, 3 * MB) as sender:
        kept = 0
        for number in range(200):
            kept += sender.offer(relayed(number, response=body))
            await asyncio.sleep(0.001 if number % 10 == 0 else 0)  # lets batches leave
        assert 0 < sender.dropped == 200 - kept
        assert receiver.depth < kept
        taken = 0
        while taken < kept:
            items = await receiver.take(500, 10.0)
            receiver.acknowledge(len(items))
            taken += len(items)
        await sender.settled()
        assert (taken, receiver.depth) == (kept, 0)


async def test_an_exchange_that_cannot_be_sent_loses_only_itself(path: Path) -> None:
    """A lone surrogate has no bytes; the others arrive, and nobody waits for it."""
    async with receiving(path) as receiver, sending(path) as sender:
        for item in (reported(1), reported(2, output="\ud800"), reported(3)):
            sender.offer(item)
        assert await take(receiver, 2) == [reported(1), reported(3)]
        receiver.acknowledge(2)
        await sender.settled()
        assert sender.dropped == 1


@pytest.mark.parametrize("said", [b"\xff" * 8, frames.framed(b"\xc1"), frames.framed(b"\x80")])
async def test_a_stranger_who_talks_nonsense_is_hung_up_on(path: Path, said: bytes) -> None:
    """The scorer goes on with the others."""
    async with receiving(path) as receiver, sending(path) as sender:
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(said)
        assert await reader.read() == b""
        writer.close()
        sender.offer(relayed(1))
        assert await take(receiver, 1) == [relayed(1)]


class Process:
    """The scorer's end in a process that can be stopped and killed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.with_suffix(".taken")
        self._file.touch()
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, also after a kill."""
        module = "tests.integration.runtime.scorer_process"
        command = [sys.executable, "-m", module, str(self._path), str(self._file)]
        self._running = subprocess.Popen(command, cwd=ROOT)

    def send(self, number: signal.Signals) -> None:
        """Send a signal; after SIGKILL the process is gone."""
        assert self._running is not None
        os.kill(self._running.pid, number)
        if number is signal.SIGKILL:
            self._running.wait()

    @property
    def taken(self) -> list[str]:
        """The ids that were taken, in their order."""
        return self._file.read_text().split()


@pytest.fixture
def process(path: Path) -> Iterator[Process]:
    """A scorer's process that runs."""
    process = Process(path)
    process.start()
    yield process
    process.send(signal.SIGKILL)


@pytest.mark.slow
async def test_a_killed_scorer_loses_nothing(path: Path, process: Process) -> None:
    """kill -9 in the middle, three times: everything arrives, and nothing is dropped."""
    wanted = [f"relayed-{number}" for number in range(3000)]
    async with sending(path) as sender:
        for third in range(3):
            for number in range(1000 * third, 1000 * third + 1000):
                sender.offer(relayed(number))
                if number % 100 == 0:
                    await asyncio.sleep(0)
            await until(lambda: len(process.taken) > 0, look_s=0.005)
            process.send(signal.SIGKILL)
            process.start()
        async with asyncio.timeout(20):
            await sender.settled()
    assert set(process.taken) == set(wanted)
    assert sender.dropped == 0


@pytest.mark.slow
async def test_a_hung_scorer_is_not_felt_and_every_drop_is_counted(
    path: Path, process: Process
) -> None:
    """SIGSTOP: offering goes on, the bound holds; once it goes on, all that was kept arrives."""
    body = b"x" * 50_000
    async with sending(path, 4 * MB) as sender:
        sender.offer(relayed(0))
        await sender.settled()
        process.send(signal.SIGSTOP)
        kept = ["relayed-0"]
        for number in range(1, 400):
            if sender.offer(relayed(number, response=body)):
                kept.append(f"relayed-{number}")
            await asyncio.sleep(0)
        assert sender.dropped == 400 - len(kept) > 0
        assert sender.waiting_bytes <= 4 * MB
        process.send(signal.SIGCONT)
        async with asyncio.timeout(20):
            await sender.settled()
    assert process.taken == kept


async def test_a_gateway_that_is_gone_is_forgotten_once_its_batches_are_safe(path: Path) -> None:
    """What is kept of gateways does not grow with their lives."""
    async with receiving(path) as receiver:
        async with sending(path) as sender:
            sender.offer(relayed(1))
            (item,) = await take(receiver, 1)
            assert isinstance(item, Relayed)
        await until(lambda: all(g.writer is None for g in receiver._gateways.values()))
        assert len(receiver._gateways) == 1
        receiver.acknowledge(1)
        assert receiver._gateways == {}
