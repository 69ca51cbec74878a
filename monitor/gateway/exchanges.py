"""`POST /v1/exchanges`: exchanges of a model that is served without this gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from guards import exchange_log
from guards.exchange import Exchange
from guards.exchange_fields import BadExchange
from monitor.gateway import bodies
from monitor.gateway.http import Call
from monitor.gateway.intake import Intake
from monitor.gateway.refusal import Refusal, invalid

_LINES = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_BREATH = 50  # exchanges between two chances for others on the event loop

_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list = msgspec.json.Decoder(list[msgspec.Raw]).decode


class ExchangeIntake:
    """Takes one exchange, `{"exchanges": [...]}` or JSON Lines, in the form of an exchange log.

    All of them are taken, or none if any of them is bad.
    """

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def handle(self, call: Call) -> None:
        """Answer one request. Raises `Unauthorized`, `Refusal`."""
        self._intake.reporters.admit(call.authorization)
        body = await bodies.inflated(call, self._intake.max_body_bytes)
        kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
        reported = await self._read(_lines(body) if kind in _LINES else _objects(body))
        await call.answer(202, {"accepted": self._intake.take(reported)})

    async def _read(
        self, given: Iterable[tuple[str, bytes | msgspec.Raw]]
    ) -> list[tuple[Exchange, ...]]:
        now = self._intake.moment()
        found = []
        for index, (where, item) in enumerate(given):
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
            try:
                logged = exchange_log.parse(bytes(item), deployment=None, started_at=now)
                found.append(self._intake.routed(logged))
            except BadExchange as error:
                raise _bad(where, str(error), error.field) from error
            except Refusal as error:
                raise _bad(where, str(error), error.param or "") from error
        return found


def _bad(where: str, complaint: str, field: str) -> Refusal:
    param = ".".join(filter(None, (where, field)))
    return invalid(f"{where}: {complaint}" if where else complaint, param or None)


def _lines(body: bytes) -> Iterable[tuple[str, bytes | msgspec.Raw]]:
    lines = enumerate(body.splitlines(), start=1)
    return ((f"line {number}", line) for number, line in lines if line.strip())


def _objects(body: bytes) -> Iterable[tuple[str, bytes | msgspec.Raw]]:
    try:
        fields = _object(body)
        if "exchanges" not in fields:
            return [("", body)]
        items = _list(fields["exchanges"])
    except (ValueError, RecursionError) as error:
        raise invalid(
            'the body must be an exchange, or {"exchanges": [...]}; for JSON Lines, send the '
            f"content-type application/x-ndjson ({error})"
        ) from error
    return ((f"exchanges[{index}]", item) for index, item in enumerate(items))
