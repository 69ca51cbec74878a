"""Folders that look like adapters to a server that has no model."""

from __future__ import annotations

import json
from pathlib import Path

VERSIONS = ("support@aaaaaaaaaaaa", "support@bbbbbbbbbbbb", "shop.eu@cccccccccccc")
WIDE = "support@dddddddddddd"  # its rank is over the servers' limit
MOST_RANK = 16


def lay_out(root: Path) -> Path:
    """Make a folder for each version under `root`."""
    for version in (*VERSIONS, WIDE):
        folder = root / version
        folder.mkdir(parents=True)
        rank = MOST_RANK * 2 if version == WIDE else 4
        (folder / "adapter_config.json").write_text(json.dumps({"r": rank}))
    return root


def rank_in(path: str) -> int | None:
    """Return the rank of the adapter in a folder, `None` if there is no adapter."""
    file = Path(path) / "adapter_config.json"
    return int(json.loads(file.read_text())["r"]) if file.is_file() else None
