"""Anchors of the audit trail, posted to a signed webhook of somebody else's."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from monitor.alerts.message import compose
from monitor.ports.alerts import Delivery, Notice, Sender
from monitor.ports.audit import AnchorKeeper
from rollback.audit_anchors import Anchor


class PostedAnchors(AnchorKeeper):
    """`ports.AnchorKeeper` behind a sender. A receiver cannot be asked what it has."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._newest: Anchor | None = None

    async def keep(self, anchor: Anchor) -> None:
        """Post a head, under the same id at every attempt. Raises `DeliveryError`."""
        now = datetime.now(UTC)
        receiver = self._sender.receiver
        delivery = Delivery(notice=_notice(anchor, now), receiver=receiver, attempt=0)
        await self._sender.send(compose(delivery), now)
        self._newest = anchor

    async def newest(self) -> Anchor | None:
        """Return what this process posted last."""
        return self._newest


def _notice(anchor: Anchor, now: datetime) -> Notice:
    key = f"audit anchor:{anchor.seq}:{anchor.hash}"
    return Notice(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
        kind="audit_anchor",
        severity="info",
        title=f"the audit trail's row {anchor.seq}",
        facts={"seq": anchor.seq, "hash": anchor.hash},
        created_at=anchor.at or now,
    )
