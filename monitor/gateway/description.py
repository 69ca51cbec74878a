"""How `/v1/models` describes a deployment."""

from __future__ import annotations

from typing import Any

from monitor.runtime.routing import Route


def described(route: Route, base_model: str, created: int) -> dict[str, Any]:
    """Describe a deployment: `root` is what answers, `parent` what an adapter sits on."""
    return {
        "id": route.deployment,
        "object": "model",
        "created": created,
        "owned_by": "backstop",
        "root": route.active or base_model,
        "parent": base_model if route.active else None,
    }
