"""Imports in the supervisor what its processes have in common, before they are forked from it.

So it is imported once, its pages are shared, and a process that died is back at once. A fork copies
no thread: what is imported here must start none.
"""

from __future__ import annotations

import gc
import os

# OpenBLAS starts its threads when it is imported, each with buffers of its own. The matrices here
# are small.
_THREADS = "OPENBLAS_NUM_THREADS"


def common() -> None:
    """Import what gateways and scorer need; most of it is control's, too.

    The garbage collector leaves it alone from now on: to look at an object it writes to its page,
    and a page that is written to is no longer shared.
    """
    os.environ[_THREADS] = "1"
    from monitor.bootstrap import gateway_process, scorer_process  # noqa: F401

    gc.collect()
    gc.freeze()
