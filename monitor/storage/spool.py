"""Packed batches on this machine's disk while Postgres is away.

One file a batch, written under another name, synced and then renamed: a crash leaves a whole file or
none. A name tells its age, its answers and whose batch it is; the content carries a checksum.
The folder is one process's at a time.
"""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from monitor.ports.record import PackedBatch
from monitor.ports.spool import Spool

log = structlog.get_logger(__name__)

_SUFFIX, _DRAFT, _TORN = ".batch", ".draft", ".torn"
_MAGIC = b"backstop spool 1\n"
_CHECKSUM = 16  # bytes
_DECODER = msgspec.msgpack.Decoder(PackedBatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A batch that waits, as its name tells."""

    path: Path
    age: int  # a later one has a larger number
    count: int
    identity: str
    size: int


class FileSpool(Spool):
    """`ports.Spool` in a folder."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Open the folder, made if need be, and go on with what waits there."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        for draft in folder.glob(f"*{_DRAFT}"):
            draft.unlink()
        files = sorted(map(_described, folder.glob(f"*{_SUFFIX}")), key=lambda file: file.age)
        self._folder = folder
        self._limit = limit_bytes
        self._files = {file.identity: file for file in files}  # oldest first
        self._next = 1 + max((file.age for file in files), default=-1)
        self._aside = sum(file.stat().st_size for file in folder.glob(f"*{_TORN}"))
        self._dropped = 0
        self._torn = 0
        self._lock = threading.Lock()

    def put(self, batch: PackedBatch) -> bool:
        """Keep a batch behind all others; False, and its answers are counted, without room."""
        content = _written(batch)
        with self._lock:
            identity = _identity(batch)
            if identity in self._files:
                return True
            if self._bytes + len(content) > self._limit:
                self._dropped += batch.count
                return False
            path = self._folder / f"{self._next:016d}-{batch.count}-{identity}{_SUFFIX}"
            _write(path, content)
            self._files[identity] = _described(path)
            self._next += 1
        return True

    def oldest(self) -> PackedBatch | None:
        """Return the batch that has waited longest.

        A torn one is moved aside and counted, and so is one that somebody has deleted.
        """
        with self._lock:
            for file in list(self._files.values()):
                try:
                    batch = _read(file.path.read_bytes())
                except FileNotFoundError:
                    log.error("a spooled batch is gone", file=file.path.name, lost=file.count)
                    self._give_up(file)
                    continue
                if batch is not None:
                    return batch
                self._set_aside(file)
        return None

    def forget(self, batch: PackedBatch) -> None:
        """Take a batch out, since it is recorded; do nothing if it is not there."""
        with self._lock:
            file = self._files.pop(_identity(batch), None)
            if file is not None:
                file.path.unlink(missing_ok=True)

    @property
    def waiting(self) -> int:
        """How many answers wait."""
        with self._lock:
            return sum(file.count for file in self._files.values())

    @property
    def dropped(self) -> int:
        """How many answers found no room, since this spool was opened."""
        return self._dropped

    @property
    def torn(self) -> int:
        """How many answers were in files that cannot be read, since this spool was opened."""
        return self._torn

    @property
    def _bytes(self) -> int:
        return self._aside + sum(file.size for file in self._files.values())

    def _set_aside(self, file: _File) -> None:
        log.error("a spooled batch is damaged and set aside", file=file.path.name, lost=file.count)
        file.path.rename(file.path.with_suffix(_TORN))
        self._aside += file.size
        self._give_up(file)

    def _give_up(self, file: _File) -> None:
        del self._files[file.identity]
        self._torn += file.count


def _identity(batch: PackedBatch) -> str:
    name = f"{batch.number}:{batch.replica}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, digest_size=16).hexdigest()


def _described(path: Path) -> _File:
    age, count, identity = path.stem.split("-")
    size = path.stat().st_size
    return _File(path=path, age=int(age), count=int(count), identity=identity, size=size)


def _written(batch: PackedBatch) -> bytes:
    body = msgspec.msgpack.encode(batch)
    return _MAGIC + _checksum(body) + body


def _read(content: bytes) -> PackedBatch | None:
    """Return the batch of a file; `None` if the file is torn."""
    start = len(_MAGIC) + _CHECKSUM
    body = content[start:]
    if content[:start] != _MAGIC + _checksum(body):
        return None
    return _DECODER.decode(body)


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECKSUM).digest()


def _write(path: Path, content: bytes) -> None:
    """Write a file, all or nothing, so that it outlives a power cut."""
    draft = path.with_suffix(_DRAFT)
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
