"""Imports in the supervisor what processes have in common, before they are forked from it.

So it is imported once, its pages are shared, and a process that died is back at once. A fork copies
no thread: whatever is imported here must start none.
"""

from __future__ import annotations

import gc
import importlib
import os

# One thread a process: OpenBLAS starts the others when it is imported, each with buffers of its own,
# and the matrices here are small.
_THREADS = "OPENBLAS_NUM_THREADS"


def module(name: str) -> None:
    """Import a module with all that it imports, for good.

    The garbage collector leaves it alone from now on: looking at objects would write to their
    pages, and a page that is written to is no longer shared.
    """
    os.environ.setdefault(_THREADS, "1")
    importlib.import_module(name)
    gc.freeze()
