"""OTLP traces (OTLP 1.10): spans out of protobuf or JSON, and the answer in the same form."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from monitor.gateway.refusal import TOO_LARGE, Refusal, invalid

_MOST_OBJECTS = 100_000  # of a request in JSON
_MOST_ATTRIBUTES = 5_000  # of a span

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span of a trace, in Python's own types.

    Args:
        id: of the trace and the span, hexadecimal.
        start_ns, end_ns: Unix time in nanoseconds; 0 is unknown.
        events: name and attributes of each.
        failed: whether its status says so; said: the words of the status.
    """

    id: str
    start_ns: int
    end_ns: int
    attributes: Attributes
    resource: Attributes = field(default_factory=dict)
    events: tuple[tuple[str, Attributes], ...] = ()
    failed: bool = False
    said: str = ""


def from_protobuf(body: bytes) -> Iterator[Span]:
    """Yield the spans of an ExportTraceServiceRequest. Raises `Refusal` (400, 413)."""
    # Here, since protobuf takes 85 ms to import and most gateways never see a trace.
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError as error:
        raise invalid(f"the body is no ExportTraceServiceRequest: {error}") from error
    for each in request.resource_spans:
        resource = _attributes_of_message(each.resource.attributes)
        for scope in each.scope_spans:
            for span in scope.spans:
                yield _of_message(span, resource)


def from_json(body: bytes) -> Iterator[Span]:
    """Yield the spans of a request in OTLP's JSON. Raises `Refusal` (400, 413)."""
    _check_few(body.count(b"{"), _MOST_OBJECTS)
    try:
        for each in _decode(body).resource_spans:
            resource = _attributes_of_json(each.resource.attributes)
            for scope in each.scope_spans:
                for span in scope.spans:
                    yield _of_json(_decode_span(span), resource)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is no ExportTraceServiceRequest: {error}") from error


def _check_few(count: int, most: int) -> None:
    """Refuse what would keep the event loop busy for long, small as its bytes may be."""
    if count > most:
        raise Refusal(f"more than {most} objects in one request: export fewer at once", TOO_LARGE)


def answer_protobuf(rejected: int, message: str) -> bytes:
    """Return an ExportTraceServiceResponse; its partial success is left out if all is well."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTracePartialSuccess,
        ExportTraceServiceResponse,
    )

    if not message:
        return b""
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=message)
    return bytes(ExportTraceServiceResponse(partial_success=partial).SerializeToString())


def answer_json(rejected: int, message: str) -> bytes:
    """Return an ExportTraceServiceResponse as JSON, where an int64 is a string."""
    if not message:
        return b"{}"
    partial = {"rejectedSpans": str(rejected), "errorMessage": message}
    return msgspec.json.encode({"partialSuccess": partial})


def status_protobuf(message: str) -> bytes:
    """Return a google.rpc.Status with a message, which is its field 2."""
    text = message.encode()
    length = bytearray()
    size = len(text)
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    length.append(size)
    return b"\x12" + bytes(length) + text


def status_json(message: str) -> bytes:
    """Return a google.rpc.Status with a message, as JSON."""
    return msgspec.json.encode({"message": message})


def _of_message(span: Any, resource: Attributes) -> Span:
    return Span(
        id=f"{span.trace_id.hex()}-{span.span_id.hex()}",
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        attributes=_attributes_of_message(span.attributes),
        resource=resource,
        events=tuple(
            (event.name, _attributes_of_message(event.attributes)) for event in span.events
        ),
        failed=span.status.code == _FAILED,
        said=span.status.message,
    )


def _attributes_of_message(pairs: Sequence[Any]) -> dict[str, Any]:
    _check_few(len(pairs), _MOST_ATTRIBUTES)
    return {pair.key: _value_of_message(pair.value) for pair in pairs}


def _value_of_message(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value_of_message(each) for each in value.array_value.values]
    if kind == "kvlist_value":
        return _attributes_of_message(value.kvlist_value.values)
    return None if kind is None else getattr(value, kind)


_FAILED = 2  # STATUS_CODE_ERROR


class _Json(msgspec.Struct, rename="camel"):
    """A message in OTLP's JSON: names in camelCase, ids hexadecimal, int64 as string or number."""


class _Value(_Json):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: str | int | None = None
    double_value: float | str | None = None
    array_value: _Array | None = None
    kvlist_value: _Pairs | None = None
    bytes_value: str | None = None


class _Pair(_Json):
    key: str = ""
    value: _Value | None = None


class _Array(_Json):
    values: list[_Value] = []


class _Pairs(_Json):
    values: list[_Pair] = []


class _Status(_Json):
    code: int | str = 0
    message: str = ""


class _Event(_Json):
    name: str = ""
    attributes: list[_Pair] = []


class _Span(_Json):
    trace_id: str = ""
    span_id: str = ""
    start_time_unix_nano: str | int = 0
    end_time_unix_nano: str | int = 0
    attributes: list[_Pair] = []
    events: list[_Event] = []
    status: _Status = msgspec.field(default_factory=_Status)


class _Resource(_Json):
    attributes: list[_Pair] = []


class _ScopeSpans(_Json):
    spans: list[msgspec.Raw] = []  # read one by one: a million of them may be empty


class _ResourceSpans(_Json):
    resource: _Resource = msgspec.field(default_factory=_Resource)
    scope_spans: list[_ScopeSpans] = []


class _Request(_Json):
    resource_spans: list[_ResourceSpans] = []


_decode = msgspec.json.Decoder(_Request).decode
_decode_span = msgspec.json.Decoder(_Span).decode


def _of_json(span: _Span, resource: Attributes) -> Span:
    return Span(
        id=f"{bytes.fromhex(span.trace_id).hex()}-{bytes.fromhex(span.span_id).hex()}",
        start_ns=int(span.start_time_unix_nano),
        end_ns=int(span.end_time_unix_nano),
        attributes=_attributes_of_json(span.attributes),
        resource=resource,
        events=tuple((event.name, _attributes_of_json(event.attributes)) for event in span.events),
        failed=span.status.code in (_FAILED, "STATUS_CODE_ERROR"),
        said=span.status.message,
    )


def _attributes_of_json(pairs: Iterable[_Pair]) -> dict[str, Any]:
    return {pair.key: _value_of_json(pair.value) for pair in pairs}


def _value_of_json(value: _Value | None) -> Any:
    if value is None:
        return None
    if value.array_value is not None:
        return [_value_of_json(each) for each in value.array_value.values]
    if value.kvlist_value is not None:
        return _attributes_of_json(value.kvlist_value.values)
    if value.int_value is not None:
        return int(value.int_value)
    return next(_given(value), None)


def _given(value: _Value) -> Iterator[Any]:
    for each in (value.string_value, value.bool_value, value.double_value, value.bytes_value):
        if each is not None:
            yield each
