"""Messages kept in memory: for tests, and for a service without receivers."""

from __future__ import annotations

from datetime import datetime, timedelta

from monitor.ports.alerts import Limits, Message


class MemorySender:
    """Keeps every message that it is given, once each.

    Args:
        receiver: name of the receiver.
    """

    limits = Limits(pace=timedelta(0))

    def __init__(self, receiver: str) -> None:
        self._receiver = receiver
        self._notices: dict[str, Message] = {}

    @property
    def receiver(self) -> str:
        """Name of the receiver."""
        return self._receiver

    @property
    def notices(self) -> tuple[Message, ...]:
        """What arrived, oldest first; a repeated delivery counts once, as receivers must do."""
        return tuple(self._notices.values())

    async def send(self, message: Message, at: datetime) -> str:
        """Deliver; never fails."""
        self._notices.setdefault(message.id, message)
        return "kept"
