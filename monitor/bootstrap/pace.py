"""How the interpreter goes about a process that scores: two busy threads, many short-lived objects."""

from __future__ import annotations

import gc
import sys

# While one thread packs a batch, the other feeds Postgres the one before, in pieces as large as the
# socket takes; for each it waits for the interpreter lock, and at Python's own 5 ms the two hardly
# overlap (docs/benchmarks.md).
_SWITCH_INTERVAL_S = 0.0005
# Exchanges and their rows hold no cycles, so looking through all that are in hand after every 700
# new objects finds nothing.
_OBJECTS = 50_000


def of_scoring() -> None:
    """Let the interpreter change threads often, and look for cycles seldom."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    gc.set_threshold(_OBJECTS)
