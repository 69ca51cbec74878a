"""Imports in the supervisor what its processes need, before they are forked from it.

So it is imported once, its pages are shared, and a process that died is back at once. A fork copies
no thread: what is imported here must start none.
"""

from __future__ import annotations

import gc
import os

# OpenBLAS starts its threads when it is imported, each with buffers of its own. The matrices here
# are small.
_THREADS = "OPENBLAS_NUM_THREADS"


def processes() -> None:
    """Import every process' module with all that it needs.

    The garbage collector leaves it alone from then on: to look at an object it writes to its page,
    and a page that is written to is no longer shared.
    """
    os.environ.setdefault(_THREADS, "1")
    from monitor.bootstrap import control_process, gateway_process, scorer_process  # noqa: F401

    gc.collect()
    gc.freeze()
