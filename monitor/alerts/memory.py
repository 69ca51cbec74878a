"""Notices kept in memory: for tests, and for a service without receivers."""

from __future__ import annotations

from datetime import datetime

from monitor.ports.alerts import Notice


class MemorySender:
    """Keeps every notice that it is given, once each.

    Args:
        receiver: name of the receiver.
    """

    def __init__(self, receiver: str) -> None:
        self._receiver = receiver
        self._notices: dict[str, Notice] = {}

    @property
    def receiver(self) -> str:
        """Name of the receiver."""
        return self._receiver

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What arrived, oldest first; a repeated delivery counts once, as receivers must do."""
        return tuple(self._notices.values())

    async def send(self, notice: Notice, at: datetime) -> None:
        """Deliver; never fails."""
        self._notices.setdefault(notice.id, notice)
