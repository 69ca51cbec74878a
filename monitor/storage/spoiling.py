"""Makes spoilt versions in the store of adapter files: checked like any other, and never registered."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from monitor.ports.drills import FAMILY
from monitor.ports.versions import AdapterSource, ArtifactStore
from monitor.storage.spoilt import write_spoilt
from rollback.spoilt_kind import Kind


class StoredSpoiler:
    """Spoils stored versions. Implements `ports.drills.Spoiler`.

    The same version spoilt in the same way is the same content, so that a drill that is repeated
    leaves no more files than one.
    """

    def __init__(self, artifacts: ArtifactStore) -> None:
        self._artifacts = artifacts

    def spoilt(self, version: str, kind: Kind) -> tuple[str, Path]:
        """Return name and folder; see `ports.drills.Spoiler`."""
        source = self._artifacts.folder(version)
        with tempfile.TemporaryDirectory(prefix="drill-") as scratch:
            folder = Path(scratch)
            write_spoilt(source, kind, folder)
            taken = self._artifacts.take_in(
                FAMILY,
                AdapterSource(folder=folder, root=folder),
                label="",
                parent=version,
                facts={"spoilt": kind.value},
                at=datetime.now(UTC),
            )
        return taken.name, self._artifacts.folder(taken.name)
