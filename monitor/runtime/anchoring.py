"""Anchors the head of the audit trail outside, and tells people when an anchor is contradicted."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import structlog

from monitor.errors import BackstopError
from monitor.ports.alerts import Notice, Outbox
from monitor.ports.audit import AnchorKeeper, AuditLog
from rollback.audit_anchors import Anchor

log = structlog.get_logger(__name__)


class Anchoring:
    """Keeps the trail's head in every keeper.

    Args:
        keepers: by name, for messages.
        leads: whether this process leads: one process anchors.
    """

    def __init__(
        self,
        trail: AuditLog,
        outbox: Outbox,
        keepers: Mapping[str, AnchorKeeper],
        leads: Callable[[], bool],
    ) -> None:
        self._trail = trail
        self._outbox = outbox
        self._keepers = dict(keepers)
        self._leads = leads

    async def run(self, every: timedelta) -> None:
        """Anchor again and again until cancelled; what fails is logged, and tried again."""
        while True:
            if self._leads():
                await self.anchor()
            await asyncio.sleep(every.total_seconds())

    async def anchor(self) -> None:
        """Anchor the head where it has changed since; one keeper's trouble is not another's."""
        for name, keeper in self._keepers.items():
            try:
                await self._anchor_in(name, keeper)
            except BackstopError as error:
                log.error("audit trail not anchored", keeper=name, error=str(error))

    async def _anchor_in(self, name: str, keeper: AnchorKeeper) -> None:
        kept = await keeper.newest()
        if kept is not None and not await self._is_there(kept):
            # An anchor of what is there now would hide what was there before.
            await self._tell(name, kept)
            return
        head = await asyncio.to_thread(self._trail.newest, 1)
        if head and (kept is None or head[0].hash != kept.hash):
            await keeper.keep(Anchor(seq=head[0].seq, hash=head[0].hash, at=datetime.now(UTC)))

    async def _is_there(self, kept: Anchor) -> bool:
        row = await asyncio.to_thread(self._trail.row, kept.seq)
        return row is not None and row.hash == kept.hash

    async def _tell(self, name: str, kept: Anchor) -> None:
        log.error("audit trail contradicts its anchor", keeper=name, anchor=str(kept))
        notice = Notice(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, f"audit:{kept.seq}:{kept.hash}")),
            kind="audit",
            severity="critical",
            title="the audit trail was tampered with",
            facts={
                "reason": f"{kept} remembers a row that is not there any more; "
                "`backstop audit verify` says more",
                "anchored in": name,
            },
            created_at=datetime.now(UTC),
        )
        await asyncio.to_thread(self._outbox.put, notice)
