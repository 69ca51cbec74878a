"""Keys of keyed hashes: made once per database, never shown."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection, Engine

from monitor.errors import DatabaseUnavailable
from monitor.storage.database import transaction
from monitor.storage.schema import hash_keys

_BYTES = 32


class HashKey:
    """The key of one purpose, as far as this process has learnt it."""

    def __init__(self, engine: Engine, purpose: str) -> None:
        self._engine = engine
        self._purpose = purpose
        self._asked = False
        self._key: bytes | None = None

    def known(self) -> bytes | None:
        """Return the key; `None` while Postgres has been away ever since the start.

        Only the first call asks Postgres: callers have no time to wait for it again and again.
        """
        if not self._asked:
            self._asked = True
            try:
                with transaction(self._engine) as connection:
                    self.learn(connection)
            except DatabaseUnavailable:
                pass
        return self._key

    def learn(self, connection: Connection) -> None:
        """Read the key while Postgres is there; do nothing if it is known."""
        if self._key is None:
            self._key = _get(connection, self._purpose)


def _get(connection: Connection, purpose: str) -> bytes:
    """Return the key of a purpose; whoever asks first makes it."""
    made = insert(hash_keys).values(purpose=purpose, key=secrets.token_bytes(_BYTES))
    connection.execute(made.on_conflict_do_nothing())
    return bytes(
        connection.execute(
            select(hash_keys.c.key).where(hash_keys.c.purpose == purpose)
        ).scalar_one()
    )
