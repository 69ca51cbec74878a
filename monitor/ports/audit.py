"""The audit trail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from rollback.audit import AuditRow


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
