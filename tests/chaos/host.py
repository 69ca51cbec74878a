"""`backstop serve`, but a process that dies again and again is started again at once."""

from __future__ import annotations

import sys
from pathlib import Path

from monitor.bootstrap import fleet
from monitor.config import ServerEngine, load


def main() -> int:
    """Serve what the configuration says, until SIGTERM."""
    config = load(Path(sys.argv[1]))
    if not isinstance(config.engine, ServerEngine):
        raise TypeError("a host stands in front of a model server")
    return fleet.serve(config, config.engine, pauses_s=(0.0,))


if __name__ == "__main__":
    sys.exit(main())
