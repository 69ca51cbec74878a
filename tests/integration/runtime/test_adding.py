"""Adapters on their way in, through what operators do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import NotFound
from monitor.ports.versions import AdapterSource
from rollback.versions import AdapterVersion, VersionState
from tests.integration.runtime.house import V1, Folders, House, build

pytestmark = pytest.mark.integration

_NEW = "support@999999999999"


class Shelf(Folders):
    """Takes everything in without a look."""

    def take_in(self, family: str, source: AdapterSource, **facts: Any) -> AdapterVersion:
        """Return a version that tells which folder it came from."""
        return AdapterVersion(
            name=_NEW,
            label=facts["label"],
            state=VersionState.REGISTERED,
            manifest={"folder": str(source.folder)},
            created_at=datetime.now(UTC),
            parent=facts["parent"],
            facts=facts["facts"],
        )


def _shelved(house: House, tmp_path: Path) -> House:
    return build(replace(house.stores, artifacts=Shelf(tmp_path)))


async def test_a_parent_is_kept_by_its_name(house: House, tmp_path: Path) -> None:
    """Also if it was given by its label, which may be anything."""
    added = await _shelved(house, tmp_path).operations.add_adapter(
        "support",
        str(tmp_path),
        label="new",
        actor="ann",
        parent="support@v1",
        facts={"owner": "team"},
    )
    assert (added.parent, added.facts) == (V1, {"owner": "team"})
    assert added.manifest == {"folder": str(tmp_path)}


async def test_an_unknown_parent_is_not_found(house: House, tmp_path: Path) -> None:
    """A lineage that begins nowhere would tell nothing."""
    with pytest.raises(NotFound, match="support@v9"):
        await _shelved(house, tmp_path).operations.add_adapter(
            "support", str(tmp_path), label="", actor="ann", parent="support@v9"
        )
