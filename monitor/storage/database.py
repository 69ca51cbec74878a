"""Connections and transactions; the one place where Postgres' errors become ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy
from psycopg import errors as pg
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Connection, Dialect, Engine, make_url

from monitor.errors import BackstopError, ConfigError, Conflict, DatabaseUnavailable
from monitor.storage import limited_connection, values

DEAD_PEER: Mapping[str, int] = {  # a machine that is gone says nothing: TCP finds out
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_CONNECT_LIMITS_S = (2, 5)  # 2 is the shortest that there is
_LOCK_LIMIT_S = 20.0
_GRACE_S = 2.0  # the server's own limits come first, and say more
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    pg.ReadOnlySqlTransaction,  # a standby, for as long as a failover lasts
    pg.IdleInTransactionSessionTimeout,
)


def open_engine(url: str, *, pool_size: int = 5, patience_s: float = 60.0) -> Engine:
    """Return an engine for a `postgresql://` URL; it connects when it is first used.

    Args:
        patience_s: how long one statement may take; it may wait half as long for a lock. A server
            that hangs is given up two seconds later, and when it cannot be reached anew in
            `patience_s` either (five seconds at most): at 4, `transaction` raises within 10.

    Raises `ConfigError` for a URL that is none, or of another database.
    """
    engine = sqlalchemy.create_engine(
        _checked(url),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=min(patience_s, 30.0),
        pool_pre_ping=True,
        json_serializer=values.dumps,
        connect_args={
            "connect_timeout": _connect_limit_s(patience_s),
            "options": _session(patience_s),
            **DEAD_PEER,
        },
    )
    connect = limited_connection.connector(patience_s + _GRACE_S)

    @event.listens_for(engine, "do_connect")
    def _connect(
        dialect: Dialect, record: Any, arguments: list[Any], options: dict[str, Any]
    ) -> psycopg.Connection[Any]:
        return connect(*arguments, **options)

    return engine


def _connect_limit_s(patience_s: float) -> int:
    shortest, longest = _CONNECT_LIMITS_S
    return max(shortest, min(longest, int(patience_s)))


def _session(patience_s: float) -> str:
    lock_s = min(_LOCK_LIMIT_S, patience_s / 2)
    limits = f"statement_timeout={patience_s * 1000:.0f} -c lock_timeout={lock_s * 1000:.0f}"
    return f"-c timezone=UTC -c {limits}"


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Do everything or nothing, and translate what Postgres refuses.

    Raises `DatabaseUnavailable` where it does not answer in time or has no room left, and
    `Conflict` where somebody else was faster.
    """
    try:
        with engine.begin() as connection:
            yield connection
    except exc.TimeoutError as error:
        raise DatabaseUnavailable("every connection to Postgres is busy: try again") from error
    except exc.StatementError as error:
        raise _told(engine, error.orig or error) from error
    except psycopg.Error as error:  # raised by COPY, which goes past SQLAlchemy
        raise _told(engine, error) from error


def _told(engine: Engine, error: BaseException) -> BackstopError | BaseException:
    """Translate an error; after one of a standby, connect anew: its address may be another's now."""
    if isinstance(error, pg.ReadOnlySqlTransaction):
        engine.dispose()
    return _translated(error)


def _translated(error: BaseException) -> BackstopError | BaseException:
    said = str(error).strip().partition("\n")[0]
    if isinstance(error, pg.UniqueViolation | pg.ForeignKeyViolation | pg.CheckViolation):
        return Conflict(f"Postgres refuses it: {said}")
    if isinstance(error, pg.InsufficientPrivilege):
        return ConfigError(f"Postgres does not allow it ({said}): give its user the right to")
    if isinstance(error, pg.UndefinedTable | pg.UndefinedColumn):
        return ConfigError(f"the database lacks its tables ({said}): run `backstop db upgrade`")
    if isinstance(error, _AWAY):
        return DatabaseUnavailable(f"Postgres {_state(error)}: {said}")
    return error


def _state(error: psycopg.Error) -> str:
    """Tell a server that is not reached from one that gives a reason (a full disk, a lock)."""
    return "does not answer" if error.sqlstate is None else "cannot do it now"


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except exc.ArgumentError:
        raise ConfigError(
            "database is no URL: write embedded, or postgresql://user@host/name"
        ) from None
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigError(
            f"database {parsed.get_backend_name()} is not supported: Backstop needs PostgreSQL"
        )
    return parsed.set(drivername="postgresql+psycopg")
