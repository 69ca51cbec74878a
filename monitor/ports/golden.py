"""Golden cases, runs and results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from guards.flakiness import Spread
from guards.golden import GoldenCase, GoldenResult
from guards.verdicts import Verdict


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


class GoldenStore(GoldenRecord, Protocol):
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
