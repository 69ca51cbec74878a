"""Exchanges out of spans that follow OpenTelemetry's conventions for generative AI.

Read are the attributes of the semantic conventions up to 1.41 and of the conventions of their own
that came after (0.1.0), the events of 1.27 to 1.36 where they were put on the span, and the indexed
attributes of OpenLLMetry (`gen_ai.prompt.0.content`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from guards.endings import reason_of
from guards.exchange import Exchange, FinishReason, Message
from guards.exchange_log import Logged
from monitor.gateway import failures
from monitor.gateway.conversation import Said, inputs, outputs
from monitor.gateway.failures import Failure
from monitor.gateway.otlp import Attributes, Span

DEPLOYMENT, ADAPTER = "backstop.deployment", "backstop.adapter"
_OPERATIONS = frozenset({"chat", "text_completion", "generate_content", "completion"})
_NANO = 1e-9
_TIMES_NS = range(946_684_800_000_000_000, 2**63)  # from the year 2000 on: a clock that was set
_MOST_TOKENS = 2**31 - 1


class Unusable(ValueError):
    """A span of a model's answer cannot become an exchange; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Inference:
    """A span that describes a call of a model, with what was found on it and on its events."""

    span: Span
    attributes: Attributes

    @property
    def named_deployment(self) -> str | None:
        """The deployment that the span, or what sent it, names in our own words."""
        return _text(self.attributes.get(DEPLOYMENT)) or _text(self.span.resource.get(DEPLOYMENT))

    @property
    def model(self) -> str | None:
        """The model that was asked for."""
        return _text(self.attributes.get("gen_ai.request.model"))

    def logged(self, deployment: str) -> tuple[Logged, ...]:
        """Return the answers, one for each choice. Raises `Unusable`."""
        if self.span.start_ns not in _TIMES_NS:
            raise Unusable(f"span {self.span.id} does not say when it started")
        said = outputs(self.attributes, self.span.events)
        failure = self._failure()
        if not said and failure is None:
            raise Unusable(
                f"span {self.span.id} carries no answer: let your instrumentation capture message "
                "content (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only)"
            )
        return tuple(self._logged(deployment, said or (Said(),), failure))

    def _logged(
        self, deployment: str, said: tuple[Said, ...], failure: Failure | None
    ) -> Iterator[Logged]:
        adapter = self._adapter()
        messages = inputs(self.attributes, self.span.events)
        for index, each in enumerate(said):
            exchange = self._exchange(deployment, adapter, messages, each, index, failure)
            if index or len(said) > 1:
                exchange = _of_several(exchange, index)
            yield Logged(exchange=exchange, names_adapter=adapter is not None)

    def _exchange(
        self,
        deployment: str,
        adapter: str | None,
        messages: tuple[Message, ...],
        said: Said,
        index: int,
        failure: Failure | None,
    ) -> Exchange:
        span, given = self.span, self.attributes
        reason = self._reason(said, index) if failure is None else failure.reason
        return Exchange(
            id=self._id(),
            deployment=deployment,
            started_at=datetime.fromtimestamp(span.start_ns * _NANO, UTC),
            messages=messages,
            output=said.text,
            adapter=adapter,
            latency_s=max(span.end_ns - span.start_ns, 0) * _NANO if span.end_ns else None,
            first_token_s=_seconds(given.get("gen_ai.response.time_to_first_chunk")),
            prompt_tokens=_count(given, "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
            output_tokens=_count(
                given, "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"
            ),
            finish_reason=reason,
            error=None if failure is None else failure.error,
            ended_by_caller=self._ended_by_caller(reason),
            tags={"span": span.id},
        )

    def _id(self) -> str:
        given = _text(self.attributes.get("gen_ai.response.id")) or ""
        is_sound = 0 < len(given) <= 128 and given.isascii() and given.isprintable()
        return given if is_sound else f"span-{self.span.id}"

    def _adapter(self) -> str | None:
        """Return the version that the span names, in our own words or as the model that answered."""
        ours = _text(self.attributes.get(ADAPTER)) or _text(self.span.resource.get(ADAPTER))
        model = _text(self.attributes.get("gen_ai.response.model")) or ""
        version = ours or (model if "@" in model else None)
        if version is not None and not (len(version) <= 256 and version.isprintable()):
            raise Unusable(f"span {self.span.id} names an adapter that cannot be a name")
        return version

    def _reason(self, said: Said, index: int) -> FinishReason | None:
        listed = self.attributes.get("gen_ai.response.finish_reasons")
        word = said.finish_reason
        if word is None and isinstance(listed, list) and index < len(listed):
            word = _text(listed[index])
        return None if word is None else reason_of(word) or FinishReason.STOP

    def _ended_by_caller(self, reason: FinishReason | None) -> bool:
        if reason is FinishReason.LENGTH:
            return self.attributes.get("gen_ai.request.max_tokens") is not None
        has_stops = bool(self.attributes.get("gen_ai.request.stop_sequences"))
        return reason is FinishReason.STOP and has_stops

    def _failure(self) -> Failure | None:
        """Return how the call failed, if it did. Only a status of the engine makes it a fault."""
        kind = self.attributes.get("error.type")
        if kind is None and not self.span.failed:
            return None
        status = self.attributes.get("http.response.status_code", kind)
        words = self.span.said or str(kind or "the call failed")
        is_status = str(status).isascii() and str(status).isdigit()
        return failures.of_response(int(status) if is_status else None, words.encode())


def inference_of(span: Span) -> Inference | None:
    """Return a span as a call of a model, or `None` if it is about something else."""
    attributes = dict(span.attributes)
    for name, more in span.events:
        if name == "gen_ai.client.inference.operation.details":
            attributes = {**more, **attributes}
    operation = attributes.get("gen_ai.operation.name", attributes.get("llm.request.type"))
    return Inference(span, attributes) if operation in _OPERATIONS else None


def _of_several(exchange: Exchange, index: int) -> Exchange:
    """Return one choice of several: what was counted for all of them is not its own."""
    name = f"{exchange.id}#{index}" if index else exchange.id
    return replace(exchange, id=name, output_tokens=None)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _seconds(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and 0 <= value < 1e9 else None


def _count(attributes: Attributes, *names: str) -> int | None:
    for name in names:
        value = attributes.get(name)
        if type(value) is int and 0 <= value <= _MOST_TOKENS:
            return value
    return None
