"""An exchange log in a file, read in batches that a service takes at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import msgspec

from guards import exchange_log
from guards.exchange_fields import BadExchange
from guards.exchange_log import Logged
from monitor.errors import BadRequest

_MOST, _MOST_BYTES = 500, 1 << 20  # of a batch; a longer line is a batch of its own


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines that were read and found good.

    Args:
        body: JSON Lines in which every exchange has its id and its time.
        read: bytes of the file behind which it ends.
    """

    count: int
    body: bytes
    read: int


@dataclass(frozen=True, slots=True)
class LogFile:
    """An exchange log.

    Args:
        written_at: taken for exchanges that do not say when they were. It is the file's own time, so
            that reading the file again gives the same exchanges.
        size: in bytes, `None` if it is not known.
    """

    name: str
    lines: Iterable[bytes]
    written_at: datetime
    size: int | None

    def batches(self, deployment: str | None) -> Iterator[Batch]:
        """Yield batches in the order of the file. Raises `BadRequest` with the line and the field."""
        lines: list[bytes] = []
        size = read = 0
        for number, line in enumerate(self.lines, start=1):
            if line.strip():
                own = self._own(number, line, deployment)
                if lines and (len(lines) >= _MOST or size + len(own) > _MOST_BYTES):
                    yield Batch(len(lines), b"\n".join(lines), read)
                    lines, size = [], 0
                lines.append(own)
                size += len(own)
            read += len(line)
        if lines:
            yield Batch(len(lines), b"\n".join(lines), read)

    def logged(self, deployment: str | None) -> Iterator[tuple[int, int, Logged]]:
        """Yield the line (counted from 0), the bytes read until its end, and what it says.

        Raises `BadRequest` with the line (counted from 1) and the field.
        """
        read = 0
        for number, line in enumerate(self.lines):
            read += len(line)
            if line.strip():
                yield number, read, self._parsed(number + 1, line, deployment)

    def _own(self, number: int, line: bytes, deployment: str | None) -> bytes:
        return _complete(self._parsed(number, line, deployment))

    def _parsed(self, number: int, line: bytes, deployment: str | None) -> Logged:
        try:
            return exchange_log.parse(line, deployment=deployment, started_at=self.written_at)
        except BadExchange as error:
            raise BadRequest(f"{self.name}, line {number}: {error}") from error


@contextmanager
def opened(path: Path) -> Iterator[LogFile]:
    """Open a log, `-` is standard input. Raises `BadRequest` if it cannot be read."""
    if str(path) == "-":
        yield LogFile("standard input", sys.stdin.buffer, datetime.now(UTC), None)
        return
    try:
        file: IO[bytes] = path.open("rb")
    except OSError as error:
        raise BadRequest(f"{path}: cannot be read: {error.strerror}") from error
    with file:
        facts = path.stat()
        written_at = datetime.fromtimestamp(facts.st_mtime, UTC)
        yield LogFile(str(path), file, written_at, facts.st_size)


def _complete(logged: Logged) -> bytes:
    """Return the line of an exchange with its id, its time and its deployment."""
    written = exchange_log.write(logged.exchange, logged.shadow)
    if not logged.names_adapter:
        del written["adapter"]
    return msgspec.json.encode(written)
