"""The suite for the `openai` package of Node, which is a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.clients.target import Target, comparable

FOLDER = Path(__file__).parent / "node"
_LIMIT_S = 300


def run(target: Target) -> Mapping[str, Any]:
    """Return scenario → what the client has seen, without what always differs."""
    whom = {"BASE_URL": target.url, "API_KEY": target.key, "MODEL": target.model}
    said = subprocess.run(
        ["node", "suite.mjs"],
        cwd=FOLDER,
        env={**os.environ, **whom},
        capture_output=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if said.returncode:
        raise RuntimeError(f"node failed: {said.stderr.decode(errors='replace')}")
    return dict(comparable(json.loads(said.stdout)))
