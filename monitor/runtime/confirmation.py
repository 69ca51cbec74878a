"""Confirms a version that has shown itself good: its own answers become the reference."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import structlog

from guards.verdicts import Verdict
from monitor.errors import BadGoldenSet
from monitor.ports import Stores
from monitor.runtime.golden_runs import GoldenRuns, Plan
from monitor.runtime.ingest import Ingest
from monitor.runtime.watch import Watch
from rollback.deployment import Deployment
from rollback.policy import Policy

log = structlog.get_logger(__name__)

_ACTOR = "backstop"


class Confirmation:
    """Ends the probation of a version, once for each promotion."""

    def __init__(self, stores: Stores, runs: GoldenRuns, watch: Watch, ingest: Ingest) -> None:
        self._stores = stores
        self._runs = runs
        self._watch = watch
        self._ingest = ingest
        self._failed: set[tuple[str, int]] = set()

    async def consider(self, deployment: Deployment, policy: Policy) -> None:
        """Confirm the active version when enough good answers and a clean golden run are there."""
        key = (deployment.name, deployment.epoch)
        if deployment.confirmed or deployment.active is None or key in self._failed:
            return
        if not self._watch.has_enough(deployment.name):
            return
        if not await self._golden_is_clean(deployment, policy):
            self._failed.add(key)
            log.warning("not confirmed: the golden run is not clean", deployment=deployment.name)
            return
        await self._confirm(deployment)

    async def _golden_is_clean(self, deployment: Deployment, policy: Policy) -> bool:
        """Whether the last golden run of this version under this epoch, or a new one, is OK."""
        runs = await asyncio.to_thread(self._stores.golden.runs, deployment.name)
        last = next((run for run in runs if run.subject == deployment.active and run.verdict), None)
        if last is not None and last.verdict is Verdict.OK:
            return True
        try:
            outcome = await self._runs.run(
                Plan(
                    deployment=deployment.name,
                    subject=deployment.active,
                    against=deployment.baseline,
                    compared=deployment.baseline is not None,
                    cause="confirmation",
                    margin=policy.margin,
                    min_cases=policy.min_golden_cases,
                    floor=policy.first_version_floor,
                )
            )
        except BadGoldenSet:
            return True  # nobody wrote a golden set, so it cannot speak against the version
        return outcome.run.verdict is Verdict.OK

    async def _confirm(self, deployment: Deployment) -> None:
        now = datetime.now(UTC)
        payload, size = await self._ingest.on_judges(
            lambda: self._watch.freeze_reference(deployment.name)
        )
        await asyncio.to_thread(
            self._stores.evidence.save_reference,
            deployment.active,
            deployment.name,
            payload,
            size,
            now,
        )
        await asyncio.to_thread(
            self._stores.deployments.amend,
            deployment.name,
            expected_epoch=deployment.epoch,
            actor=_ACTOR,
            reason=f"served {size} answers without a finding; they are its reference from now on",
            at=now,
            confirmed=True,
        )
        log.info("confirmed", deployment=deployment.name, version=deployment.active, answers=size)
