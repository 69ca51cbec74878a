"""The clients' suites against a real vLLM: directly, and through Backstop in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from bench.peers import backstop, postgres
from tests.clients import curl_suite, node_suite, python_suite
from tests.clients.target import Target, joined
from tests.integration.conftest import server_url, short_path
from tests.vllm.process import RealVllm

__all__ = ["server_url", "short_path"]  # fixtures

pytestmark = pytest.mark.vllm


@pytest.fixture(scope="module")
def direct(vllm_server: RealVllm) -> Target:
    """The server itself, asked for its base model."""
    return Target(url=f"{vllm_server.url}/v1", key="none", model=vllm_server.model)


@pytest.fixture(scope="module")
def through(
    direct: Target, server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """Backstop in front of it, whose deployment answers with the base model."""
    with backstop.running(
        tmp_path_factory.mktemp("service"),
        engine=direct.url.removesuffix("/v1"),
        model=direct.model,
        database=postgres.new_database(server_url, f"vllm_{uuid4().hex}"),
    ) as service:
        yield Target(url=f"{service.url}/v1", key=service.caller, model=backstop.DEPLOYMENT)


@pytest.mark.parametrize("scenario", python_suite.SCENARIOS)
def test_python(direct: Target, through: Target, scenario: str) -> None:
    """Python's client gets equal answers, and equal errors; how a stream is cut is by chance."""
    ours, theirs = python_suite.run(through, scenario), python_suite.run(direct, scenario)
    assert joined(ours) == joined(theirs)


@pytest.mark.parametrize("scenario", curl_suite.SCENARIOS)
def test_curl(direct: Target, through: Target, scenario: str) -> None:
    """Curl gets the same status and type."""
    assert curl_suite.run(through, scenario)[0] == curl_suite.run(direct, scenario)[0]


def test_node(direct: Target, through: Target) -> None:
    """Node's client gets equal answers, and equal errors, in every scenario."""
    ours, theirs = node_suite.run(through), node_suite.run(direct)
    assert len(ours) > 20
    assert {name for name in ours if joined(ours[name]) != joined(theirs[name])} == set()
