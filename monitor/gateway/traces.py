"""`POST /v1/traces`: OTLP/HTTP, so that whoever traces a model already needs nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from guards.exchange import Exchange
from guards.exchange_log import Logged
from monitor.errors import BackstopError
from monitor.gateway import bodies, genai, otlp
from monitor.gateway.genai import Inference
from monitor.gateway.http import Call
from monitor.gateway.intake import Intake
from monitor.gateway.otlp import Span
from monitor.gateway.refusal import TOO_LARGE, UNSUPPORTED, Refusal, failure

_PROTOBUF, _JSON = "application/x-protobuf", "application/json"
_BREATH = 50  # spans between two chances for others on the event loop
_MOST = 10_000  # spans of one request; exporters send 512 at once
_TOLD = 3  # complaints that an answer repeats


@dataclass(slots=True)
class Sorted:
    """What became of the spans of one request.

    Args:
        reported: exchanges to hand over; passed_over: spans that are about something else.
        rejected: spans of a model's answer that cannot be used; foreign: of models that are no
            deployment of ours.
    """

    reported: list[tuple[Exchange, ...]] = field(default_factory=list)
    passed_over: int = 0
    rejected: list[str] = field(default_factory=list)
    foreign: dict[str, int] = field(default_factory=dict)

    def message(self, known: str) -> str:
        """Return what the sender must know, empty if all is well."""
        told = list(dict.fromkeys(self.rejected))[:_TOLD]
        if self.foreign and not self.reported:
            models = ", ".join(sorted(self.foreign)[:_TOLD])
            told.append(
                f"no deployment is named {models}; known: {known}; the attribute "
                f"{genai.DEPLOYMENT} of a span or a resource names one"
            )
        return "; ".join(told)


class TraceIntake:
    """Takes spans of calls of a model as exchanges, and passes all others over.

    Args:
        passed_over: spans that said nothing about a deployment, since the start.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.passed_over = 0

    async def handle(self, call: Call) -> None:
        """Answer one request; errors too have the form that OTLP asks for."""
        kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        as_json = kind == _JSON
        content_type = (b"content-type", (_JSON if as_json else _PROTOBUF).encode())
        try:
            body = await self._take(call, kind)
        except BackstopError as error:
            failed = failure(error)
            said = (otlp.status_json if as_json else otlp.status_protobuf)(str(error))
            await call.reply(failed.status.code, said, content_type, failed.status.headers)
        else:
            await call.reply(200, body, content_type)

    async def _take(self, call: Call, kind: str) -> bytes:
        self._intake.reporters.admit(call.authorization)
        if kind not in (_PROTOBUF, _JSON):
            raise Refusal(f"the content-type must be {_PROTOBUF} or {_JSON}", UNSUPPORTED)
        body = await bodies.inflated(call, self._intake.max_body_bytes)
        spans = otlp.from_json(body) if kind == _JSON else otlp.from_protobuf(body)
        found = await self._sort(spans)
        self._intake.take(found.reported)
        self.passed_over += found.passed_over + sum(found.foreign.values())
        answer = otlp.answer_json if kind == _JSON else otlp.answer_protobuf
        return answer(len(found.rejected), found.message(self._intake.known))

    async def _sort(self, spans: Iterable[Span]) -> Sorted:
        found = Sorted()
        for index, span in enumerate(spans):
            if index == _MOST:
                raise Refusal(f"more than {_MOST} spans: export fewer at once", TOO_LARGE)
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            inference = genai.inference_of(span)
            if inference is None:
                found.passed_over += 1
            else:
                self._add(found, inference)
        return found

    def _add(self, found: Sorted, inference: Inference) -> None:
        name = inference.named_deployment or inference.model or "unnamed"
        if inference.named_deployment is None and not self._intake.knows(name):
            found.foreign[name] = found.foreign.get(name, 0) + 1
            return
        try:
            answers: tuple[Logged, ...] = inference.logged(name)
            found.reported += [self._intake.routed(each) for each in answers]
        except (genai.Unusable, Refusal) as error:
            found.rejected.append(str(error))
