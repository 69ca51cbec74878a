"""`python -m monitor.bootstrap.golden_process FD`: answers a golden run, apart from what serves."""

from __future__ import annotations

import sys

from monitor import logs
from monitor.engines.own_process import service

COMMAND = (sys.executable, "-m", "monitor.bootstrap.golden_process")

if __name__ == "__main__":
    logs.set_up()
    service.main(int(sys.argv[1]))
