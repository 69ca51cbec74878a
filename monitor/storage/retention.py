"""What is older than it may be kept, and how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine

from monitor.errors import BadRequest
from monitor.ports.retention import Erased, Retention
from monitor.storage import erasure, partitions
from monitor.storage.database import transaction
from monitor.storage.hash_key import HashKey

_EXCHANGES = "exchanges"
_TEXTS = "prompt IS NOT NULL OR output IS NOT NULL"
_WAS_READ = (
    "EXISTS (SELECT FROM read_positions WHERE read_positions.replica = observations.replica"
    " AND read_positions.number >= observations.number)"
)
# What the newest run of a version taught is still in use.
_OLDER_RUN = (
    "EXISTS (SELECT FROM golden_runs AS newer WHERE newer.deployment = golden_runs.deployment"
    " AND newer.subject IS NOT DISTINCT FROM golden_runs.subject"
    " AND newer.started_at > golden_runs.started_at)"
)
_FORGET_POSITIONS = text(
    "DELETE FROM read_positions WHERE NOT EXISTS"
    " (SELECT FROM observations WHERE observations.replica = read_positions.replica)"
)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a table that go once `moment` is past them.

    Args:
        column: of their time; beside: what else must hold.
        change: what is set, where the row itself stays.
    """

    table: str
    column: str
    beside: str = "true"
    change: str | None = None

    def count(self, connection: Connection, moment: datetime) -> int:
        """Return how many they are."""
        wanted = text(f"SELECT count(*) FROM {self.table} WHERE {self._condition}")
        return int(connection.execute(wanted, {"moment": moment}).scalar_one())

    def remove(self, connection: Connection, moment: datetime) -> int:
        """Delete or change them; return how many they were."""
        act = (
            f"UPDATE {self.table} SET {self.change}" if self.change else f"DELETE FROM {self.table}"
        )
        done = connection.execute(text(f"{act} WHERE {self._condition}"), {"moment": moment})
        return done.rowcount

    @property
    def _condition(self) -> str:
        return f"{self.column} < :moment AND ({self.beside})"


def _of_step(step: str) -> tuple[_Rows, ...]:
    return tuple(_Rows(table, "bucket", f"step = '{step}'") for table in ("rollups", "levels"))


_KINDS: Mapping[str, tuple[_Rows, ...]] = {
    _EXCHANGES: (_Rows("exchanges", "started_at"),),
    "text": (_Rows("exchanges", "started_at", _TEXTS, "prompt = NULL, output = NULL"),),
    "evidence": (_Rows("evidence_points", "at"), _Rows("observations", "at", _WAS_READ)),
    "feedback": (_Rows("feedback", "at"),),
    "golden_runs": (_Rows("golden_runs", "started_at", _OLDER_RUN),),
    **{f"indicators_{step}": _of_step(step) for step in ("minute", "hour", "day")},
}
KINDS = tuple(_KINDS)


class PostgresRetention(Retention):
    """`ports.Retention` on Postgres."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._key = HashKey(engine, "subjects")

    def due(self, keep: Mapping[str, timedelta], now: datetime) -> Mapping[str, int]:
        """Return how many rows of each kind are older than it may be kept; change nothing."""
        with transaction(self._engine) as connection:
            return {
                kind: sum(each.count(connection, moment) for each in _KINDS[kind])
                for kind, moment in _moments(keep, now)
            }

    def expire(self, keep: Mapping[str, timedelta], now: datetime) -> Mapping[str, int]:
        """Delete them, in a transaction for each kind; return how many they were."""
        gone = {}
        for kind, moment in _moments(keep, now):
            with transaction(self._engine) as connection:
                dropped = partitions.drop_before(connection, moment) if kind == _EXCHANGES else 0
                rows = (each.remove(connection, moment) for each in _KINDS[kind])
                gone[kind] = dropped + sum(rows)
                connection.execute(_FORGET_POSITIONS)
        return gone

    def erase(self, subject: str, *, actor: str, at: datetime) -> Erased:
        """Delete the answers of a subject and what was said of them; say so in the audit trail."""
        with transaction(self._engine) as connection:
            self._key.learn(connection)
            key = self._key.known() or b""
            return erasure.erase(connection, subject, key, actor=actor, at=at)


def _moments(keep: Mapping[str, timedelta], now: datetime) -> Iterator[tuple[str, datetime]]:
    for kind, length in keep.items():
        if kind not in _KINDS:
            raise BadRequest(f"there is nothing called {kind!r} to keep; known: {', '.join(KINDS)}")
        yield kind, now - length
