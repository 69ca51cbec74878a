"""`POST /v1/traces` over a real server, by hand."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from tests.integration.gateway.reporting import NOON, Reporting, reporting
from tests.serving import VERSION

pytestmark = pytest.mark.integration

START = int(NOON) * 10**9
PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json; charset=utf-8"}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "support",
    "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "Where?"}]}]',
    "gen_ai.output.messages": '[{"role": "assistant", "finish_reason": "stop", "parts": [{"type": "text", "content": "Here."}]}]',
    "gen_ai.usage.output_tokens": 7,
}


@pytest.fixture
async def served() -> AsyncIterator[Reporting]:
    """Return a running intake without tokens."""
    async with reporting() as served:
        yield served


def message(*spans: dict[str, Any], **resource: Any) -> bytes:
    """Return a request as protobuf, with spans of these attributes."""
    request = ExportTraceServiceRequest()
    each = request.resource_spans.add()
    each.resource.attributes.extend(pairs(resource))
    scope = each.scope_spans.add()
    for number, attributes in enumerate(spans):
        span = scope.spans.add(
            trace_id=bytes(15) + b"\x01",
            span_id=bytes(7) + bytes([number]),
            start_time_unix_nano=START,
            end_time_unix_nano=START + 10**9,
        )
        span.attributes.extend(pairs(attributes))
    return request.SerializeToString()


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    """Return attributes as protobuf."""
    return [
        KeyValue(key=key.replace("__", "."), value=value(each)) for key, each in attributes.items()
    ]


def value(each: Any) -> AnyValue:
    """Return a value as protobuf."""
    return AnyValue(int_value=each) if isinstance(each, int) else AnyValue(string_value=each)


def text(*spans: dict[str, Any]) -> bytes:
    """Return a request as OTLP's JSON."""
    listed = [
        {
            "traceId": "0" * 31 + "1",
            "spanId": f"{number:016x}",
            "name": "chat support",
            "kind": 3,
            "startTimeUnixNano": str(START),
            "endTimeUnixNano": str(START + 10**9),
            "attributes": [
                {
                    "key": key,
                    "value": {"intValue": str(each)}
                    if isinstance(each, int)
                    else {"stringValue": each},
                }
                for key, each in attributes.items()
            ],
            "status": {},
        }
        for number, attributes in enumerate(spans)
    ]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": listed}]}]}).encode()


async def export(
    served: Reporting, body: bytes, headers: dict[str, str]
) -> tuple[aiohttp.ClientResponse, bytes]:
    """Post spans and return the answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{served.url}/v1/traces", data=body, headers=headers) as response,
    ):
        return response, await response.read()


@pytest.mark.parametrize(
    ("body", "headers", "empty"),
    [
        (message(CHAT), PROTOBUF, b""),
        (text(CHAT), JSON, b"{}"),
        (gzip.compress(message(CHAT)), {**PROTOBUF, "Content-Encoding": "gzip"}, b""),
        (gzip.compress(text(CHAT)), {**JSON, "Content-Encoding": "gzip"}, b"{}"),
    ],
    ids=["protobuf", "json", "protobuf gzip", "json gzip"],
)
async def test_a_span_of_an_answer_becomes_an_exchange(
    served: Reporting, body: bytes, headers: dict[str, str], empty: bytes
) -> None:
    """The request's model is the deployment; the answer has the request's form and is empty."""
    response, answer = await export(served, body, headers)
    assert (response.status, answer) == (200, empty)
    assert response.content_type == headers["Content-Type"].partition(";")[0]
    (exchange,) = served.basket.exchanges
    assert (exchange.deployment, exchange.adapter, exchange.epoch) == ("support", VERSION, 3)
    assert (exchange.prompt, exchange.output, exchange.output_tokens) == ("Where?", "Here.", 7)
    assert exchange.id == f"span-{'0' * 31}1-{'0' * 16}"
    assert (exchange.started_at.timestamp(), exchange.latency_s) == (NOON, 1.0)


async def test_a_resource_may_name_the_deployment(served: Reporting) -> None:
    """In a collector it is set for all spans at once."""
    body = message({**CHAT, "gen_ai.request.model": "llama"}, backstop__deployment="plain")
    assert (await export(served, body, PROTOBUF))[0].status == 200
    assert [each.deployment for each in served.basket.exchanges] == ["plain"]


async def test_other_spans_are_passed_over_and_counted(served: Reporting) -> None:
    """They are no fault of whoever sent them."""
    judge = {**CHAT, "gen_ai.request.model": "gpt-4"}
    body = message(CHAT, {"http.request.method": "GET"}, judge)
    response, answer = await export(served, body, PROTOBUF)
    assert (response.status, answer) == (200, b"")
    assert len(served.basket.items) == 1
    assert served.traces.passed_over == 2


async def test_spans_of_no_deployment_alone_are_told(served: Reporting) -> None:
    """Nothing is rejected, but somebody may have meant a deployment."""
    _, answer = await export(served, message({**CHAT, "gen_ai.request.model": "gpt-4"}), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert partial.rejected_spans == 0
    assert "no deployment is named gpt-4; known: plain, support" in partial.error_message


async def test_what_cannot_be_used_is_a_partial_success(served: Reporting) -> None:
    """The good spans are taken, the others counted, with what they lack."""
    silent = {name: each for name, each in CHAT.items() if "messages" not in name}
    strange = {**CHAT, "backstop.deployment": "suport"}
    response, answer = await export(served, message(CHAT, silent, strange), PROTOBUF)
    partial = ExportTraceServiceResponse.FromString(answer).partial_success
    assert (response.status, partial.rejected_spans) == (200, 2)
    assert "capture message content" in partial.error_message
    assert "'suport' is not known" in partial.error_message
    assert len(served.basket.items) == 1
    _, answer = await export(served, text(silent), JSON)
    assert json.loads(answer)["partialSuccess"]["rejectedSpans"] == "1"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff\xff", PROTOBUF, 400),
        (b"{", JSON, 400),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "x"}]}]}]}', JSON, 400),
        (b"", {"Content-Type": "text/plain"}, 415),
        (b"x", {**PROTOBUF, "Content-Encoding": "zstd"}, 415),
    ],
)
async def test_what_is_no_trace_is_refused_in_otlps_form(
    served: Reporting, body: bytes, headers: dict[str, str], status: int
) -> None:
    """A google.rpc.Status with a message, in the request's form."""
    response, answer = await export(served, body, headers)
    assert response.status == status
    if headers is JSON:
        assert json.loads(answer)["message"]
    else:
        assert answer.startswith(b"\x12")
        assert b"must be" in answer or b"is no" in answer or b"is not known" in answer


async def test_an_empty_request_is_a_success(served: Reporting) -> None:
    """As the protocol wants it."""
    assert (await export(served, b"", PROTOBUF))[0].status == 200
    assert (await export(served, b"{}", JSON))[0].status == 200


async def test_without_room_the_sender_shall_come_again(served: Reporting) -> None:
    """429 with Retry-After is what exporters repeat."""
    served.basket.room = 0
    response, _ = await export(served, message(CHAT), PROTOBUF)
    assert (response.status, response.headers["Retry-After"]) == (429, "1")


def many(spans: int, attributes: int) -> bytes:
    """Return a request as protobuf, with spans that say nothing."""
    request = ExportTraceServiceRequest()
    listed = request.resource_spans.add().scope_spans.add().spans
    for _ in range(spans):
        listed.add().attributes.extend([KeyValue()] * attributes)
    return request.SerializeToString()


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (JSON, b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 110_000 + b"{}]}]}]}"),
        (JSON, b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"{}," * 10_000 + b"{}]}]}]}"),
        (PROTOBUF, many(10_001, 0)),
        (PROTOBUF, many(1, 5_001)),
    ],
    ids=["objects", "spans", "messages", "attributes"],
)
async def test_what_would_keep_the_event_loop_busy_is_refused(
    served: Reporting, headers: dict[str, str], body: bytes
) -> None:
    """A few compressed kilobytes can hold a million spans: nobody else may wait for them."""
    packed = {**headers, "Content-Encoding": "gzip"}
    response, said = await export(served, gzip.compress(body), packed)
    assert response.status == 413
    assert b"fewer at once" in said
