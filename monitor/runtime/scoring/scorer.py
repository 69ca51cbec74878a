"""From what was handed over to the record: take a batch, read it, assess it, have it recorded.

Reading and assessing run on one worker thread and never on the event loop; in between, a batch waits
for a model's vectors of its answers where there is a model, but not for long. While a batch is being
recorded, which is waiting for Postgres, the next one is assessed and packed; a third is not begun.
Who handed a batch over is told once it is recorded or on disk.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog

from guards.exchange import Exchange
from guards.novelty import Embedded, EmbeddedBy
from monitor.ports.handover import Handed, Relayed
from monitor.ports.record import PackedBatch
from monitor.runtime.scoring.assessor import Assessor
from monitor.runtime.scoring.drafts import Drafts
from monitor.runtime.scoring.embeddings import Embeddings
from monitor.runtime.scoring.following import Following
from monitor.runtime.scoring.hard_faults import HardFaults
from monitor.runtime.scoring.judged_pairs import NoPairJudge, PairJudge
from monitor.runtime.scoring.observing import Observing
from monitor.runtime.scoring.one_ahead import OneAhead
from monitor.runtime.scoring.recorder import Recorder
from monitor.runtime.scoring.source import Source
from monitor.runtime.scoring.unread import facts_alone
from monitor.runtime.scoring.yardstick import Gathered
from monitor.runtime.worker_thread import WorkerThread

log = structlog.get_logger(__name__)

# Under load a batch is what is assessed, and recorded, in half a second each: larger ones cost
# Postgres less for each answer, and judges wait longer for them.
_BATCH, _LARGEST_BATCH = 500, 4000
_PACE_S = 0.5
_PATIENCE_S = 1.0
# While nothing speaks against a version, an answer waits so long for company: scored and written
# one by one, answers cost ten times as much (docs/benchmarks.md). At the first sign it ends.
_LINGER_S = 0.1
_LINGERS = 3  # at most, and only while so many come that it pays
_PAYS = 8
_RECENT = 32
# Of the recent answers so many are struck by a fault or an outlier once in thousands of looks as
# long as nothing has changed: one in a hundred is called an outlier.
_ALARMING = 4
_STUCK_S = 10.0
_CLOSE_LIMIT_S = 3.0

T = TypeVar("T")
Read = Callable[[Relayed], Sequence[Exchange]]


class Pace:
    """How many answers one step gets through in the time that a batch may take.

    Attributes:
        fitting: that many, within the bounds of a batch.
    """

    def __init__(self) -> None:
        self.fitting = _BATCH

    def note(self, count: int, took_s: float) -> None:
        """Note how long a batch took; small ones say little."""
        if count >= _BATCH:
            fitting = _LARGEST_BATCH if took_s <= 0 else int(count * _PACE_S / took_s)
            self.fitting = max(_BATCH, min(fitting, _LARGEST_BATCH))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _InHand:
    """A batch that was taken and is neither recorded nor lost yet."""

    count: int
    since: float


class Scorer:
    """Drains a source.

    Args:
        read: makes exchanges of a relayed request and its answer.
        observing: guards that look at answers beside the record; without any nothing is flagged.
        pairs: compares answers with their shadows, where a deployment asks for it; what it found goes
            with the next batch.
        hard_faults: counts faults for the time that Postgres is away.
        clock: monotonic seconds.

    Attributes:
        lost: exchanges that could not be assessed; unreadable: those of which only the facts of
            the relay are recorded.
    """

    def __init__(
        self,
        *,
        source: Source,
        read: Read,
        assessor: Assessor,
        following: Following,
        drafts: Drafts,
        recorder: Recorder,
        embeddings: Embeddings,
        observing: Observing | None = None,
        pairs: PairJudge | None = None,
        hard_faults: HardFaults | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._read = read
        self._assessor = assessor
        self._following = following
        self._drafts = drafts
        self._recorder = recorder
        self._observing = observing or Observing()
        self._pairs = pairs or NoPairJudge()
        self._hard_faults = hard_faults or HardFaults({})
        self._embeddings = embeddings
        self._clock = clock
        self._thread = WorkerThread("scorer")
        self._recent: deque[bool] = deque(maxlen=_RECENT)
        self._in_hand: deque[_InHand] = deque()
        self._recording = OneAhead()
        self._assessing, self._storing = Pace(), Pace()
        self.lost = 0
        self.unreadable = 0

    @property
    def is_calm(self) -> bool:
        """Whether few of the recent live answers had a fault or were outliers."""
        return sum(self._recent) < _ALARMING

    @property
    def in_hand_s(self) -> float:
        """For how many seconds the oldest batch has been in hand; 0 if there is none."""
        return self._clock() - self._in_hand[0].since if self._in_hand else 0.0

    async def run(self) -> None:
        """Take, assess and record until cancelled. Raises what a defect in them raises."""
        try:
            while True:
                most = min(self._assessing.fitting, self._storing.fitting)
                items = list(await self._source.take(most, _PATIENCE_S))
                if items:
                    await self._linger(items)
                    await self.absorb(items)
                else:
                    await self.through()
        except asyncio.CancelledError:
            self._recording.cancel()
            raise

    async def absorb(self, items: Sequence[Handed]) -> None:
        """Make a batch that was taken ready, and begin to record it once the one before is through.

        An answer that cannot be assessed loses only itself. Raises what a defect raises.
        """
        held = self._hold(items)
        try:
            ready = await self._made_ready(items)
        except Exception:
            await self._recording.begin(partial(self._give_up, held))
            raise
        await self._recording.begin(partial(self._record, held, ready))

    async def through(self) -> None:
        """Return when nothing is being recorded. Raises what a defect in recording raised."""
        await self._recording.through()

    async def _record(self, held: _InHand, ready: Sequence[PackedBatch]) -> None:
        """Record a batch; if a defect loses it, nobody waits for it for ever."""
        began = self._clock()
        try:
            for packed in ready:
                await self._recorder.record(packed)
        except Exception:
            await self._give_up(held)
            raise
        self._storing.note(held.count, self._clock() - began)
        self._let_go(held)

    async def _give_up(self, held: _InHand) -> None:
        self.lost += held.count
        self._let_go(held)

    def _hold(self, items: Sequence[Handed]) -> _InHand:
        held = _InHand(count=len(items), since=self._clock())
        self._in_hand.append(held)
        return held

    def _let_go(self, held: _InHand) -> None:
        self._in_hand.remove(held)
        self._source.acknowledge(held.count)

    async def on_thread(self, work: Callable[[], T]) -> T:
        """Run on the thread that assesses."""
        return await self._thread.run(work)

    def health(self) -> Mapping[str, str]:
        """Return what is wrong with scoring and recording; nothing if all is well."""
        wrong = {**self._recorder.health(), **self._embeddings.health(), **self._strangers()}
        if self.in_hand_s > _STUCK_S:
            wrong["scorer"] = f"answers have not been scored for {self.in_hand_s:.0f} s"
        return wrong

    async def flush(self) -> None:
        """Return when everything handed over until now is recorded, on disk, or lost."""
        await self._source.settled()

    def close(self) -> None:
        """End the thread; work in hand is finished, unless it takes seconds."""
        if not self._thread.close(_CLOSE_LIMIT_S):
            log.error(
                "scoring did not end; its answers are lost",
                count=sum(held.count for held in self._in_hand),
            )

    async def _linger(self, items: list[Handed]) -> None:
        """Wait for company where that pays and does no harm."""
        for _ in range(_LINGERS):
            if not self.is_calm or len(items) >= _BATCH:
                return
            await asyncio.sleep(_LINGER_S)
            more = await self._source.take(_BATCH, 0.0)
            items += more
            if len(more) < _PAYS:
                return

    def _is_behind(self, item: Handed) -> bool:
        told = item if isinstance(item, Relayed) else item.exchange
        return self._assessor.is_behind(told.deployment, told.epoch)

    async def _made_ready(self, items: Sequence[Handed]) -> Sequence[PackedBatch]:
        """Assess and pack a batch, by pointers as new as those that its answers were routed by."""
        if any(self._is_behind(item) for item in items):
            await self._following.catch_up()
        began = self._clock()
        ready = await self._assessed(items)
        self._assessing.note(len(items), self._clock() - began)
        return ready

    async def _assessed(self, items: Sequence[Handed]) -> Sequence[PackedBatch]:
        """Return the batch as it is recorded; in halves, and these in halves, if that cannot be."""
        try:
            return [await self._assess(items)]
        except Exception as error:
            if len(items) == 1:
                self.lost += 1
                log.error("an answer cannot be assessed and is lost", exc_info=error)
                return []
        middle = len(items) // 2
        return [*await self._assessed(items[:middle]), *await self._assessed(items[middle:])]

    def _strangers(self) -> Mapping[str, str]:
        """Return the deployments whose references were embedded by another model, in words."""
        by = self._embeddings.by
        if by is None:
            return {}
        strangers = self._assessor.strangers(by).items()
        return {f"outliers of {name}": _estranged(of, by) for name, of in strangers}

    async def _assess(self, items: Sequence[Handed]) -> PackedBatch:
        exchanges = await self.on_thread(lambda: self._read_all(items))
        embedded = await self._embedded(exchanges)
        loop = asyncio.get_running_loop()
        packed, striking, gathered = await self.on_thread(
            lambda: self._work(exchanges, embedded, loop)
        )
        self._recent.extend(striking)
        for each in gathered:
            self._drafts.put(each)
        return packed

    async def _embedded(self, exchanges: Sequence[Exchange]) -> Embedded | None:
        """Return the vectors of what is held against a reference of the model's, soon."""
        by = self._embeddings.by
        due = [] if by is None else self._assessor.due(exchanges, by)
        return await self._embeddings.live(exchanges, due) if due else None

    def _work(
        self,
        exchanges: Sequence[Exchange],
        embedded: Embedded | None,
        loop: asyncio.AbstractEventLoop,
    ) -> tuple[PackedBatch, Sequence[bool], Sequence[Gathered]]:
        found = self._assessor.assess(exchanges, embedded)
        self._hard_faults.note(found)
        scored = self._observing.note(found.scored, loop)
        self._pairs.offer(self._assessor.take_unjudged())
        packed = self._recorder.pack(scored, [*found.observed, *self._pairs.take()])
        return packed, found.striking, self._assessor.gather(found)

    def _read_all(self, items: Sequence[Handed]) -> Sequence[Exchange]:
        return [exchange for item in items for exchange in self._exchanges(item)]

    def _exchanges(self, item: Handed) -> Iterable[Exchange]:
        """Return what an item holds; of one that cannot be read, the facts of the relay."""
        if not isinstance(item, Relayed):
            return (item.exchange,)
        try:
            return self._read(item)
        except Exception as error:
            self.unreadable += 1
            log.error("an answer cannot be read", id=item.id, exc_info=error)
            return (facts_alone(item),)


def _estranged(of: EmbeddedBy, by: EmbeddedBy) -> str:
    """Say what is wrong where a reference was embedded by another model, and what to do."""
    if not of.digest:
        return (
            f"its reference was made without a model and is scored as it was made; {by.name} counts "
            "from the next version that is confirmed: promote one"
        )
    return (
        f"its reference is of {of.name} ({of.digest}) and the embedder is {by.name} "
        f"({by.digest or 'no model'}), so answers have no outlier score: set `embedder` back, or "
        "promote a new version, whose own answers become its reference"
    )
