"""What every process of a service is given."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.bootstrap.run_folder import RunFolder
from monitor.config import Config, ServerEngine


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """The service that a process belongs to.

    Args:
        engine: the model server that the configuration names.
        folder: where the processes meet.
    """

    config: Config
    engine: ServerEngine
    folder: RunFolder
