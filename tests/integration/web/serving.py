"""The operator's app on a real uvicorn server on loopback."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
import uvicorn
from prometheus_client import CollectorRegistry
from yarl import URL

from monitor.ports.stores import Stores
from monitor.web.app import create_app
from monitor.web.context import Web
from monitor.web.indicator_metrics import IndicatorCollector
from monitor.web.metrics import DeploymentCollector
from monitor.web.sessions import Sessions
from monitor.web.tokens import OperatorTokens
from tests.integration.web.operations import StoreOperations

TOKEN = "an-operator-token-for-tests"


@dataclass(frozen=True)
class Service:
    """A running service: where it is, and what it works on."""

    url: str
    stores: Stores
    operations: StoreOperations


def now() -> datetime:
    return datetime.now(UTC)


def raw(client: aiohttp.ClientSession, path: str) -> URL:
    """Return the address of a path as it is written, however it is escaped."""
    return URL(f"{client._base_url}".rstrip("/") + path, encoded=True)


@contextmanager
def serve(stores: Stores) -> Iterator[Service]:
    """Serve what is in the stores until the block ends."""
    operations = StoreOperations(stores=stores, now=now)
    registry = CollectorRegistry()
    registry.register(DeploymentCollector(stores))
    registry.register(IndicatorCollector(stores, now))
    web = Web(
        stores=stores,
        operations=operations,
        tokens=OperatorTokens(
            {"ada": hashlib.sha256(TOKEN.encode()).hexdigest()},
            whereabouts="/var/lib/backstop/operator-token",
        ),
        sessions=Sessions(secrets.token_urlsafe),
        registry=registry,
        clock=now,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(web, release="test"), log_level="warning")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{listener.getsockname()[1]}", stores, operations)
        finally:
            server.should_exit = True
            thread.join(10)
