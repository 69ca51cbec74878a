"""A connection that does not wait for ever for a server that hangs.

`statement_timeout` is kept by the server, and TCP's own limits by its kernel: neither ends the wait
for a server that is stopped, that swaps or that hangs in its disk. This one is kept here, for
Unix sockets too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any, TypeVar

import psycopg
from psycopg import waiting

_Result = TypeVar("_Result")
_Work = Generator[waiting.Wait, waiting.Ready | int, _Result]  # psycopg's: what it waits for next


def connector(limit_s: float) -> Callable[..., psycopg.Connection[Any]]:
    """Return what connects as `psycopg.connect` does, with a limit to every wait of a connection.

    Args:
        limit_s: for one statement, or one block of a COPY.
    """

    class LimitedConnection(psycopg.Connection[Any]):
        def wait(self, gen: _Work[_Result], *args: Any, **options: Any) -> _Result:
            return super().wait(_limited(self, gen, limit_s), *args, **options)

    return LimitedConnection.connect


def _limited(
    connection: psycopg.Connection[Any],
    work: _Work[_Result],
    limit_s: float,
) -> _Work[_Result]:
    """Pass what is waited for on, until it takes too long: then the connection is of no more use.

    Raises `psycopg.OperationalError`.
    """
    deadline = time.monotonic() + limit_s
    try:
        wanted = next(work)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                connection.pgconn.finish()
                raise psycopg.OperationalError(f"no answer within {limit_s:g} s")
            wanted = work.send(ready)
    except StopIteration as done:
        result: _Result = done.value
        return result
