"""Where packed batches wait on this machine's disk while Postgres is away."""

from __future__ import annotations

from typing import Protocol

from monitor.ports.record import PackedBatch


class Spool(Protocol):
    """A bounded queue of batches, oldest first, that outlives this process."""

    def put(self, batch: PackedBatch) -> bool:
        """Keep a batch behind all others; False, and its answers are counted, without room.

        A batch of a replica and number that waits already changes nothing. Raises `OSError` where
        the disk fails.
        """

    def oldest(self) -> PackedBatch | None:
        """Return the batch that has waited longest; one that was torn by a crash is passed over."""

    def forget(self, batch: PackedBatch) -> None:
        """Take a batch out, since it is recorded; do nothing if it is not there."""

    @property
    def waiting(self) -> int:
        """How many answers wait."""

    @property
    def dropped(self) -> int:
        """How many answers found no room, since this spool was opened."""

    @property
    def torn(self) -> int:
        """How many answers were in files that cannot be read, since this spool was opened."""
