"""Tells a changed base model from an adapter's regression: an incident of its own kind."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from monitor.ports.alerts import Notice
from monitor.ports.base_identity import BaseIdentity
from monitor.ports.golden import GoldenRun
from monitor.ports.golden_host import GoldenHost
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from rollback.actors import AUTOMATIC
from rollback.incident import Incident, Phase

log = structlog.get_logger(__name__)

_LOOKED_AT = 50  # of a deployment's newest runs: the last one that told its base is among them
_ANSWERS = "answers"  # the part that shows in what the base model says, whatever its files say


class BaseWatch:
    """Compares the base model of each run with that of the run before."""

    def __init__(self, stores: Stores, link: str = "") -> None:
        self._stores = stores
        self._link = link

    async def look(self, run: GoldenRun, host: GoldenHost) -> tuple[dict[str, Any], str | None]:
        """Return the base model's identity as JSON for the run, and a sentence if it has changed.

        A change is told once: the next run finds it told. Raises `EngineError`, `Unavailable`.
        """
        found = await host.identity()
        earlier = await asyncio.to_thread(self._earlier, run)
        if earlier is None:
            return record(found), None
        parts = changed(restored(earlier.summary["base"]), found)
        if not parts:
            return record(found), None
        sentence = (
            f"the base model has changed under its name ({', '.join(parts)}) since golden run "
            f"{earlier.id[:8]}: nothing is said of the adapter; run again to judge it on this base"
        )
        await asyncio.to_thread(self._tell, run, earlier, sentence, list(parts))
        return record(found), sentence

    def _earlier(self, run: GoldenRun) -> GoldenRun | None:
        runs = self._stores.golden.runs(run.deployment, _LOOKED_AT)
        return next((each for each in runs if each.id != run.id and "base" in each.summary), None)

    def _tell(self, run: GoldenRun, earlier: GoldenRun, sentence: str, parts: list[str]) -> None:
        """Open the incident, once for each change: its id follows from the run before it."""
        now = datetime.now(UTC)
        deployment = self._stores.deployments.ensure(run.deployment)
        key = f"base_changed:{run.deployment}:{earlier.id}"
        incident = Incident(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            deployment=run.deployment,
            opened_at=now,
            phase=Phase.BASE_CHANGED,
            from_version=deployment.active,
            to_version=deployment.active,
            reason=sentence,
            actor=AUTOMATIC,
            epoch=deployment.epoch,
            evidence={"parts": parts, "golden_run": run.id, "golden_run_before": earlier.id},
        )
        self._stores.incidents.open(incident, self._notice(incident))
        log.error("base model changed", deployment=run.deployment, parts=parts)

    def _notice(self, incident: Incident) -> Notice:
        return Notice(
            id=incident.id,
            kind="base_changed",
            severity="critical",
            title=f"{incident.deployment}: the base model is another one under its old name",
            facts={
                "deployment": incident.deployment,
                "incident": incident.id,
                "reason": incident.reason,
                "actor": incident.actor,
                "link": self._link,
            },
            created_at=incident.opened_at,
        )


def changed(before: BaseIdentity, now: BaseIdentity) -> tuple[str, ...]:
    """Return the parts that differ, by name; parts that only one of both tells are passed over.

    Answers are compared only where nothing else differs and both were computed at one place.

    >>> changed(BaseIdentity(parts={"weights": "a"}), BaseIdentity(parts={"weights": "b"}))
    ('weights',)
    """
    both = sorted(before.parts.keys() & now.parts.keys())
    parts = tuple(name for name in both if before.parts[name] != now.parts[name])
    if parts or before.place != now.place or before.answers is None or now.answers is None:
        return parts
    return () if fingerprints.same(before.answers, now.answers) else (_ANSWERS,)


def record(identity: BaseIdentity) -> dict[str, Any]:
    """Return an identity as JSON."""
    answers = identity.answers
    return {
        "parts": dict(identity.parts),
        "place": identity.place,
        "answers": None
        if answers is None
        else {
            "prompts": list(answers.prompts),
            "tokens": [list(each) for each in answers.tokens],
            "logprobs": [list(each) for each in answers.logprobs],
        },
    }


def restored(told: Mapping[str, Any]) -> BaseIdentity:
    """Return what `record` told."""
    answers = told["answers"]
    return BaseIdentity(
        parts=told["parts"],
        place=told["place"],
        answers=None
        if answers is None
        else Fingerprint(
            prompts=tuple(answers["prompts"]),
            tokens=tuple(tuple(each) for each in answers["tokens"]),
            logprobs=tuple(tuple(each) for each in answers["logprobs"]),
        ),
    )
