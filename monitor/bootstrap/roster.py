"""The names of the processes of a service."""

from __future__ import annotations

from monitor.config import Config

CONTROL = "control"
SCORER = "scorer"


def gateways(config: Config) -> frozenset[str]:
    """Return the names of the processes that face callers."""
    return frozenset(f"gateway-{number}" for number in range(config.gateway.workers))
