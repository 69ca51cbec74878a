"""Conditions that one part finds again at every tick: told when they begin, and when they end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from monitor.ports.alerts import Alarms, Notice, Raised

_AGAIN = timedelta(seconds=30)  # another leader may have told something meanwhile


class Conditions:
    """Settles alarms, and asks the database only where something changed, or now and then."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._settled: dict[str, tuple[frozenset[str], datetime]] = {}

    async def hold(self, watch: str, notices: Mapping[str, Notice], now: datetime) -> None:
        """Tell of what holds anew and of what is over, of the conditions of one watch.

        Args:
            notices: condition → what people are told of it, for all that hold.
        """
        holding = frozenset(notices)
        known, at = self._settled.get(watch, (None, now))
        if known == holding and now - at < _AGAIN:
            return
        await asyncio.to_thread(self._alarms.settle, Raised(watch=watch, notices=notices), now)
        self._settled[watch] = (holding, now)
