"""`POST /v1/traces` by OpenTelemetry's own SDK and exporter."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from tests.integration.gateway.reporting import Reporting, reporting
from tests.serving import CALLER, VERSION

pytestmark = pytest.mark.integration


@pytest.fixture
async def served() -> AsyncIterator[Reporting]:
    """Return a running intake that wants a token."""
    async with reporting(locked=True, now=time.time) as served:
        yield served


def trace(url: str, compression: Compression) -> None:
    """Trace one call of a model inside of a request, as an instrumented service does."""
    exporter = OTLPSpanExporter(
        endpoint=f"{url}/v1/traces",
        headers={"Authorization": f"Bearer {CALLER}"},
        compression=compression,
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("shop")
    said = [{"role": "assistant", "parts": [{"type": "text", "content": "Here."}]}]
    with tracer.start_as_current_span("POST /ask"), tracer.start_as_current_span("chat") as span:
        span.set_attribute("gen_ai.operation.name", "chat")
        span.set_attribute("gen_ai.request.model", "support")
        span.set_attribute("gen_ai.response.finish_reasons", ["length"])
        span.set_attribute("gen_ai.request.max_tokens", 5)
        span.set_attribute("gen_ai.output.messages", json.dumps(said))
        span.add_event("gen_ai.user.message", {"content": "Where?"})
    provider.shutdown()


@pytest.mark.parametrize("compression", [Compression.NoCompression, Compression.Gzip])
async def test_the_sdk_exports_exchanges(served: Reporting, compression: Compression) -> None:
    """One span of two is an answer; the other is passed over."""
    await asyncio.to_thread(trace, served.url, compression)
    (exchange,) = served.basket.exchanges
    assert (exchange.deployment, exchange.adapter) == ("support", VERSION)
    assert (exchange.prompt, exchange.output) == ("Where?", "Here.")
    assert exchange.ended_by_caller
    assert exchange.latency_s is not None
    assert served.traces.passed_over == 1
