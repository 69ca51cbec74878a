"""Lets aliases in other registries follow what serves: after a flip, never on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from monitor.errors import BackstopError, Unavailable
from monitor.ports.aliases import ServingAlias
from monitor.ports.stores import Stores
from rollback.actors import AUTOMATIC
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)

_EVERY_S = 5.0


class AliasFollowing:
    """Looks at what serves every few seconds, and moves the alias once for each epoch.

    What is done, and what failed, stands in the audit trail. A registry that is away is asked again
    until the next flip; a version that did not come from there moves nothing.
    """

    def __init__(self, stores: Stores, alias: ServingAlias, leads: Callable[[], bool]) -> None:
        self._stores = stores
        self._alias = alias
        self._leads = leads
        self._settled: dict[str, int] = {}  # deployment → epoch whose version the alias names
        self._failed: dict[str, tuple[int, str]] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            if self._leads():
                try:
                    await self.follow()
                except Unavailable as error:
                    log.warning("aliases wait", error=str(error))
            await asyncio.sleep(_EVERY_S)

    async def follow(self) -> None:
        """Let the alias name what serves now. Raises `Unavailable` while Postgres is away."""
        for deployment in await asyncio.to_thread(self._stores.deployments.all):
            if self._settled.get(deployment.name) != deployment.epoch:
                await asyncio.to_thread(self._settle, deployment)

    def _settle(self, deployment: Deployment) -> None:
        try:
            done = self._alias.follow(self._facts(deployment))
        except BackstopError as error:
            failure = (deployment.epoch, str(error))
            if self._failed.get(deployment.name) != failure:
                self._record(deployment, "alias.failed", str(error))
                self._failed[deployment.name] = failure
            return
        if done is not None:
            self._record(deployment, "alias.moved", done)
        self._settled[deployment.name] = deployment.epoch

    def _facts(self, deployment: Deployment) -> dict[str, object]:
        versions = self._stores.registry.versions()
        serving = (version for version in versions if version.name == deployment.active)
        return next((dict(version.facts) for version in serving), {})

    def _record(self, deployment: Deployment, action: str, outcome: str) -> None:
        self._stores.audit.append(
            actor=AUTOMATIC,
            action=action,
            subject=deployment.name,
            payload={
                "version": deployment.active,
                "epoch": deployment.epoch,
                "outcome": outcome,
            },
            at=datetime.now(UTC),
        )
