"""Liveness, readiness and metrics over real HTTP."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from monitor.storage.database import open_engine
from monitor.storage.stores import open_stores
from monitor.web.metrics import DeploymentCollector
from tests.integration.conftest import NoArtifacts
from tests.integration.web.story import V2

pytestmark = pytest.mark.integration


async def test_liveness_depends_on_nothing(stranger, service) -> None:
    """The process is alive while a component is not."""
    service.operations.components["database"] = "no answer for 5 s"
    async with stranger.get("/healthz") as answer:
        assert answer.status == 200


async def test_readiness_names_what_is_wrong(stranger, service) -> None:
    """A component that callers need makes it 503, and every one is listed."""
    async with stranger.get("/readyz") as answer:
        assert answer.status == 200
    service.operations.components["service"] = "draining"
    async with stranger.get("/readyz") as answer:
        body = await answer.json()
    assert answer.status == 503
    assert body["components"] == {"database": "ok", "engine": "ok", "service": "draining"}


async def test_what_only_watches_does_not_send_callers_away(stranger, service) -> None:
    """While the database is away callers are answered: the instance stays in rotation, degraded."""
    service.operations.components["database"] = "no answer for 5 s"
    async with stranger.get("/readyz") as answer:
        body = await answer.json()
    assert (answer.status, body["status"]) == (200, "degraded")


async def test_metrics_show_each_deployment(stranger) -> None:
    """The active version and the evidence against its line can be scraped and parsed."""
    async with stranger.get("/metrics") as answer:
        families = {f.name: f for f in text_string_to_metric_families(await answer.text())}
    assert families["backstop_active_adapter_info"].samples[0].labels["adapter"] == V2
    (evidence,) = families["backstop_evidence"].samples
    assert evidence.labels == {"deployment": "support"}
    assert 0 < evidence.value < families["backstop_evidence_line"].samples[0].value


def test_metrics_do_not_invent_numbers_while_the_stores_are_away(tmp_path) -> None:
    """Without the database the scrape succeeds and says only that it is away."""
    engine = open_engine(f"postgresql://nobody@/none?host={tmp_path}")  # where no server listens
    registry = CollectorRegistry()
    registry.register(DeploymentCollector(open_stores(engine, NoArtifacts())))
    text = generate_latest(registry).decode()
    assert "backstop_stores_up 0.0" in text
    assert "backstop_evidence" not in text
