"""COPY, which is the fastest way into Postgres, made safe against repeated batches.

COPY knows no ON CONFLICT. A batch that is all new, which nearly all are, goes straight in; one that
is not goes through a temporary table, at less than half the speed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import errors, sql
from sqlalchemy import Table
from sqlalchemy.engine import Connection

LEAVE = sql.SQL("DO NOTHING")
_COPY = sql.SQL("COPY {target} ({names}) FROM STDIN {format}")
_BINARY = sql.SQL("(FORMAT BINARY)")
_TEXT = sql.SQL("")
_MAKE = sql.SQL("CREATE TEMPORARY TABLE {staging} AS SELECT {names} FROM {target} WITH NO DATA")
_ADD = sql.SQL(
    "INSERT INTO {target} ({names}) SELECT {names} FROM {staging} ON CONFLICT {conflict}"
    " RETURNING {key}"
)
_DROP = sql.SQL("DROP TABLE {staging}")


def copy_new(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    *,
    on_conflict: sql.Composable = LEAVE,
) -> None:
    """Add rows in the connection's transaction; those whose key is there are left out.

    Args:
        on_conflict: what becomes of a row whose key is there, where it is not left out.
    """

    def fill(copy: psycopg.Copy) -> None:
        for row in rows:
            copy.write_row(row)

    way = _Way(table=table, columns=columns, format=_TEXT, fill=fill)
    way.add(driver(connection), on_conflict, key=columns[0])


def copy_ready(
    connection: Connection, table: Table, columns: Sequence[str], content: bytes, *, key: str
) -> Sequence[str] | None:
    """Add rows that stand ready in COPY's binary format; those whose key is there are left out.

    Args:
        key: text column that names a row.

    Returns:
        The names of the rows that were added, or `None` where all were.
    """
    way = _Way(table=table, columns=columns, format=_BINARY, fill=lambda copy: copy.write(content))
    return way.add(driver(connection), LEAVE, key=key)


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Return psycopg's connection."""
    found = connection.connection.driver_connection
    if not isinstance(found, psycopg.Connection):
        raise TypeError(f"COPY needs psycopg, not {type(found).__name__}")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """Rows on their way into the columns of a table."""

    table: Table
    columns: Sequence[str]
    format: sql.SQL
    fill: Callable[[psycopg.Copy], None]

    def add(
        self, connection: psycopg.Connection[Any], on_conflict: sql.Composable, *, key: str
    ) -> Sequence[str] | None:
        """Add the rows; return the keys of those added where not all were new."""
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before_copy")
            try:
                self._copy(cursor, self.table.name)
            except errors.UniqueViolation:
                cursor.execute("ROLLBACK TO SAVEPOINT before_copy")
                return self._stage(cursor, on_conflict, key)
        return None

    def _stage(
        self, cursor: psycopg.Cursor[Any], on_conflict: sql.Composable, key: str
    ) -> Sequence[str]:
        staging = f"staging_{self.table.name}"
        parts = {
            "staging": sql.Identifier(staging),
            "target": sql.Identifier(self.table.name),
            "names": self._names,
            "conflict": on_conflict,
            "key": sql.Identifier(key),
        }
        cursor.execute(_MAKE.format(**parts))
        self._copy(cursor, staging)
        cursor.execute(_ADD.format(**parts))
        added = [row[0] for row in cursor.fetchall()]
        cursor.execute(_DROP.format(**parts))
        return added

    def _copy(self, cursor: psycopg.Cursor[Any], target: str) -> None:
        statement = _COPY.format(
            target=sql.Identifier(target), names=self._names, format=self.format
        )
        with cursor.copy(statement) as copy:
            self.fill(copy)

    @property
    def _names(self) -> sql.Composed:
        return sql.SQL(", ").join(map(sql.Identifier, self.columns))
