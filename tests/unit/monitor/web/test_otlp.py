"""A registry as OTLP, pushed to a real receiver that decodes it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from monitor.errors import Unavailable
from monitor.web import otlp

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def registry() -> CollectorRegistry:
    """A metric of each kind."""
    made = CollectorRegistry()
    Gauge("backstop_evidence", "E", ["deployment"], registry=made).labels("support").set(2.5)
    Counter("backstop_answers", "A", ["adapter"], registry=made).labels("v1").inc(7)
    seconds = Histogram("backstop_seconds", "S", ["d"], buckets=(0.1, 1.0), registry=made)
    for value in (0.05, 0.5, 0.6, 5.0):
        seconds.labels("support").observe(value)
    return made


class Receiver:
    """Takes OTLP on loopback."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.requests: asyncio.Queue[tuple[str | None, ExportMetricsServiceRequest]] = (
            asyncio.Queue()
        )

    async def take(self, request: web.Request) -> web.Response:
        """Decode a request."""
        found = ExportMetricsServiceRequest.FromString(await request.read())
        await self.requests.put((request.headers.get("Authorization"), found))
        return web.Response(status=self.status)


async def _served(receiver: Receiver) -> tuple[web.AppRunner, str]:
    app = web.Application()
    app.router.add_post("/v1/metrics", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    return runner, f"http://127.0.0.1:{port}/v1/metrics"


def _push(registry: CollectorRegistry, endpoint: str) -> asyncio.Task[None]:
    return asyncio.create_task(
        otlp.push(
            registry,
            endpoint=endpoint,
            headers={"Authorization": "Bearer secret"},
            every_s=0.0,
            resource={"service.name": "backstop"},
            clock=lambda: NOW,
        )
    )


async def test_a_receiver_reads_names_labels_and_values(registry: CollectorRegistry) -> None:
    """Gauges, counters and histograms come out as they went in."""
    receiver = Receiver()
    runner, endpoint = await _served(receiver)
    task = _push(registry, endpoint)
    authorization, request = await asyncio.wait_for(receiver.requests.get(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await runner.cleanup()
    assert authorization == "Bearer secret"
    (whole,) = request.resource_metrics
    assert whole.resource.attributes[0].value.string_value == "backstop"
    metrics = {each.name: each for each in whole.scope_metrics[0].metrics}
    (gauge,) = metrics["backstop_evidence"].gauge.data_points
    assert (gauge.attributes[0].value.string_value, gauge.as_double) == ("support", 2.5)
    total = metrics["backstop_answers"].sum
    assert (total.is_monotonic, total.data_points[0].as_double) == (True, 7.0)
    (seconds,) = metrics["backstop_seconds"].histogram.data_points
    assert (seconds.count, list(seconds.bucket_counts)) == (4, [1, 2, 1])
    assert list(seconds.explicit_bounds) == [0.1, 1.0]
    assert seconds.sum == pytest.approx(6.15)


@pytest.mark.parametrize("status", [301, 400, 503])
async def test_a_refusal_is_told(registry: CollectorRegistry, status: int) -> None:
    """Whoever runs the loop reports it and begins anew; no redirect is followed."""
    runner, endpoint = await _served(Receiver(status))
    with pytest.raises(Unavailable, match=str(status)):
        await asyncio.wait_for(_push(registry, endpoint), 10)
    await runner.cleanup()


async def test_a_receiver_that_is_away_is_told(registry: CollectorRegistry) -> None:
    """So is one that nobody reaches."""
    runner, endpoint = await _served(Receiver())
    await runner.cleanup()
    with pytest.raises(Unavailable, match="not reached"):
        await asyncio.wait_for(_push(registry, endpoint), 10)
