"""Audit trails for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rollback.audit import AuditRow, next_row

START = datetime(2026, 1, 1, tzinfo=UTC)


def chain(length: int, payload: Mapping[str, Any] | None = None) -> list[AuditRow]:
    """Return a trail of acts, a second apart."""
    rows: list[AuditRow] = []
    for number in range(length):
        rows.append(
            next_row(
                rows[-1] if rows else None,
                at=START + timedelta(seconds=number),
                actor="operator",
                action="promote",
                subject="support",
                payload=payload or {"number": number},
            )
        )
    return rows
