"""Anchors of the audit trail in a file of JSON Lines that only ever grows."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError, Unavailable
from monitor.ports.audit import AnchorKeeper
from rollback.audit_anchors import Anchor
from rollback.times import iso


class AnchorFile(AnchorKeeper):
    """`ports.AnchorKeeper` on a file; lines are only added, so it may be append-only (`chattr +a`)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def keep(self, anchor: Anchor) -> None:
        """Add a line and wait for the disk. Raises `Unavailable`."""
        await asyncio.to_thread(self._add, anchor)

    async def newest(self) -> Anchor | None:
        """Return the last line's anchor. Raises `Unavailable`, `ConfigError`."""
        found = await asyncio.to_thread(self.read)
        return found[-1] if found else None

    def read(self) -> list[Anchor]:
        """Return every anchor, oldest first; none if there is no file yet.

        Raises `Unavailable` if the file cannot be read, and `ConfigError` naming a line that is
        no anchor. A last line without its end is left out: the machine went down while it was written.
        """
        try:
            lines = self._path.read_text("utf-8").splitlines(keepends=True)
        except FileNotFoundError:
            return []
        except (OSError, ValueError) as error:
            raise Unavailable(f"audit.anchor_file: {self._path} cannot be read: {error}") from error
        whole = [line for line in lines if line.endswith("\n")]
        return [self._parsed(number, line) for number, line in enumerate(whole, 1)]

    def _parsed(self, number: int, line: str) -> Anchor:
        try:
            fields: dict[str, Any] = json.loads(line)
            moment = datetime.fromisoformat(fields["at"])
            return Anchor(seq=fields["seq"], hash=fields["hash"], at=moment)
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"audit.anchor_file: line {number} of {self._path} is no anchor ({error}): "
                "it was changed, or another file is meant"
            ) from error

    def _add(self, anchor: Anchor) -> None:
        at = None if anchor.at is None else iso(anchor.at)
        line = json.dumps({"at": at, "seq": anchor.seq, "hash": anchor.hash}) + "\n"
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640
            )
            try:
                os.write(handle, line.encode())
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise Unavailable(
                f"audit.anchor_file: {self._path} cannot be written: {error.strerror}"
            ) from error
