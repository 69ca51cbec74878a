"""Keys of keyed hashes: made once per database, never shown."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import Connection

from monitor.storage.schema import hash_keys

_BYTES = 32


def get(connection: Connection, purpose: str) -> bytes:
    """Return the key of a purpose; whoever asks first makes it."""
    made = insert(hash_keys).values(purpose=purpose, key=secrets.token_bytes(_BYTES))
    connection.execute(made.on_conflict_do_nothing())
    return bytes(
        connection.execute(
            select(hash_keys.c.key).where(hash_keys.c.purpose == purpose)
        ).scalar_one()
    )
