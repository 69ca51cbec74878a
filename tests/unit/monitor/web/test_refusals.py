"""Refused requests in the audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.errors import DatabaseUnavailable
from monitor.ports.audit import AuditLog
from monitor.web.refusals import Attempt, Refusals, Refused
from rollback.audit import AuditRow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY = timedelta(minutes=5)


class Trail(AuditLog):
    """Remembers what is appended."""

    def __init__(self) -> None:
        self.appended: list[tuple[str, str, Mapping[str, Any]]] = []
        self.is_away = False

    def append(
        self, *, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        if self.is_away:
            raise DatabaseUnavailable("gone")
        self.appended.append((actor, subject, payload))

    def rows(self) -> Iterator[AuditRow]:
        return iter(())

    def row(self, seq: int) -> AuditRow | None:
        return None

    def newest(self, limit: int) -> Sequence[AuditRow]:
        return ()


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def attempt(refused: Refused = Refused.WRONG_TOKEN, who: str | None = None) -> Attempt:
    return Attempt(refused=refused, who=who, method="POST", path="/api/x", peer="10.0.0.9")


def test_a_refusal_says_who_tried_what_from_where():
    """Whoever is not known is a stranger."""
    trail = Trail()
    refusals = Refusals(trail, Clock())
    refusals.note(attempt())
    refusals.note(attempt(Refused.ROLE, "vera"))
    facts = {"method": "POST", "path": "/api/x", "peer": "10.0.0.9"}
    assert trail.appended == [("stranger", "wrong token", facts), ("vera", "role", facts)]


def test_a_flood_writes_few_rows_and_says_how_many_it_left_out():
    """A million attempts leave the burst and one row for each interval."""
    trail, clock = Trail(), Clock()
    refusals = Refusals(trail, clock, burst=3, every=EVERY)
    for _ in range(1000):
        refusals.note(attempt())
    assert len(trail.appended) == 3
    clock.now += EVERY
    for _ in range(1000):
        refusals.note(attempt())
    assert len(trail.appended) == 4
    assert trail.appended[-1][2]["unwritten_before"] == 997


def test_many_wrong_tokens_hide_no_forged_request():
    """Each kind of refusal has a budget of its own."""
    trail = Trail()
    refusals = Refusals(trail, Clock(), burst=1)
    for _ in range(5):
        refusals.note(attempt())
    refusals.note(attempt(Refused.CSRF, "ada"))
    assert [subject for _, subject, _ in trail.appended] == ["wrong token", "forged request"]


def test_a_refusal_is_a_refusal_also_while_postgres_is_away():
    """What cannot be written down is refused all the same."""
    trail = Trail()
    trail.is_away = True
    Refusals(trail, Clock()).note(attempt())
    assert trail.appended == []
