"""Which acts belong to an incident."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rollback.audit import AuditRow, hash_of, next_row
from rollback.incident import Incident, Phase
from rollback.incident_trail import acts

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
V1, V2, OTHER = "support@111111111111", "support@222222222222", "legal@333333333333"
INCIDENT = Incident(
    id="i-1",
    deployment="support",
    opened_at=NOW + timedelta(minutes=4),
    phase=Phase.PROVED,
    from_version=V2,
    to_version=V1,
    reason="harm",
    actor="backstop",
    epoch=2,
    promoted_at=NOW + timedelta(minutes=2),
)
ACTS = (
    ("adapter.add", V1, {}),
    ("adapter.add", V2, {}),
    ("deployment.promote", "support", {"to": V2}),
    ("deployment.promote", "legal", {"to": OTHER}),
    ("deployment.rollback", "support", {"incident": "i-1"}),
    ("adapter.quarantine", V2, {}),
    ("incident.proved", "support", {"incident": "i-1"}),
    ("deployment.promote", "support", {"to": V1}),
)


def trail() -> list[AuditRow]:
    """Return one act a minute."""
    rows: list[AuditRow] = []
    for minute, (action, subject, payload) in enumerate(ACTS):
        at = NOW + timedelta(minutes=minute)
        last = rows[-1] if rows else None
        rows.append(
            next_row(last, at=at, actor="a", action=action, subject=subject, payload=payload)
        )
    return rows


def test_acts_of_the_incident_alone_are_told() -> None:
    """From where the bad version came, to the proof; not other deployments, and not what followed."""
    assert [row.seq for row in acts(trail(), INCIDENT)] == [2, 3, 5, 6, 7]


def test_rows_are_whole() -> None:
    """Each hash can be computed again by whoever has the export."""
    assert all(hash_of(row) == row.hash for row in acts(trail(), INCIDENT))
