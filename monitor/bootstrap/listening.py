"""The port on which callers come."""

from __future__ import annotations

import socket

from monitor.config import Config
from monitor.errors import ConfigError


def listen(config: Config) -> socket.socket:
    """Bind the port, before any work is done. Raises `ConfigError` if it is taken."""
    host, port = config.listen.host, config.listen.port
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"listen: {host}:{port} cannot be used: {error.strerror}; stop what listens there, "
            "or name another port (listen.port, BACKSTOP_LISTEN__PORT)"
        ) from error
    return listener
