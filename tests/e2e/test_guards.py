"""Guards in a whole service: gateways block, the scorer observes, and the record and metrics say so."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.test_fleet import Caller, Operator, engine, serving
from tests.guarding import endings_of, frames_of, said_in
from tests.integration.conftest import server_url, short_path
from tests.servers.vllm import VllmServer

__all__ = ["engine", "server_url", "short_path"]  # fixtures

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def _counted(operator: Operator) -> dict[tuple[str, str, str], float]:
    """Return what guards did, by process, guard and outcome."""
    with urllib.request.urlopen(f"{operator.service.url}/metrics", timeout=10) as answer:
        told = answer.read().decode()
    return {
        (each.labels["process"], each.labels["guard"], each.labels["outcome"]): each.value
        for family in text_string_to_metric_families(told)
        for each in family.samples
        if each.name == "backstop_guarded_answers_total"
    }


async def test_a_gateway_blocks_and_the_scorer_observes(
    tmp_path: Path, engine: VllmServer, server_url: str
) -> None:
    """A judge that says neither safe nor unsafe lets nothing pass; both processes count what they did."""
    guards = {
        "judge": {"mode": "block", "url": f"{engine.url}/v1", "model": engine.model},
        "personal_data": {"mode": "flag"},
    }
    async with serving(tmp_path, engine, server_url, guards=guards) as (operator, caller):
        assert isinstance(caller, Caller)
        status, _, body = await caller.ask(stream=True)
        assert status == 200
        assert said_in(frames_of(body)) == ""
        assert endings_of(frames_of(body)) == {0: "content_filter"}
        await operator.recorded(1)
        (row,) = await operator.do(operator.exchanges)
        assert row["verdict"] == "warn"
        assert "Blocked unchecked: judge could not say." in row["findings"]
        await operator.until(lambda: len(_counted(operator)) == 2, "both processes' counts")
        assert await operator.do(_counted, operator) == {
            ("gateway-0", "judge", "failed_closed"): 1,
            ("scorer", "personal_data", "pass"): 1,
        }
