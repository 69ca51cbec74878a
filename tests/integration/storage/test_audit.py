"""Tests of `monitor.storage.audit`."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from monitor.ports.stores import Stores
from rollback.audit import verify
from tests.integration.storage.builders import NOW

pytestmark = pytest.mark.integration


def _append(stores: Stores, subject: str, **payload: object) -> None:
    stores.audit.append(actor="ann", action="test", subject=subject, payload=payload, at=NOW)


def test_the_chain_survives_storage(stores: Stores) -> None:
    """Numbers, texts and moments read back hash to the same chain."""
    _append(stores, "numbers", big=1e300, whole=1e16, small=5e-324, zero=-0.0, n=float("nan"))
    _append(stores, "texts", odd="a\0b\ud800", deep={"b": [1, {"a": None}]}, at=NOW)
    rows = list(stores.audit.rows())
    assert [row.seq for row in rows] == [1, 2]
    assert verify(rows).intact


def test_writers_at_a_time_make_one_chain(stores: Stores) -> None:
    """Eight threads leave a chain without gap or branch."""
    threads = [threading.Thread(target=_append, args=(stores, str(number))) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = list(stores.audit.rows())
    assert [row.seq for row in rows] == list(range(1, 9))
    assert verify(rows).intact


def test_an_edit_shows(stores: Stores, engine: Engine) -> None:
    """A row changed behind Backstop's back breaks the chain there."""
    for number in range(3):
        _append(stores, str(number))
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_log SET actor = 'eve' WHERE seq = 2"))
    found = verify(stores.audit.rows())
    assert (found.intact, found.bad_seq) == (False, 2)


def test_the_newest_acts_come_first(stores: Stores) -> None:
    """Up to the limit, without reading the whole trail."""
    for subject in ("0", "1", "2"):
        _append(stores, subject)
    assert [row.subject for row in stores.audit.newest(2)] == ["2", "1"]
