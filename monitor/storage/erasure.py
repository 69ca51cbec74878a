"""The answers of one subject, erased; the audit trail says that it happened, and not whose."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select, text, update
from sqlalchemy.engine import Connection

from monitor.ports.record import Observed
from monitor.ports.retention import Erased
from monitor.storage import audit, observation_items, values
from monitor.storage.schema import observations

ACTION = "subject.erase"
_HASH_BYTES = 16
_PAGE = 50
_NAMED = "(caller = :subject OR tags ->> 'subject' = :subject OR tags ->> 'user' = :subject)"
_OWN = text(f"SELECT id FROM exchanges WHERE {_NAMED}")
_GONE = text(f"DELETE FROM exchanges WHERE id = ANY(:ids) AND {_NAMED}")
_UNSAID = text("DELETE FROM feedback WHERE exchange = ANY(:ids)")


def erase(connection: Connection, subject: str, key: bytes, *, actor: str, at: datetime) -> Erased:
    """Erase in the caller's transaction; see `ports.Retention.erase`.

    Args:
        key: of the subjects' hashes.
    """
    name = values.text(subject)
    hashed = hashlib.blake2b(name.encode(), key=key, digest_size=_HASH_BYTES).hexdigest()
    ids = _ids(connection, name)
    found = {"ids": list(ids), "subject": name}
    erased = Erased(
        subject=hashed,
        exchanges=connection.execute(_GONE, found).rowcount,
        feedback=connection.execute(_UNSAID, {"ids": list(ids)}).rowcount,
        observations=sum(_made_nameless(connection, name, hashed, ids)),
    )
    audit.add(
        connection,
        actor=actor,
        action=ACTION,
        subject=f"subject:{hashed}",
        payload={
            "exchanges": erased.exchanges,
            "feedback": erased.feedback,
            "observations": erased.observations,
        },
        at=at,
    )
    return erased


def _ids(connection: Connection, subject: str) -> frozenset[str]:
    return frozenset(connection.execute(_OWN, {"subject": subject}).scalars())


def _made_nameless(
    connection: Connection, subject: str, hashed: str, ids: frozenset[str]
) -> Iterator[int]:
    """Yield of each batch how many answers lost their names and words; their scores are kept."""
    last = 0
    while page := _page(connection, last):
        for seq, items in page:
            seen = observation_items.unpack(items)
            told = [_nameless(each, subject, hashed, ids) for each in seen]
            changed = sum(new is not old for new, old in zip(told, seen, strict=True))
            if changed:
                new = update(observations).where(observations.c.seq == seq)
                connection.execute(new.values(items=observation_items.pack(told)))
            yield changed
        last = page[-1][0]


def _page(connection: Connection, after: int) -> list[tuple[int, bytes]]:
    batches = observations.c
    following = select(batches.seq, batches["items"]).where(batches.seq > after)
    rows = connection.execute(following.order_by(batches.seq).limit(_PAGE))
    return [(seq, bytes(items)) for seq, items in rows]


def _nameless(each: Observed, subject: str, hashed: str, ids: frozenset[str]) -> Observed:
    own = each.observation
    if own.caller != subject and own.exchange_id not in ids:
        return each
    caller = None if own.caller is None else hashed
    erased = replace(own, exchange_id=f"erased-{hashed}", caller=caller, words=None)
    return replace(each, observation=erased)
