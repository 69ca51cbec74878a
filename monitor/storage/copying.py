"""COPY, which is the fastest way into Postgres, made safe against repeated batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.engine import Connection


def copy_new(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Add rows by COPY, in the connection's transaction; those whose key is there are left out.

    COPY itself knows no ON CONFLICT, so the rows go through a temporary table of the session.
    """
    staging = sql.Identifier(f"staging_{table.name}")
    target = sql.Identifier(table.name)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with _driver(connection).cursor() as cursor:
        cursor.execute(_MAKE.format(staging=staging, names=names, target=target))
        with cursor.copy(_COPY.format(staging=staging, names=names)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(_ADD.format(staging=staging, names=names, target=target))
        cursor.execute(_DROP.format(staging=staging))


_MAKE = sql.SQL(
    "CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS SELECT {names} FROM {target} WITH NO DATA"
)
_COPY = sql.SQL("COPY {staging} ({names}) FROM STDIN")
_ADD = sql.SQL(
    "INSERT INTO {target} ({names}) SELECT {names} FROM {staging} ON CONFLICT DO NOTHING"
)
_DROP = sql.SQL("DROP TABLE {staging}")


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(driver).__name__}")
    return driver
