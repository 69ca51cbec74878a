"""The operators' surfaces on a Unix socket, where the gateways find them."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import uvicorn
from starlette.routing import BaseRoute, Route

from monitor.bootstrap import feedback, tokens
from monitor.config import Config
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.endpoint import Endpoint
from monitor.gateway.feedback import FeedbackIntake
from monitor.web.app import create_app
from monitor.web.context import Web

_GRACE_S = 5
_BACKLOG = 256
_MOST_BYTES = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is served, and where."""

    config: Config
    socket: Path
    web: Web


class _Server(uvicorn.Server):
    """A server that leaves signals to its process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


@asynccontextmanager
async def serving(parts: Parts) -> AsyncIterator[None]:
    """Serve from here to the end of the block."""
    app = create_app(
        parts.web,
        release=metadata.version("backstop"),
        data_plane=[_feedback(parts)],
    )
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE_S,
        )
    )
    with _listener(parts.socket) as listener:
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield
        finally:
            parts.web.live.close()
            server.should_exit = True
            await task


def _feedback(parts: Parts) -> BaseRoute:
    """Return the one route of `/v1` that needs Postgres: gateways pass it on to here."""
    data_dir = parts.config.data_dir
    callers = Tokens([token_hash(tokens.ensure(data_dir, who)) for who in ("caller", "operator")])
    intake = FeedbackIntake(
        callers, feedback.into(parts.web.stores.feedback), max_body_bytes=_MOST_BYTES
    )
    return Route("/v1/feedback", Endpoint(intake, lambda status: None), methods=["POST"])


@contextmanager
def _listener(path: Path) -> Iterator[socket.socket]:
    """Yield a socket at a path, in place of one that a dead process left behind."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        os.chmod(path, 0o600)
        listener.listen(_BACKLOG)
        yield listener
