"""Named points of a promotion and a rollback: where a test ends the process, to see what is left."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Protocol

from monitor.ports.alerts import Limits, Message, Sender


class Failpoint(Enum):
    """A point between two steps. What is named has been done; what comes next has not."""

    PROMOTE_VERIFIED = "promote.verified"  # means that the version answered its probes
    PROMOTE_GATED = "promote.gated"  # means that it passed the gate; nothing has moved
    PROMOTE_FLIPPED = "promote.flipped"  # means that the transaction is committed
    PROMOTE_ROUTED = "promote.routed"  # means that the new routes were sent out
    PROMOTE_ACKNOWLEDGED = "promote.acknowledged"  # means that this replica says it follows
    ROLLBACK_DECIDED = "rollback.decided"  # means that nothing is written yet
    ROLLBACK_FLIPPED = "rollback.flipped"  # means that the transaction is committed
    ROLLBACK_ROUTED = "rollback.routed"  # means that the new routes were sent out
    ROLLBACK_FOLLOWED = "rollback.followed"  # means that every replica follows; unwritten
    ROLLBACK_CONVERGED = "rollback.converged"  # means that this is written
    ROLLBACK_PROBED = "rollback.probed"  # means that the engine answered the probes; unwritten
    ROLLBACK_PROVED = "rollback.proved"  # means that what they showed is written
    ALERT_SENT = "alert.sent"  # means that a receiver has the notice; unwritten


class Failpoints(Protocol):
    """What happens at the points."""

    def reach(self, point: Failpoint) -> None:
        """Pass a point, or do not come back."""


class NoFailpoints:
    """Every point is passed. Implements `Failpoints`."""

    def reach(self, point: Failpoint) -> None:
        """Do nothing."""


class Sending:
    """A sender with a point behind it. Implements `ports.Sender`."""

    def __init__(self, sender: Sender, failpoints: Failpoints) -> None:
        self._sender = sender
        self._failpoints = failpoints

    @property
    def receiver(self) -> str:
        """Name from the configuration."""
        return self._sender.receiver

    @property
    def limits(self) -> Limits:
        """What the channel bears."""
        return self._sender.limits

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver; see `ports.Sender`."""
        answer = await self._sender.send(message, at)
        self._failpoints.reach(Failpoint.ALERT_SENT)
        return answer
