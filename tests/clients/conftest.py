"""The two targets: a model server, and the service in front of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from uuid import uuid4

import pytest

from bench.peers import backstop, postgres, programs
from tests.clients import upstream
from tests.clients.target import Target
from tests.integration.conftest import server_url, short_path

__all__ = ["server_url", "short_path"]  # fixtures


@pytest.fixture(scope="session")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The model server itself, as a process of its own."""
    port = programs.free_port()
    command = [sys.executable, "-m", "tests.clients.upstream", f"--port={port}"]
    folder = tmp_path_factory.mktemp("upstream")
    with programs.running("upstream", command, port=port, folder=folder) as server:
        yield Target(url=f"{server.url}/v1", key="none", model=upstream.MODEL)


@pytest.fixture(scope="session")
def through(
    direct: Target, server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Backstop in front of it: its processes, its Postgres, its callers' token."""
    with backstop.running(
        tmp_path_factory.mktemp("service"),
        engine=direct.url.removesuffix("/v1"),
        model=direct.model,
        database=postgres.new_database(server_url, f"clients_{uuid4().hex}"),
    ) as service:
        yield Target(url=f"{service.url}/v1", key=service.caller, model=backstop.DEPLOYMENT)
