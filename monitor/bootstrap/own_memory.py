"""How much memory this process holds, as a metric; it is what every process may import."""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge

from rollback.indicators.catalogue import CATALOGUE

_NAME = "resident_memory_bytes"
_PAGE = os.sysconf("SC_PAGE_SIZE")


def register(registry: CollectorRegistry) -> None:
    """Show in `/metrics` how much memory this process holds."""
    gauge = Gauge(f"backstop_{_NAME}", CATALOGUE[_NAME].meaning, registry=registry)
    gauge.set_function(_resident_bytes)


def _resident_bytes() -> float:
    return float(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
