"""The service in front of a model server: a supervisor and its processes."""

from __future__ import annotations

from functools import partial

from monitor.bootstrap import files, run_folder, tokens
from monitor.bootstrap.database import prepare_folder
from monitor.bootstrap.listening import listen
from monitor.bootstrap.run_folder import RunFolder
from monitor.bootstrap.supervisor import FATAL, Role, Supervisor
from monitor.config import Config

_FLUSH_S = 15.0  # for records and rows, once no caller waits any more
_CLOSE_S = 15.0


def serve(config: Config) -> int:
    """Run until Ctrl-C or SIGTERM; return the exit status.

    Raises a `BackstopError` if the configuration or this machine does not allow a start.
    """
    prepare_folder(config.data_dir)
    files.read(config)
    for who in ("caller", "operator"):
        tokens.ensure(config.data_dir, who)
    with listen(config) as listener, run_folder.opened(config.data_dir) as folder:
        status = Supervisor(_roles(config, folder, listener)).run()
    return 2 if status == FATAL else status
