"""`python -m monitor.bootstrap.golden_process FD NICENESS`: answers a run, apart from what serves."""

from __future__ import annotations

import os
import sys

COMMAND = (sys.executable, "-m", "monitor.bootstrap.golden_process")


def main(descriptor: int, niceness: int) -> None:
    """Step back for the service first, for what is imported here takes seconds, then serve."""
    os.nice(niceness)
    from monitor import logs
    from monitor.engines.own_process import service

    logs.set_up()
    service.main(descriptor)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
