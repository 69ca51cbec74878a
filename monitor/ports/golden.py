"""Golden cases, runs and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from guards.flakiness import Spread
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict


class RunStatus(Enum):
    """Where a run stands."""

    RUNNING = "running"  # means that cases are asked, or that somebody has yet to go on with it
    FINISHED = "finished"  # means that it has a verdict
    SKIPPED = "skipped"  # means that it was never begun; the summary's sentence says why


@dataclass(frozen=True, slots=True, kw_only=True)
class GoldenRun:
    """One run of a deployment's golden set.

    Args:
        subject: version under test; against: version it is compared with (`None`: base model).
        cause: schedule, promotion, gate, suspicion, confirmation or demand.
        summary: JSON: verdict's numbers (means, difference, e-value, cases, flips).
        position: how many of `set_size` cases are answered and graded.
        course: JSON: what was settled when it began, for whoever goes on with it.
        occasion: what it was made for, if there may be one run of that only.
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
    status: RunStatus = RunStatus.FINISHED
    position: int = 0
    set_size: int = 0
    course: Mapping[str, Any] = field(default_factory=dict)
    occasion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A process' claim on a run: while it lasts, nobody else goes on with the run.

    Args:
        holder: unlike that of any other process, and of any other try of this one.
    """

    holder: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A run as it is recorded, and whether whoever asked for it holds it."""

    run: GoldenRun
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FromExchange:
    """A recorded answer that is to become a case.

    Args:
        exchange: its id.
        corrected: what it should have been, which a case expects exactly; or
        expectation: what a case asks instead. One of both is given.
        system: the system prompt that it was asked with, which the record does not hold.
        deployment: whose golden set; `None` is the answer's own.
    """

    exchange: str
    corrected: str | None = None
    expectation: Mapping[str, Any] | None = None
    system: str | None = None
    deployment: str | None = None
    slice: str = ""
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A case that is now in a deployment's golden set."""

    deployment: str
    case: str
    digest: str


class GoldenRecord(Protocol):
    """What golden runs have left behind."""

    def run(self, run_id: str) -> GoldenRun | None:
        """Return a run by its id."""

    def results(self, run_id: str) -> Mapping[str, Sequence[GoldenResult]]:
        """Return a run's results by version name (`''`: base model), in the order of case ids."""

    def cases_of(self, run: GoldenRun) -> Sequence[GoldenCase]:
        """Return the cases of the set that a run was of; empty if that set is not on record."""

    def spreads(
        self, deployment: str, set_digest: str, versions: Sequence[str | None]
    ) -> Sequence[Spread]:
        """Return how grades of versions (`None`: base model) differ between their runs of a set."""


class RunJournal(Protocol):
    """Runs that are under way: each is one process' at a time, and nothing is written twice.

    `hold`, `advance` and `finish` raise `Conflict` for a run that is another's by now.
    """

    def begin(self, run: GoldenRun, hold: Hold, now: datetime, *, may_wait: bool) -> Begun:
        """Record a run that begins, and return what is recorded then.

        It is the run itself, held; or a run of the same question that was left behind, held; or
        the run that its occasion has already; or, where another run of the deployment is under way
        and this one may not wait for it, the run as skipped.
        """

    def take_over(self, run_id: str, hold: Hold, now: datetime) -> GoldenRun | None:
        """Hold a run that was left behind; `None` if somebody else was faster."""

    def hold(self, run_id: str, hold: Hold) -> None:
        """Prolong a hold."""

    def advance(
        self, run: GoldenRun, hold: Hold, results: Mapping[str, Sequence[GoldenResult]]
    ) -> None:
        """Write a run's position, course and summary, and new results, in one transaction.

        Args:
            results: per version name (`''`: base model), none of which is there already.
        """

    def finish(self, run: GoldenRun, hold: Hold) -> None:
        """Record how a run ended, and forget what only it needed to know."""

    def left_behind(self, now: datetime) -> Sequence[GoldenRun]:
        """Return runs that are not finished and that nobody holds, oldest first."""


class GoldenStore(GoldenRecord, RunJournal, Protocol):
    """Golden cases, runs and their results."""

    def import_cases(
        self, deployment: str, cases: Sequence[GoldenCase], *, actor: str, at: datetime
    ) -> str:
        """Replace a deployment's golden set; return its digest. The same content changes nothing."""

    def add_case(
        self, deployment: str, case: GoldenCase, *, actor: str, at: datetime, source: str
    ) -> str:
        """Add a case, in the place of one with its id; return the set's digest.

        Args:
            source: where it comes from, for the audit trail.
        """

    def cases(self, deployment: str) -> Sequence[GoldenCase]:
        """Return the golden set as imported last; empty if there is none."""

    def save_run(self, run: GoldenRun, results: Mapping[str, Sequence[GoldenResult]]) -> None:
        """Insert or update a run by id, with results per version name (`''`: base model)."""

    def runs(self, deployment: str, limit: int = 20) -> Sequence[GoldenRun]:
        """Return runs, newest first."""
