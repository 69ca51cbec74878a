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

from monitor.config import Role, TrustedProxy
from monitor.ports.stores import Stores
from monitor.web.app import create_app
from monitor.web.context import Web
from monitor.web.metrics import DeploymentCollector
from monitor.web.refusals import Refusals
from monitor.web.sessions import Sessions
from monitor.web.tokens import Holder, OperatorTokens, Person
from tests.integration.web.operations import StoreOperations

TOKEN = "an-admin-token-for-tests"
OPERATOR_TOKEN, VIEWER_TOKEN = "an-operator-token-for-tests", "a-viewer-token-for-tests"
_PEOPLE = (
    (TOKEN, "ada", Role.ADMIN),
    (OPERATOR_TOKEN, "olga", Role.OPERATOR),
    (VIEWER_TOKEN, "vera", Role.VIEWER),
)


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
def serve(stores: Stores, trusted_proxy: TrustedProxy | None = None) -> Iterator[Service]:
    """Serve what is in the stores until the block ends."""
    operations = StoreOperations(stores=stores, now=now)
    registry = CollectorRegistry()
    registry.register(DeploymentCollector(stores))
    web = Web(
        stores=stores,
        operations=operations,
        tokens=OperatorTokens(
            [
                Holder(
                    token_hash=hashlib.sha256(token.encode()).hexdigest(),
                    person=Person(name=name, role=role),
                )
                for token, name, role in _PEOPLE
            ],
            whereabouts="/var/lib/backstop/operator-token",
        ),
        sessions=Sessions(secrets.token_urlsafe),
        registry=registry,
        clock=now,
        refusals=Refusals(stores.audit, now),
        trusted_proxy=trusted_proxy,
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(web, release="test"), log_level="warning", proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Service(f"http://127.0.0.1:{listener.getsockname()[1]}", stores, operations)
        finally:
            server.should_exit = True
            thread.join(10)
