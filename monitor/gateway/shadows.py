"""Shadows of the local engine: the baseline's answers, written in the same batch, which nobody sees."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

from guards.exchange import FinishReason
from monitor.errors import BackstopError, EngineError
from monitor.gateway.allowance import Allowance
from monitor.gateway.draft import Draft
from monitor.ports.engine import Engine, Generation
from monitor.ports.handover import Handover, Reported


@dataclass(slots=True, kw_only=True)
class Shadows:
    """Lets the baseline answer beside the active version: few at once, and only while there is room.

    Args:
        allowances: deployment → how many it may have in an hour, where that is bounded.
        most: shadows that may be under way at once.
        now: wall clock; clock: monotonic, in seconds.
        skipped: how many there was no room for.
    """

    engine: Engine
    handover: Handover
    now: Callable[[], datetime]
    clock: Callable[[], float]
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    most: int = 4
    skipped: int = 0
    _under_way: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, generation: Generation, answer: Draft, *, has_room: bool) -> None:
        """Have the baseline answer too, if its turn has come, or count a shadow that is skipped.

        The ids of answers are our own, so that no caller chooses what is shadowed.
        """
        route = answer.route
        if route.explicit or answer.version != route.active or route.baseline == route.active:
            return
        if not route.shadows(answer.id):
            return
        if (
            not has_room
            or len(self._under_way) >= self.most
            or not self._is_allowed(route.deployment)
        ):
            self.skipped += 1
            return
        task = asyncio.get_running_loop().create_task(self._asked(generation, self._draft(answer)))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def stop(self) -> None:
        """End the shadows that are under way."""
        tasks = list(self._under_way)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_allowed(self, deployment: str) -> bool:
        allowance = self.allowances.get(deployment)
        return allowance is None or allowance.take(self.now().timestamp())

    def _draft(self, answer: Draft) -> Draft:
        return Draft(
            id=f"shadow-{uuid.uuid4()}",
            route=answer.route,
            messages=answer.messages,
            started_at=self.now(),
            started=self.clock(),
            request_id=answer.request_id,
            version=answer.route.baseline,
            shadow_of=answer.id,
            has_limit=answer.has_limit,
            has_stops=answer.has_stops,
        )

    async def _asked(self, generation: Generation, draft: Draft) -> None:
        """Take an answer in for the record alone; one that the engine did not give says nothing."""
        try:
            async with aclosing(self.engine.complete(generation, draft.version)) as pieces:
                async for piece in pieces:
                    draft.add(piece, self.clock())
        except EngineError as error:
            draft.end(FinishReason.ERROR, self.clock(), str(error))
        except BackstopError:
            return  # the engine is away, or refuses the prompt: that is no answer
        if draft.finish_reason is not None:
            self.handover.offer(Reported(exchange=draft.exchange()))
