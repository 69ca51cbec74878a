"""Exchanges as they are handed over, and stores in memory, for tests of scoring and judging."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from guards.exchange import Exchange, FinishReason, Message
from monitor.errors import Conflict, DatabaseUnavailable
from monitor.ports.evidence import ObservedBatch
from monitor.ports.handover import Dialect, Ending, Relayed, Reported
from monitor.ports.record import Observed, PackedBatch, ScoredBatch
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState

NAME, VERSION = "support", "support@111111111111"
START = datetime(2026, 1, 1, tzinfo=UTC)


def exchange(number: int = 0, **changes: object) -> Exchange:
    """Return a usual answer to a question that nobody asked before."""
    usual: dict[str, object] = {
        "id": f"answer-{number}",
        "deployment": NAME,
        "started_at": START + timedelta(seconds=number),
        "messages": (Message(role="user", content=f"question {number}, of {number % 7} words"),),
        "output": f"answer {number} of length {'x' * (number % 11)}",
        "adapter": VERSION,
        "epoch": 1,
        "latency_s": 0.2,
        "finish_reason": FinishReason.STOP,
    }
    return Exchange(**{**usual, **changes})


def reported(number: int = 0, **changes: object) -> Reported:
    """Return an answer as somebody reports it."""
    return Reported(exchange=exchange(number, **changes))


def relayed(number: int = 0, **changes: object) -> Relayed:
    """Return an exchange as the gateway hands it over."""
    usual: dict[str, object] = {
        "id": f"relayed-{number}",
        "dialect": Dialect.CHAT,
        "deployment": NAME,
        "adapter": VERSION,
        "epoch": 1,
        "started_at": START.timestamp() + number,
        "first_byte_s": 0.1,
        "latency_s": 0.2,
        "status": 200,
        "ending": Ending.COMPLETE,
        "streamed": False,
        "request": b'{"model": "support"}',
        "response": f'{{"n": {number}}}'.encode(),
    }
    return Relayed(**{**usual, **changes})


def deployment(**changes: object) -> Deployment:
    """Return the deployment under its first epoch."""
    usual: dict[str, object] = {"name": NAME, "active": VERSION, "epoch": 1, "promoted_at": START}
    return Deployment(**{**usual, **changes})


@dataclass
class MemoryPostgres:
    """What scoring and judging need of Postgres, as one transactional thing that can be away.

    It plays `Deployments.all`, `ExchangeStore.pack` and `record`, `Observations` and the judges'
    part of `EvidenceStore`.
    """

    pointers: list[Deployment] = field(default_factory=lambda: [deployment()])
    references: dict[str | None, bytes] = field(default_factory=dict)
    learnt: Mapping[str, Any] | None = None
    rows: dict[str, ScoredBatch] = field(default_factory=dict)
    batches: dict[tuple[str, int], ScoredBatch] = field(default_factory=dict)
    packed: dict[bytes, ScoredBatch] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    points: list[EvidencePoint] = field(default_factory=list)
    states: dict[str, JudgeState] = field(default_factory=dict)
    drafts: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    away: bool = False
    refuses: set[str] = field(default_factory=set)  # ids of answers that no row can be made of

    def all(self) -> Sequence[Deployment]:
        """Return the deployments."""
        self._answer()
        return list(self.pointers)

    def pack(self, batch: ScoredBatch, *, keep_text: bool) -> PackedBatch:
        """Return a batch by a name under which it is found again."""
        payload = f"{batch.replica}/{batch.number}".encode()
        self.packed[payload] = batch
        return PackedBatch(
            replica=batch.replica, number=batch.number, count=len(batch.scored), payload=payload
        )

    def record(self, packed: PackedBatch) -> None:
        """Write a batch, once."""
        self._answer()
        batch = self.packed[packed.payload]
        ids = [scored.exchange.id for scored in batch.scored]
        if self.refuses & set(ids):
            raise ValueError("no row can be made of it")
        self.rows |= dict.fromkeys(ids, batch)
        self.batches[batch.replica, batch.number] = batch

    def unread(self, limit: int) -> Sequence[ObservedBatch]:
        """Return what is not read, each replica's in the order of its numbers."""
        self._answer()
        found: list[ObservedBatch] = []
        after = dict(self.read)
        for (replica, number), batch in sorted(self.batches.items(), key=lambda each: each[0][1]):
            before = after.get(replica, -1)
            if number > before and len(found) < limit:
                found.append(
                    ObservedBatch(
                        replica=replica, number=number, after=before, items=batch.observed
                    )
                )
                after[replica] = number
        return found

    def save(
        self,
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        read: Mapping[str, tuple[int, int]],
        dealt: Sequence[Observed] = (),
    ) -> None:
        """Write, unless somebody else has read on."""
        self._answer()
        if any(self.read.get(replica, -1) != before for replica, (before, _) in read.items()):
            raise Conflict("somebody else has read on")
        self.points += points
        self.states |= {state.deployment: state for state in states}
        self.read |= {replica: now for replica, (_, now) in read.items()}

    def judge_state(self, name: str) -> JudgeState | None:
        """Return the saved state."""
        self._answer()
        return self.states.get(name)

    def reference(self, name: str, version: str | None) -> bytes | None:
        """Return a version's frozen reference."""
        self._answer()
        return self.references.get(version)

    def draft_reference(
        self, name: str, version: str | None, epoch: int, payload: bytes, size: int
    ) -> None:
        """Keep the first draft of an epoch."""
        self._answer()
        self.drafts.setdefault(epoch, (payload, size))

    def wrong_answers(self, deployment: str, version: str | None) -> Mapping[str, Any] | None:
        """Return what the test has put there."""
        return self.learnt

    def drafted(self, name: str, epoch: int) -> tuple[bytes, int] | None:
        """Return an epoch's draft."""
        self._answer()
        return self.drafts.get(epoch)

    def _answer(self) -> None:
        if self.away:
            raise DatabaseUnavailable("Postgres does not answer")


@dataclass
class MemorySpool:
    """A spool without a disk.

    Args:
        room: answers that find room; fails: whether the disk does.
    """

    room: int = 1000
    fails: bool = False
    batches: list[PackedBatch] = field(default_factory=list)
    dropped: int = 0
    torn: int = 0

    def put(self, batch: PackedBatch) -> bool:
        """Keep a batch, if there is room."""
        if self.fails:
            raise OSError("the disk is broken")
        if self.waiting + batch.count > self.room:
            self.dropped += batch.count
            return False
        self.batches.append(batch)
        return True

    def oldest(self) -> PackedBatch | None:
        """Return the first batch."""
        return self.batches[0] if self.batches else None

    def forget(self, batch: PackedBatch) -> None:
        """Take a batch out."""
        self.batches.remove(batch)

    @property
    def waiting(self) -> int:
        """How many answers wait."""
        return sum(batch.count for batch in self.batches)
