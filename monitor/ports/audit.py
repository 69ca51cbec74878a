"""The audit trail, and where its head is kept outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from rollback.audit import AuditRow
from rollback.audit_anchors import Anchor


class AuditLog(Protocol):
    """The append-only hash chain."""

    def append(
        self, *, actor: str, action: str, subject: str, payload: Mapping[str, Any], at: datetime
    ) -> None:
        """Add a row in a transaction of its own."""

    def rows(self) -> Iterator[AuditRow]:
        """Return every row, oldest first, streamed."""

    def row(self, seq: int) -> AuditRow | None:
        """Return the row of a number, if it is there."""

    def newest(self, limit: int) -> Sequence[AuditRow]:
        """Return the last rows, newest first."""


class AnchorKeeper(Protocol):
    """A place outside the database that remembers the trail's head."""

    async def keep(self, anchor: Anchor) -> None:
        """Remember a head. Raises `DeliveryError` or `Unavailable` if that fails."""

    async def newest(self) -> Anchor | None:
        """Return the head that was kept last, if this place can tell. Raises `Unavailable`."""
