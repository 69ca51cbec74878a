"""One drill: a spoilt version goes onto the engine under a name that nobody is routed to."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from guards.golden import GoldenCase
from monitor.errors import BadAdapter, EngineError
from monitor.ports.drills import Caught, Drill, Means, Objective, Spoiler
from monitor.ports.engine import Engine
from monitor.ports.grading import Grader
from monitor.runtime import fingerprints
from monitor.runtime.drills import golden_trial
from monitor.runtime.drills.answering import Answering, Prompt
from monitor.runtime.drills.shadow import Shadow
from rollback.policy import Policy
from rollback.spoilt_kind import Kind

_LEAST_USUAL = 40  # answers of a reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a deployment's drills are held with.

    Args:
        active: the version that serves.
        cases: its golden set. usual, prompts: what callers asked; the active version's answers to
            the former are the reference, and the latter are shadowed.
    """

    deployment: str
    active: str
    policy: Policy
    cases: Sequence[GoldenCase] = ()
    usual: Sequence[Prompt] = ()
    prompts: Sequence[Prompt] = ()
    schema: Mapping[str, Any] | None = None
    objective: Objective = field(default_factory=Objective)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Holds drills on one engine, beside the callers."""

    engine: Engine
    spoiler: Spoiler
    grader: Grader

    async def hold(self, scene: Scene, kind: Kind) -> Drill:
        """Spoil, load, ask, and say what caught it; the spoilt version is off the engine afterwards.

        What catches it early does not end the drill: what else would have is of interest too, as
        far as the engine takes the version. Raises `Unavailable`.
        """
        started = datetime.now(UTC)
        caught, asked = await self._caught(scene, kind)
        return Drill(
            id=uuid.uuid4().hex,
            deployment=scene.deployment,
            version=scene.active,
            kind=kind,
            started_at=started,
            finished_at=datetime.now(UTC),
            objective=scene.objective,
            caught=caught,
            asked=asked,
            rollback_s=await self._proof_s(scene.active),
        )

    async def _caught(self, scene: Scene, kind: Kind) -> tuple[tuple[Caught, ...], int]:
        began = time.monotonic()
        try:
            name, folder = await asyncio.to_thread(self.spoiler.spoilt, scene.active, kind)
            await self.engine.load(name, folder)
        except (BadAdapter, EngineError) as error:
            return (_at_once(Means.LOADING, began, str(error)),), 0
        try:
            fingerprint = await self._like_another(name, scene.active, began)
            shown = await self._asked(scene, name)
        finally:
            await self.engine.unload(name)
        return (*fingerprint, *shown), len(scene.prompts)

    async def _like_another(self, name: str, active: str, began: float) -> Sequence[Caught]:
        """Tell whether it answers the probes like the base model or the active version."""
        try:
            found = await fingerprints.take(self.engine, name)
        except EngineError as error:
            return (_at_once(Means.FINGERPRINT, began, str(error)),)
        for other, said in ((None, "the base model"), (active, active)):
            if fingerprints.same(await fingerprints.take(self.engine, other), found):
                reason = f"it answers the probes as {said} does"
                return (_at_once(Means.FINGERPRINT, began, reason),)
        return ()

    async def _asked(self, scene: Scene, name: str) -> Sequence[Caught]:
        answering = Answering(engine=self.engine)
        golden = await golden_trial.held(
            answering, self.grader, scene.cases, scene.policy, active=scene.active, spoilt=name
        )
        if len(scene.usual) < _LEAST_USUAL:
            return () if golden is None else (golden,)
        usual = await answering.ask(scene.usual, scene.active)
        shadow = Shadow(policy=scene.policy, usual=usual, schema=scene.schema)
        watched = await shadow.watch(answering, scene.prompts, scene.active, name)
        return (*(() if golden is None else (golden,)), *watched)

    async def _proof_s(self, active: str) -> float:
        """Return how long it takes to have the version that serves proved on the engine."""
        began = time.monotonic()
        await fingerprints.take(self.engine, active)
        return time.monotonic() - began


def _at_once(by: Means, began: float, reason: str) -> Caught:
    return Caught(by=by, answers=0, seconds=time.monotonic() - began, reason=reason)
