"""Tests of `monitor.storage.audit` and of who may change the audit log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text
from sqlalchemy.engine import Connection, Engine

from monitor.errors import ConfigError
from monitor.ports.stores import Stores
from monitor.storage.audit import PostgresAuditLog
from monitor.storage.database import open_engine, transaction
from monitor.storage.embedded import for_service
from monitor.storage.schema import audit_log
from monitor.storage.stores import open_stores
from rollback.audit import AuditRow, next_row
from rollback.audit_anchors import Anchor
from rollback.audit_verification import Tampering, verify
from tests.integration.conftest import NoArtifacts
from tests.integration.storage.builders import (
    NOW,
    V1,
    V2,
    add_verified,
    batch,
    promotion,
    rollback,
    version,
    write,
)

pytestmark = pytest.mark.integration

_LENGTH = 7


@pytest.fixture
def service(database_url: str) -> Iterator[Engine]:
    """An engine as the service opens it on its embedded database."""
    opened = open_engine(for_service(database_url))
    yield opened
    opened.dispose()


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


def test_the_newest_acts_come_first(stores: Stores) -> None:
    """Up to the limit, without reading the whole trail; a row is also found by its number."""
    for subject in ("0", "1", "2"):
        _append(stores, subject)
    assert [row.subject for row in stores.audit.newest(2)] == ["2", "1"]
    found = stores.audit.row(2)
    assert found is not None
    assert found.subject == "1"
    assert stores.audit.row(4) is None


_CHANGES = (
    "UPDATE audit_log SET actor = 'eve'",
    "DELETE FROM audit_log",
    "TRUNCATE audit_log",
)
_DETOURS = (
    "ALTER TABLE audit_log DISABLE TRIGGER ALL",
    "DROP TABLE audit_log",
    "DROP FUNCTION backstop_guard_audit CASCADE",
    "SET session_replication_role = replica",
    "SET ROLE backstop",
    "ALTER TABLE adapters DISABLE TRIGGER ALL",
    "UPDATE alembic_version SET version_num = '0001'",
)


@pytest.mark.parametrize("statement", [*_CHANGES, *_DETOURS])
def test_the_service_is_denied_every_change(
    stores: Stores, service: Engine, statement: str
) -> None:
    """Its role may add rows and read them; what guards them is not its own either."""
    _append(stores, "0")
    with pytest.raises(ConfigError, match=r"permission denied|must be owner"):
        _run(service, statement)
    assert [row.actor for row in stores.audit.rows()] == ["ann"]


def _run(engine: Engine, statement: str) -> None:
    with transaction(engine) as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", _CHANGES)
def test_even_the_owner_is_refused(stores: Stores, engine: Engine, statement: str) -> None:
    """Until the guard is taken away, for which the service has no right."""
    _append(stores, "0")
    with pytest.raises(ConfigError, match="the audit log is append-only"):
        _run(engine, statement)


def test_the_service_can_do_all_of_its_work(service: Engine) -> None:
    """Partitions, versions, flips, records and retention need no other right."""
    stores = open_stores(service, NoArtifacts())
    stores.deployments.ensure("support")
    for name, label in ((V1, "v1"), (V2, "v2")):
        add_verified(stores, version(name, label))
    stores.deployments.flip(promotion(V1, None, 0))
    stores.deployments.flip(promotion(V2, V1, 1))
    stores.deployments.flip(rollback(2))
    write(stores, batch(1, 2, 3))
    stores.indicators.roll_up(NOW)
    later = NOW + timedelta(days=2)
    gone = stores.retention.expire({"exchanges": timedelta()}, later)
    assert gone == {"exchanges": 3}
    assert verify(stores.audit.rows()).intact


def _chain() -> list[AuditRow]:
    rows: list[AuditRow] = []
    for number in range(_LENGTH):
        last = rows[-1] if rows else None
        payload = {"number": number}
        rows.append(
            next_row(last, at=NOW, actor="ann", action="test", subject="s", payload=payload)
        )
    return rows


def _lay_down(connection: Connection, rows: list[AuditRow]) -> None:
    """Put rows in the table, as only its owner can after taking the guard away."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("DELETE FROM audit_log"))
    columns = [column.name for column in audit_log.columns]
    for row in rows:
        connection.execute(insert(audit_log).values({c: getattr(row, c) for c in columns}))


def _edit(connection: Connection, row: int) -> None:
    connection.execute(text("UPDATE audit_log SET payload = '{}' WHERE seq = :n"), {"n": row})


def _delete(connection: Connection, row: int) -> None:
    connection.execute(text("DELETE FROM audit_log WHERE seq = :n"), {"n": row})


def _close_up(connection: Connection, row: int) -> None:
    _delete(connection, row)
    for number in range(row + 1, _LENGTH + 1):
        connection.execute(text("UPDATE audit_log SET seq = :to WHERE seq = :n"), {"n": number, "to": number - 1})  # fmt: skip


def _swap(connection: Connection, row: int) -> None:
    for start, to in ((row, 0), (row + 1, row), (0, row + 1)):
        connection.execute(
            text("UPDATE audit_log SET seq = :to WHERE seq = :n"), {"n": start, "to": to}
        )


def _cut(connection: Connection, row: int) -> None:
    connection.execute(text("DELETE FROM audit_log WHERE seq >= :n"), {"n": row})


def _rewrite(connection: Connection, row: int) -> None:
    rows = _chain()[: row - 1]
    for old in _chain()[row - 1 :]:
        last = rows[-1] if rows else None
        actor = "eve" if old.seq == row else old.actor
        rows.append(
            next_row(last, at=old.at, actor=actor, action="test", subject="s", payload=old.payload)
        )
    _lay_down(connection, rows)


_ATTACKS: dict[Callable[[Connection, int], None], tuple[Tampering, Callable[[int], int]]] = {
    _edit: (Tampering.EDITED, lambda row: row),
    _delete: (Tampering.DELETED, lambda row: row + 1),
    _close_up: (Tampering.DELETED, lambda row: row),
    _swap: (Tampering.REORDERED, lambda row: row),
    _cut: (Tampering.TRUNCATED, lambda row: row),
    _rewrite: (Tampering.REWRITTEN, lambda row: _LENGTH),
}


@pytest.mark.slow
@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("attack", _ATTACKS, ids=lambda attack: attack.__name__)
@given(row=st.integers(1, _LENGTH - 1))
def test_each_attack_on_the_table_has_its_name(
    engine: Engine, attack: Callable[[Connection, int], None], row: int
) -> None:
    """With an anchor of the head, also what leaves a whole chain behind."""
    rows = _chain()
    with engine.begin() as connection:
        _lay_down(connection, rows)
        attack(connection, row)
    tampering, first_bad = _ATTACKS[attack]
    found = verify(PostgresAuditLog(engine).rows(), [Anchor(seq=_LENGTH, hash=rows[-1].hash)])
    assert (found.tampering, found.bad_seq) == (tampering, first_bad(row))


@pytest.mark.parametrize(
    "change",
    [
        "at = 'infinity'",
        "at = '-infinity'",
        "at = '20000-01-01'",
        "payload = 'null'",
        "payload = '1e999'",
        "payload = repeat('9', 5000)::json",
        "payload = (repeat('[', 900) || repeat(']', 900))::json",
    ],
)
def test_what_nobody_can_read_is_an_edit_like_others(
    stores: Stores, engine: Engine, change: str
) -> None:
    """The verification names the row; it does not fall over it."""
    for subject in ("0", "1", "2"):
        _append(stores, subject)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"UPDATE audit_log SET {change} WHERE seq = 2"))
    found = verify(stores.audit.rows())
    assert (found.tampering, found.bad_seq) == (Tampering.EDITED, 2)
