"""Goes on with golden runs that were left behind: their process was killed, or only meant to run them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import structlog

from monitor.errors import BackstopError, Unavailable
from monitor.ports.golden import GoldenRun
from monitor.ports.stores import Stores
from monitor.runtime.golden_evidence import GoldenEvidence
from monitor.runtime.golden_plan import Outcome
from monitor.runtime.golden_runs import GoldenRuns
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)

_LOOK_S = 2.0
_NO_EVIDENCE = "gate"  # the cause of runs of a version that does not serve


class Resuming:
    """The leader's loop over runs that nobody holds.

    Args:
        deployments: those that the configuration names; runs of others are left.
    """

    def __init__(
        self,
        stores: Stores,
        runs: GoldenRuns,
        evidence: GoldenEvidence,
        deployments: Collection[str],
        leads: Callable[[], bool],
    ) -> None:
        self._stores = stores
        self._runs = runs
        self._evidence = evidence
        self._deployments = frozenset(deployments)
        self._leads = leads

    async def run(self) -> None:
        """Look every two seconds, until cancelled."""
        while True:
            if self._leads():
                try:
                    await self.go_on()
                except Unavailable as error:
                    log.warning("golden runs left behind are not read", error=str(error))
            await asyncio.sleep(_LOOK_S)

    async def go_on(self) -> None:
        """Go on with every run that was left behind, oldest first. Raises `Unavailable`."""
        now = datetime.now(UTC)
        for run in await asyncio.to_thread(self._stores.golden.left_behind, now):
            if run.deployment not in self._deployments:
                continue
            try:
                await self._go_on(run)
            except Unavailable:
                raise
            except BackstopError as error:
                log.error("golden run not gone on with", run=run.id, error=str(error))

    async def _go_on(self, run: GoldenRun) -> None:
        log.info("golden run goes on", run=run.id, position=run.position, of=run.set_size)
        outcome = await self._runs.go_on(run)
        if outcome is None or run.cause == _NO_EVIDENCE:
            return
        deployment = await asyncio.to_thread(self._stores.deployments.ensure, run.deployment)
        if _is_about(outcome, deployment):
            await self._evidence.weigh(deployment, outcome)


def _is_about(outcome: Outcome, deployment: Deployment) -> bool:
    """Whether a run compared what serves now with what it would be rolled back to."""
    run = outcome.run
    return run.subject == deployment.active and (
        not run.compared or run.against == deployment.baseline
    )
