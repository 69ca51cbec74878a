"""A real Prometheus scrapes a real service and evaluates the rules that are shipped."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.integration.web.serving import Service

pytestmark = [pytest.mark.integration, pytest.mark.slow]

RULES = Path(__file__).parents[3] / "deploy" / "prometheus" / "rules.yml"
_LIMIT_S = 60.0


@pytest.fixture
async def prometheus(service: Service, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a Prometheus that scrapes the service each second."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("prometheus is not installed: apt-get install prometheus")
    target = service.url.removeprefix("http://").rstrip("/")
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "backstop", "static_configs": [{"targets": [target]}]}],
    }
    config = tmp_path / "prometheus.yml"
    config.write_text(json.dumps(settings))  # JSON is YAML
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        stderr=asyncio.subprocess.DEVNULL,
    )
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    await process.wait()


async def test_a_real_prometheus_reads_indicators_and_evaluates_rules(prometheus: str) -> None:
    """The target is up, an indicator has its labels, and every rule is healthy."""
    async with aiohttp.ClientSession(prometheus) as client:
        (evidence,) = await _asked(client, "backstop_evidence")
        assert evidence["metric"]["deployment"] == "support"
        golden = await _asked(client, "backstop_exposure")
        assert golden[0]["metric"]["adapter"].startswith("support@")
        async with client.get("/api/v1/rules") as answer:
            groups = (await answer.json())["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == 10
    assert {rule.get("lastError", "") for rule in rules} == {""}


async def _asked(client: aiohttp.ClientSession, query: str) -> list[Any]:
    """Return what a query finds, once it finds something."""
    async with asyncio.timeout(_LIMIT_S):
        while True:
            try:
                async with client.get("/api/v1/query", params={"query": query}) as answer:
                    if answer.status == 200 and (found := (await answer.json())["data"]["result"]):
                        return list(found)
            except aiohttp.ClientConnectionError:
                pass  # it has not begun to listen
            await asyncio.sleep(0.2)
