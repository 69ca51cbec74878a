"""Completions of the local engine: route a request, deliver the answer, hand the record over."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from contextlib import aclosing

from guards.exchange import FinishReason
from monitor.errors import EngineError
from monitor.gateway.delivery import Delivery, GuardedDelivery, delivery_for
from monitor.gateway.dialects import Dialect
from monitor.gateway.draft import Draft
from monitor.gateway.gateway import Gateway
from monitor.gateway.http import Call, CallerGone
from monitor.gateway.request import Asked, parse_object
from monitor.ports.handover import Reported
from monitor.runtime.routing import Route, unknown


class Completions:
    """Answers requests of one dialect.

    A request keeps the route it began with, so that no answer mixes two versions.
    """

    def __init__(self, gateway: Gateway, dialect: Dialect) -> None:
        self._gateway = gateway
        self._dialect = dialect

    async def handle(self, call: Call) -> None:
        """Answer one request. Raises `BackstopError`; `CallerGone` if the caller left."""
        caller = self._gateway.callers.admit(call.authorization)
        asked = self._dialect.parse(parse_object(await call.body(self._gateway.max_body_bytes)))
        route = self._route(asked.model, call)
        version, dealt = self._choose(route, asked, call)
        call.adapter = _shown(version)
        self._gateway.enter()
        try:
            with self._gateway.flights.on(route):
                draft = self._draft(call, asked, route, caller)
                draft.version, draft.dealt = version, dealt
                self._gateway.shadows.send(asked.generation, draft, has_room=self._gateway.has_room)
                await _unless_gone(call, self._serve(call, asked, draft))
        finally:
            self._gateway.leave()

    def _choose(self, route: Route, asked: Asked, call: Call) -> tuple[str | None, str]:
        """Return which version answers, and the lot that a canary has dealt, if one runs."""
        dealt = route.deal(_lot(asked, call))
        if dealt is not None:
            return (route.candidate if dealt.to_candidate else route.active), str(dealt)
        return route.version_for(asked.user or call.authorization or call.request_id), ""

    def _route(self, model: str, call: Call) -> Route:
        """Find the route. Only operators may name a version; to others it does not exist."""
        table = self._gateway.router.table
        route = table.find(model)
        if route.explicit and self._gateway.operators.recognise(call.authorization) is None:
            raise unknown(model, table.routes)
        return route

    def _draft(self, call: Call, asked: Asked, route: Route, caller: str | None) -> Draft:
        return Draft(
            id=f"{self._dialect.prefix}{uuid.uuid4()}",
            route=route,
            messages=asked.generation.messages,
            started_at=self._gateway.now(),
            started=self._gateway.clock(),
            request_id=call.request_id,
            caller=caller,
            has_limit=asked.has_limit,
            has_stops=bool(asked.generation.stop),
        )

    async def _serve(self, call: Call, asked: Asked, draft: Draft) -> None:
        delivery = self._delivery(call, asked, draft)
        clock = self._gateway.clock
        answer = self._gateway.engine.complete(asked.generation, draft.version)
        try:
            async with aclosing(answer) as pieces:
                async for piece in pieces:
                    draft.add(piece, clock())
                    await delivery.piece(piece)
                    if draft.is_blocked:
                        draft.end(FinishReason.INCOMPLETE, clock())
                        break
        except (asyncio.CancelledError, CallerGone):
            draft.end(FinishReason.ABANDONED, clock())
            raise
        except EngineError as error:
            draft.end(FinishReason.ERROR, clock(), str(error))
            raise
        finally:
            self._record(draft)
        await delivery.end()

    def _delivery(self, call: Call, asked: Asked, draft: Draft) -> Delivery:
        """Return the delivery the caller asked for, through guards where the deployment has any."""
        delivery = delivery_for(call, self._dialect, asked, draft)
        guarding = self._gateway.guards.get(draft.route.deployment)
        if guarding is None:
            return delivery
        request = guarding.of_prompt(draft.messages)
        return GuardedDelivery(delivery, request, draft, self._gateway.clock)

    def _record(self, draft: Draft) -> None:
        """Hand the record over, if it says something about a version in live traffic.

        A refused prompt and an engine that is away have left the draft without an end.
        """
        if draft.finish_reason is None or draft.route.explicit:
            return
        self._gateway.counters.answered(draft)
        self._gateway.handover.offer(Reported(exchange=draft.exchange()))


def _lot(asked: Asked, call: Call) -> str:
    """Return what a canary deals by: the caller's `user`, else the conversation, else chance."""
    if asked.user:
        return f"user {asked.user}"
    said = (each.content for each in asked.generation.messages if each.role == "user")
    opening = next(said, None)
    return f"request {call.request_id}" if opening is None else f"conversation {opening}"


async def _unless_gone(call: Call, work: Coroutine[None, None, None]) -> None:
    """Do the work, but stop it at once when the caller leaves. Raises `CallerGone` then."""
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(call.gone())
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait((working, leaving))
    if working.cancelled():
        raise CallerGone
    working.result()


def _shown(version: str | None) -> str:
    """Return the digest of a version for the header; the base model is called `base`."""
    return "base" if version is None else version.partition("@")[2] or version
