"""Drills of the deployments that are served: what they are held with, and their record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from guards.exchange import Message
from monitor.errors import Conflict
from monitor.ports.drills import Drill, Objective
from monitor.ports.stores import Stores
from monitor.runtime.drills.answering import Prompt
from monitor.runtime.drills.sitting import Scene, Sitting
from rollback.deployment import Deployment
from rollback.policy import Policy
from rollback.spoilt_kind import Kind

_USUAL, _PROMPTS = 60, 100


class Drills:
    """Holds drills one at a time, and records them.

    Args:
        schemas: deployment → JSON Schema of its answers, where one is declared.
        objectives: deployment → by when a spoilt version must be caught; the default where none is.
    """

    def __init__(
        self,
        stores: Stores,
        sitting: Sitting,
        schemas: Mapping[str, Mapping[str, Any]],
        objectives: Mapping[str, Objective],
    ) -> None:
        self._stores = stores
        self._sitting = sitting
        self._schemas = dict(schemas)
        self._objectives = dict(objectives)
        self._turn = asyncio.Lock()

    async def hold(
        self, deployment: Deployment, policy: Policy, kinds: Sequence[Kind]
    ) -> Sequence[Drill]:
        """Hold a drill of each kind and keep what it found.

        Raises `Conflict` if the base model serves: then there is no version to spoil. `Unavailable`.
        """
        if deployment.active is None:
            raise Conflict(
                f"{deployment.name} serves the base model; promote a version to drill it"
            )
        scene = await asyncio.to_thread(self._scene, deployment, deployment.active, policy)
        held: list[Drill] = []
        async with self._turn:
            for kind in kinds:
                drill = await self._sitting.hold(scene, kind)
                await asyncio.to_thread(self._stores.drills.add, drill)
                held.append(drill)
        return held

    def _scene(self, deployment: Deployment, active: str, policy: Policy) -> Scene:
        """Return what there is to ask: recorded prompts, else those of the golden set."""
        name = deployment.name
        cases = self._stores.golden.cases(name)
        recorded = self._stores.exchanges.recent(name, 2 * (_USUAL + _PROMPTS))
        asked: Sequence[Prompt] = [
            (Message(role="user", content=text),)
            for text in dict.fromkeys(each.prompt for each in recorded)
            if text
        ]
        if len(asked) <= _USUAL:
            asked = [case.messages for case in cases]
        return Scene(
            deployment=name,
            active=active,
            policy=policy,
            cases=cases,
            usual=asked[:_USUAL],
            prompts=asked[_USUAL : _USUAL + _PROMPTS],
            schema=self._schemas.get(name),
            objective=self._objectives.get(name, Objective()),
        )
