"""The names of signals, stored once for each set of them; see `packing`."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from monitor.storage.packing import SignalNames
from monitor.storage.schema import signal_sets


class SignalSets:
    """The sets that are known to be in the database."""

    def __init__(self) -> None:
        self._known: frozenset[int] = frozenset()

    def add(self, connection: Connection, sets: Mapping[int, SignalNames]) -> None:
        """Store the sets that are new."""
        new = sorted(sets.keys() - self._known)  # in one order, so that no two wait for each other
        if new:
            rows = [{"id": number, "names": list(sets[number])} for number in new]
            connection.execute(insert(signal_sets).values(rows).on_conflict_do_nothing())

    def remember(self, sets: Mapping[int, SignalNames]) -> None:
        """Take sets for known, now that they are committed."""
        self._known |= sets.keys()
