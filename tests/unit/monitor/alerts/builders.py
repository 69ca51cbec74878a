"""Values for the tests of senders, with everything but what a test is about filled in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from monitor.alerts.message import compose
from monitor.ports.alerts import Delivery, Message, Notice

FACTS = {
    "deployment": "support",
    "since": "2026-01-01T00:00:00+00:00",
    "reason": "evidence of harm 250,000 reached the line 100,000",
    "from": "support@2",
    "to": "support@1",
    "exposure": 14,
    "durations": {"to decision": 12.34, "to flip": 0.031},
    "actor": "backstop",
    "link": "https://backstop.example/incidents/7",
}


def notice(
    title: str = "support was rolled back",
    *,
    kind: str = "proved",
    severity: str = "critical",
    **facts: Any,
) -> Notice:
    """Return a notice."""
    return Notice(
        id="7",
        kind=kind,
        severity=severity,
        title=title,
        facts=facts,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def delivery(told: Notice | None = None, **facts: Any) -> Delivery:
    """Return a first delivery; `facts` are its fields."""
    return Delivery(notice=told or notice(**FACTS), receiver="chat", attempt=0, **facts)


def message(
    title: str = "support was rolled back",
    *,
    kind: str = "proved",
    severity: str = "critical",
    picture: bytes | None = None,
    **facts: Any,
) -> Message:
    """Return a message."""
    return compose(delivery(notice(title, kind=kind, severity=severity, **facts)), picture)
