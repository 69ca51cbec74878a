"""Seams between the moving parts and the world: Protocols, and the values that cross them.

Storage methods block and are called from worker threads (`asyncio.to_thread`); engine methods
are coroutines and never block the event loop.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from guards.assessment import Scored
from guards.exchange import FinishReason, Message
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict
from rollback.audit import AuditRow
from rollback.deployment import Deployment
from rollback.evidence import EvidencePoint, JudgeState
from rollback.incident import Incident, Phase
from rollback.versions import AdapterVersion, VersionState

# ---------------------------------------------------------------- engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What an engine is asked to write.

    Args:
        messages: turns for the chat template; a single message of role `prompt` is raw text.
        max_tokens: at least 1; the engine may stop earlier.
        temperature: 0 is greedy.
        top_p: in (0, 1].
        seed: makes a sampled answer repeatable on the same engine.
        stop: strings that end the answer and are not part of it.
        logprobs: how many alternatives to report per token (0: only the chosen token's).
    """

    messages: tuple[Message, ...]
    max_tokens: int = 256
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    logprobs: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One generated token: its text, natural log-probability, and the likeliest alternatives."""

    id: int
    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of an answer as it is written; the last one carries `finish_reason`.

    The texts of all pieces joined are the answer; a text that might become a stop string is
    held back until it is known not to.
    """

    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: FinishReason | None = None
    prompt_tokens: int | None = None


class Engine(Protocol):
    """What runs the model. Versions are named `family@digest`; `None` is the base model."""

    async def loaded(self) -> frozenset[str]:
        """Return the versions that can serve now."""

    async def load(self, version: str, folder: Path) -> None:
        """Make a version ready to serve; do nothing if it is. Raises `EngineError`."""

    async def unload(self, version: str) -> None:
        """Forget a version; do nothing if it is unknown."""

    def complete(self, generation: Generation, version: str | None) -> AsyncGenerator[Piece, None]:
        """Write an answer. Closing the generator stops the work.

        Raises:
            BadRequest: the prompt cannot be used (it is too long): no fault of the version.
            EngineError: the version failed to answer.
            Unavailable: the engine is away, whatever the version.
        """


# ---------------------------------------------------------------- the record of answers


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExchange:
    """A row of the record, as people see it. Texts are `None` where they are not kept."""

    id: str
    deployment: str
    adapter: str | None
    epoch: int
    started_at: datetime
    verdict: Verdict
    findings: tuple[str, ...]
    signals: Mapping[str, float]
    latency_s: float | None
    output_tokens: int | None
    finish_reason: str | None
    error: str | None
    prompt: str | None
    output: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A health number of an adapter over one minute (`bucket` is the minute's start)."""

    deployment: str
    adapter: str | None
    bucket: datetime
    name: str
    value: float
    count: int  # answers behind the value


class ExchangeStore(Protocol):
    """The record of answers."""

    def record(
        self,
        batch: Sequence[Scored],
        points: Sequence[EvidencePoint],
        states: Sequence[JudgeState],
        *,
        keep_text: bool,
    ) -> None:
        """Write answers (COPY), evidence and judges' states in one transaction.

        Rows whose id is already there are left as they are (a repeated batch does no harm). Of
        two points at one position of an epoch the later stays: a golden run is weighed between
        two answers.
        A state with an epoch older than the stored one is left out.
        """

    def recent(self, deployment: str, limit: int) -> Sequence[RecordedExchange]:
        """Return the newest answers, newest first."""

    def exposure(self, deployment: str, epoch: int) -> int:
        """Count the answers recorded under an epoch."""

    def delete_before(self, moment: datetime, *, text_before: datetime) -> int:
        """Delete answers older than `moment`, and texts older than `text_before`."""


class EvidenceStore(Protocol):
    """Judges' states, references and the evidence curve."""

    def judge_state(self, deployment: str) -> JudgeState | None:
        """Return the saved state of a deployment's judge."""

    def newest(self, deployment: str, epoch: int) -> EvidencePoint | None:
        """Return the last point of an epoch, or `None` before its first."""

    def curve(
        self,
        deployment: str,
        since: datetime,
        *,
        until: datetime | None = None,
        most: int = 400,
    ) -> Sequence[EvidencePoint]:
        """Return the evidence curve in [since, until), oldest first, thinned.

        Each epoch is cut into at most `most` slots of as many answers each, and a slot gives its
        first point and its first over each line: no crossing is lost, the earliest crossings and
        the newest point are exact, and an epoch of at most `most` points comes whole.
        """

    def save_reference(
        self, version: str | None, deployment: str, payload: bytes, size: int, at: datetime
    ) -> None:
        """Freeze the reference answers' scores of a version; once, later calls change nothing."""

    def reference(self, deployment: str, version: str | None) -> bytes | None:
        """Return the frozen reference of a version in a deployment."""


class IndicatorStore(Protocol):
    """Health numbers per adapter and minute."""

    def roll_up(self, since: datetime, until: datetime) -> int:
        """Recompute the indicators of the minutes that [since, until) touches; idempotent."""

    def indicators(self, deployment: str, since: datetime, until: datetime) -> Sequence[Indicator]:
        """Return the indicators of all adapters of a deployment, oldest first."""


# ---------------------------------------------------------------- versions, pointers, incidents


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice to the ops chat, waiting in the outbox."""

    id: str
    kind: str  # rollback, freeze, suspicion, unproved, report, gate, …
    severity: str  # info, warning, critical
    title: str
    facts: Mapping[str, Any]  # JSON: deployment, from, to, reason, exposure, durations, link, …
    created_at: datetime
    not_before: datetime | None = None  # held back so long, to leave with what is found meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One move of a deployment's pointer, and everything that must be written with it."""

    deployment: str
    expected_epoch: int  # compare-and-set
    active: str | None
    baseline: str | None
    actor: str
    reason: str
    at: datetime
    action: str  # promote, rollback
    forced: bool = False
    frozen: str | None = None
    retire: str | None = None  # version that becomes RETIRED
    quarantine: str | None = None  # version that becomes QUARANTINED
    incident: Incident | None = None
    notice: Notice | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a version answers to the probe prompts on one engine: greedy tokens and log-probabilities."""

    prompts: tuple[str, ...]
    tokens: tuple[tuple[int, ...], ...]
    logprobs: tuple[tuple[float, ...], ...]


class Registry(Protocol):
    """Adapter versions. Every change writes its audit row in the same transaction."""

    def add(self, version: AdapterVersion, *, actor: str) -> AdapterVersion:
        """Store a version; return the stored one if the name is there already.

        Raises `Conflict` if the label is taken by other content.
        """

    def versions(self, family: str | None = None) -> Sequence[AdapterVersion]:
        """Return the versions, newest first."""

    def move(
        self, name: str, to: VersionState, *, actor: str, reason: str, at: datetime
    ) -> AdapterVersion:
        """Change a version's state. Raises `NotFound`; `Conflict` if it is not a legal step."""

    def fingerprint(
        self, name: str | None, engine: str, new: Fingerprint | None = None
    ) -> Fingerprint | None:
        """Return the stored fingerprint; store `new` if there is none yet."""


class Deployments(Protocol):
    """The pointers: which version serves which deployment."""

    def ensure(self, name: str) -> Deployment:
        """Return a deployment, made with the base model active if it is new."""

    def all(self) -> Sequence[Deployment]:
        """Return every deployment, by name."""

    def flip(self, flip: Flip) -> Deployment:
        """Move the pointer, states, incident, audit and outbox rows in one transaction.

        The new active version is `confirmed` if its reference is frozen here already.
        Raises `Conflict` if the epoch is no longer `expected_epoch`, or the new active version
        is quarantined. Repeating a flip whose incident id is already stored changes nothing.
        """

    def amend(
        self,
        name: str,
        *,
        expected_epoch: int,
        actor: str,
        reason: str,
        at: datetime,
        confirmed: bool | None = None,
        frozen: str | None = None,
    ) -> Deployment:
        """Set `confirmed`, or `frozen` (empty string thaws), with an audit row."""


class Incidents(Protocol):
    """Breaches and how far the answer to them has come."""

    def open(self, incident: Incident, notice: Notice) -> None:
        """Record an incident without a flip (a freeze), with audit and outbox rows; idempotent by id."""

    def advance(
        self,
        incident_id: str,
        phase: Phase,
        *,
        at: datetime,
        exposure: int | None = None,
        notice: Notice | None = None,
    ) -> Incident:
        """Record that a step is done, once; a phase that is passed already is left alone.

        A notice replaces the one that waits under its id and is due at once; one that has left
        is left alone.
        """

    def unfinished(self) -> Sequence[Incident]:
        """Return incidents in phase FLIPPED or CONVERGED, oldest first."""

    def get(self, incident_id: str) -> Incident:
        """Return an incident. Raises `NotFound`."""

    def list(self, deployment: str | None = None, limit: int = 100) -> Sequence[Incident]:
        """Return incidents, newest first."""


class Acknowledgements(Protocol):
    """Which replica routes by which epoch."""

    def acknowledge(self, replica: str, epochs: Mapping[str, int], at: datetime) -> None:
        """Record a replica's heartbeat and the epoch it routes by, per deployment."""

    def lagging(self, deployment: str, epoch: int, alive_since: datetime) -> Sequence[str]:
        """Return live replicas that have not reached the epoch."""


# ---------------------------------------------------------------- golden set


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRun:
    """One run of a deployment's golden set.

    Args:
        subject: version under test; against: version it is compared with (`None`: base model).
        cause: schedule, gate, suspicion, confirmation or demand.
        summary: JSON: verdict's numbers (means, difference, e-value, cases, flips).
    """

    id: str
    deployment: str
    subject: str | None
    against: str | None
    compared: bool
    cause: str
    set_digest: str
    started_at: datetime
    finished_at: datetime | None = None
    verdict: Verdict | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


class GoldenStore(Protocol):
    """Golden cases, runs and their results."""

    def import_cases(
        self, deployment: str, cases: Sequence[GoldenCase], *, actor: str, at: datetime
    ) -> str:
        """Replace a deployment's golden set; return its digest. The same content changes nothing."""

    def cases(self, deployment: str) -> Sequence[GoldenCase]:
        """Return the golden set as imported last; empty if there is none."""

    def save_run(self, run: GoldenRun, results: Mapping[str, Sequence[GoldenResult]]) -> None:
        """Insert or update a run by id, with results per version name (`''`: base model)."""

    def runs(self, deployment: str, limit: int = 20) -> Sequence[GoldenRun]:
        """Return runs, newest first."""


# ---------------------------------------------------------------- outbox, schedule, lease, audit, feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One notice on its way to one receiver."""

    notice: Notice
    receiver: str
    attempt: int  # counted from 0


class Outbox(Protocol):
    """Messages that must leave, at least once each, always under the same id."""

    def put(self, notice: Notice) -> None:
        """Queue a message; a second one with the same id changes nothing."""

    def claim(
        self, receivers: Sequence[str], now: datetime, lease: timedelta, limit: int
    ) -> Sequence[Delivery]:
        """Return due deliveries, hidden from other claimers until the lease ends."""

    def sent(self, message_id: str, receiver: str, at: datetime) -> None:
        """Record that the receiver has it."""

    def failed(
        self, message_id: str, receiver: str, at: datetime, *, error: str, retry_at: datetime | None
    ) -> None:
        """Record a failed attempt; `retry_at=None` gives up."""


class Sender(Protocol):
    """Brings a message to one receiver."""

    @property
    def receiver(self) -> str:
        """Name from the configuration, stable over restarts."""

    async def send(self, notice: Notice, at: datetime) -> None:
        """Deliver. Raises `DeliveryError`, or `ReceiverGone` if it must never be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledRun:
    """One slot of a scheduled job, claimed by this process."""

    job: str
    slot: datetime
    fence: int


class Schedule(Protocol):
    """The truth about scheduled runs: one row per slot, claimed once."""

    def insert(self, job: str, slot: datetime) -> bool:
        """Add a slot; False if it is there already."""

    def claim(self, worker: str, now: datetime, lease: timedelta) -> ScheduledRun | None:
        """Take a slot that is due and free, or whose worker's lease ran out."""

    def finish(self, run: ScheduledRun, at: datetime, *, error: str | None = None) -> None:
        """Record the end; nothing happens if another worker has taken the slot since."""


class Leases(Protocol):
    """Who leads."""

    def acquire(self, name: str, holder: str, now: datetime, ttl: timedelta) -> int | None:
        """Take or renew a lease; return its fencing epoch, or `None` if another holds it."""

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""


class AuditLog(Protocol):
    """The append-only hash chain."""

    def append(
        self, *, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        """Add a row in a transaction of its own."""

    def rows(self) -> Iterator[AuditRow]:
        """Return every row, oldest first, streamed."""

    def newest(self, limit: int) -> Sequence[AuditRow]:
        """Return the last rows, newest first."""


class FeedbackStore(Protocol):
    """What users said about answers."""

    def add_feedback(
        self, exchange_id: str, score: float, comment: str | None, at: datetime
    ) -> None:
        """Record a score in [0, 1]. Raises `NotFound` for an unknown exchange."""


class ArtifactStore(Protocol):
    """Adapter files, checked and copied into the data directory under their content's name."""

    def take_in(
        self,
        family: str,
        source: Path,
        *,
        label: str,
        parent: str | None,
        facts: Mapping[str, Any],
        at: datetime,
    ) -> AdapterVersion:
        """Check a PEFT adapter's folder and copy it in. Raises `BadAdapter` with one clear sentence."""

    def folder(self, name: str) -> Path:
        """Return where a version's files are. Raises `BadAdapter` if they are gone or changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """Every store, as one thing to hand around; one object may play several parts."""

    exchanges: ExchangeStore
    evidence: EvidenceStore
    indicators: IndicatorStore
    registry: Registry
    deployments: Deployments
    incidents: Incidents
    acknowledgements: Acknowledgements
    golden: GoldenStore
    outbox: Outbox
    schedule: Schedule
    leases: Leases
    audit: AuditLog
    feedback: FeedbackStore
    artifacts: ArtifactStore


# ---------------------------------------------------------------- what operators do


class Operations(Protocol):
    """What operators do through the API, the dashboard and the command line.

    A `version` is a name (`support@3f9a2c1d7b04`) or a family with a label (`support@v1`).
    Every method raises `NotFound` for an unknown thing and `Unavailable` while a part is away.
    """

    async def add_adapter(
        self,
        family: str,
        source: Path,
        *,
        label: str,
        actor: str,
        parent: str | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> AdapterVersion:
        """Check, copy in and register an adapter's folder. Raises `BadAdapter`, `Conflict`."""

    async def promote(
        self, version: str, *, deployment: str | None, force: bool, actor: str, reason: str
    ) -> Deployment:
        """Make a version active. Raises `GateRefused` unless forced; `Conflict`."""

    async def roll_back(
        self, deployment: str, *, to: str | None, actor: str, reason: str
    ) -> Incident:
        """Put `to` (else the baseline) back and quarantine the active version. Raises `Conflict`."""

    async def quarantine(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Keep a version out until a person releases it. Raises `Conflict` while it is active."""

    async def release(self, version: str, *, actor: str, reason: str) -> AdapterVersion:
        """Let a quarantined version be promoted again. Raises `Conflict` if it is not quarantined."""

    async def thaw(self, deployment: str, *, actor: str, reason: str) -> Deployment:
        """Allow automatic changes again. Raises `Conflict` if the deployment is not frozen."""

    async def import_golden(self, deployment: str, text: str, *, actor: str) -> str:
        """Replace the golden set with JSON Lines; return its digest. Raises `BadGoldenSet`."""

    async def run_golden(self, deployment: str, *, cause: str) -> GoldenRun:
        """Run the golden set against the active version now."""

    def health(self) -> Mapping[str, str]:
        """Return each component with `ok` or what is wrong with it; may block."""
