"""The operator's app on a real uvicorn server on loopback."""

from __future__ import annotations

import hashlib
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
import uvicorn
from prometheus_client import CollectorRegistry
from yarl import URL

from monitor.bootstrap.policy_texts import PolicyTexts
from monitor.config import Config, Role, TrustedProxy
from monitor.ports.stores import Stores
from monitor.web.app import create_app
from monitor.web.context import Web
from monitor.web.indicator_metrics import IndicatorCollector
from monitor.web.live import Live
from monitor.web.metrics import DeploymentCollector
from monitor.web.rarity import References
from monitor.web.refusals import Refusals
from monitor.web.sessions import Sessions
from monitor.web.tokens import Holder, OperatorTokens, Person
from tests.integration.web.operations import StoreOperations

TOKEN = "an-admin-token-for-tests"
POLICY = "margin: 0.05\nmax_rollbacks: 2\n"
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
    policy: Path
    end: Callable[[], None]


def now() -> datetime:
    return datetime.now(UTC)


def raw(client: aiohttp.ClientSession, path: str) -> URL:
    """Return the address of a path as it is written, however it is escaped."""
    return URL(f"{client._base_url}".rstrip("/") + path, encoded=True)


def _config(folder: Path) -> Config:
    """Return a configuration of which the policies are used, one in a file and one in it."""
    (folder / "policy.yaml").write_text(POLICY)
    return Config(
        engine={"kind": "vllm", "url": "http://127.0.0.1:1", "model": "base"},
        deployments={
            "support": {"policy": folder / "policy.yaml"},
            "sales": {"policy": {"margin": 0.1}},
        },
    )


@contextmanager
def serve(stores: Stores, trusted_proxy: TrustedProxy | None = None) -> Iterator[Service]:
    """Serve what is in the stores until the block ends."""
    with TemporaryDirectory() as folder, _serving(stores, Path(folder), trusted_proxy) as service:
        yield service


@contextmanager
def _serving(stores: Stores, folder: Path, trusted_proxy: TrustedProxy | None) -> Iterator[Service]:
    operations = StoreOperations(stores=stores, now=now)
    registry = CollectorRegistry()
    registry.register(DeploymentCollector(stores))
    registry.register(IndicatorCollector(stores, now))
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
        policies=PolicyTexts(_config(folder), stores.audit, now),
        references=References(stores.evidence),
        live=Live(stores.news),
        anchors=lambda: (),
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            create_app(web, release="test"), log_level="warning", proxy_headers=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()

        def end() -> None:
            web.live.close()
            server.should_exit = True

        try:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            yield Service(url, stores, operations, folder / "policy.yaml", end)
        finally:
            end()
            thread.join(10)
