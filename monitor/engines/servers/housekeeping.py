"""Taking a version off a server: never on the way of anything, so it may fail but not hang."""

from __future__ import annotations

import structlog

from monitor.engines.servers.client import Client
from monitor.errors import EngineError, Unavailable

log = structlog.get_logger(__name__)

_UNLOAD_S = 5.0


async def tidy(client: Client, path: str, version: str, limit_s: float = _UNLOAD_S) -> None:
    """Ask a server to unload a version; return within the limit whatever happens, and log it.

    A server that does not know the version answers 400 or 404: then there is nothing to do.
    """
    try:
        reply = await client.post(path, {"lora_name": version}, limit_s)
    except (EngineError, Unavailable) as error:
        log.warning("version is not unloaded", version=version, error=str(error))
        return
    if reply.status >= 500:
        log.warning("version is not unloaded", version=version, error=reply.sentence)
