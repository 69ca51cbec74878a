"""Where an engine's server sees the adapters that lie in our data directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from monitor.config import ServerEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One folder with two names: `here` on this machine and `there` where the server runs.

    >>> mount = Mount(here=Path("/var/lib/backstop/adapters"), there=PurePosixPath("/adapters"))
    >>> mount.seen(Path("/var/lib/backstop/adapters/support@3f9a2c1d7b04"))
    '/adapters/support@3f9a2c1d7b04'
    >>> mount.path("support@3f9a2c1d7b04")
    '/adapters/support@3f9a2c1d7b04'
    """

    here: Path
    there: PurePosixPath

    def seen(self, folder: Path) -> str:
        """Return how the server names a folder; one that is not in `here` it names as we do."""
        if folder.is_relative_to(self.here):
            return str(self.there / folder.relative_to(self.here))
        return str(folder)

    def path(self, version: str) -> str:
        """Return where the server sees a version's files."""
        return str(self.there / version)


def mount_of(section: ServerEngine, adapters: Path) -> Mount:
    """Return what a configuration says; without a word the server sees our own paths."""
    there = adapters if section.adapters_as is None else section.adapters_as
    return Mount(here=adapters, there=PurePosixPath(there))
