"""The last routes that were known to be in force, on disk: for a start while Postgres is away."""

from __future__ import annotations

from pathlib import Path

import msgspec
import structlog

from monitor.runtime import whole_file
from monitor.runtime.routing import Route, Router, RoutingTable

log = structlog.get_logger(__name__)


def path_in(data_dir: Path) -> Path:
    """Return where the routes are kept."""
    return data_dir / "routes.json"


def save(path: Path, table: RoutingTable) -> None:
    """Keep a table. A disk that fails is logged: the routes in memory go on."""
    try:
        whole_file.write(path, msgspec.json.encode(tuple(table.routes.values())))
    except OSError as error:
        log.error("routes not kept", file=str(path), error=str(error))


def restore(path: Path, router: Router) -> None:
    """Route by what was kept, if anything was; newer routes stay."""
    try:
        routes = msgspec.json.decode(path.read_bytes(), type=tuple[Route, ...])
    except FileNotFoundError:
        return
    except (OSError, msgspec.MsgspecError) as error:
        log.error("kept routes not used", file=str(path), error=str(error))
        return
    for route in routes:
        router.swap(route)
