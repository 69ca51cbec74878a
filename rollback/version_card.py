"""What people want to know of a version, out of its manifest and facts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def card(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a version's base, rank, targets, parameters and size in bytes.

    >>> card({"config": {"r": 8, "target_modules": ["q", "v"]}, "files": {"a": {"size": 9}},
    ...       "tensors": {"t": {"shape": [2, 3]}}, "base_model": "9f" * 32})["parameters"]
    6
    """
    config = manifest.get("config", {})
    files, tensors = manifest.get("files", {}), manifest.get("tensors", {})
    targets = config.get("target_modules", ())
    return {
        "base model": str(manifest.get("base_model", ""))[:12],
        "rank": config.get("r"),
        "targets": targets if isinstance(targets, str) else ", ".join(targets),
        "parameters": sum(math.prod(tensor["shape"]) for tensor in tensors.values()),
        "bytes": sum(file["size"] for file in files.values()),
        "files": ", ".join(sorted(files)),
    }
