"""Long lists as people look through them: filtered, newest first, a page at a time.

A page begins after the last row of the page before it, which its key names; so a page far down a
table of millions costs what the first one does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun
from monitor.ports.record import RecordedExchange
from rollback.audit import AuditRow
from rollback.incident import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a page begins: after this row, in the order of time and id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFilter:
    """Which answers of a deployment are wanted; what is `None` or empty does not matter.

    Args:
        since, until: of [since, until), by the time at which a request came.
        adapter: version by its name; an empty name is the base model.
        finding: words in what guards and signals said of an answer.
        text: words in the prompt or the answer, where these are kept.
    """

    deployment: str
    since: datetime | None = None
    until: datetime | None = None
    adapter: str | None = None
    verdict: Verdict | None = None
    finding: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of answers.

    Args:
        place: where the next page begins, `None` after the last one. A search that reached its
            limit has a next page though it may have found nothing yet.
        searched_to: how far back the search has looked, if it reached its limit.
    """

    rows: Sequence[RecordedExchange]
    place: Place | None
    searched_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFilter:
    """Which acts are wanted: exact names, empty is every one. `action` may end before a dot."""

    actor: str = ""
    action: str = ""
    subject: str = ""


class Listings(Protocol):
    """Long lists, a page at a time."""

    def exchanges(self, wanted: ExchangeFilter, after: Place | None, limit: int) -> Found:
        """Return a page of answers, newest first."""

    def audit(self, wanted: AuditFilter, before: int | None, limit: int) -> Sequence[AuditRow]:
        """Return acts with numbers below `before`, newest first."""

    def incidents(
        self, deployment: str | None, after: Place | None, limit: int
    ) -> Sequence[Incident]:
        """Return incidents, newest first."""

    def golden_runs(
        self, deployment: str | None, after: Place | None, limit: int
    ) -> Sequence[GoldenRun]:
        """Return golden runs, newest first."""
