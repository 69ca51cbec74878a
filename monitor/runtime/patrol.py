"""Whether what answers under a version's name is that version: one probe after the other, for ever.

A rollback is proved when it happens. Between rollbacks an engine may be started anew with other
files under the same path, or answer from a cache: the list of its adapters shows neither.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from monitor.errors import EngineError, Unavailable
from monitor.ports.alerts import Notice
from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from rollback.deployment import Deployment

log = structlog.get_logger(__name__)


class Patrol:
    """Asks one probe prompt of every version that serves or may be rolled back to, in turns.

    An answer that differs is no proof yet (a batch of another shape changes last digits): the
    whole fingerprint is taken then, and only if that differs too, people are called.

    Args:
        look_s: seconds between two looks; each costs 12 tokens a version.
    """

    def __init__(
        self, stores: Stores, engine: Engine, engine_name: str, link: str, *, look_s: float = 2.0
    ) -> None:
        self._stores = stores
        self._engine = engine
        self._engine_name = engine_name
        self._link = link
        self._look_s = look_s
        self._expected: dict[str, Fingerprint] = {}
        self._wrong: dict[str, str] = {}
        self._round = 0

    def health(self) -> Mapping[str, str]:
        """Return which versions are answered for by others; nothing if none is."""
        return {"weights": "; ".join(self._wrong.values())} if self._wrong else {}

    async def run(self) -> None:
        """Look until cancelled; what is away is told elsewhere."""
        while True:
            try:
                await self.look()
            except Unavailable as error:
                log.debug("weights are not looked at", error=str(error))
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """Ask the next probe of each version. Raises `Unavailable`."""
        loaded = await self._engine.loaded()
        deployments = await asyncio.to_thread(self._stores.deployments.all)
        needed = {name for each in deployments for name in each.needed}
        self._wrong = {name: said for name, said in self._wrong.items() if name in needed}
        for deployment in deployments:
            for version in sorted(deployment.needed & loaded):
                await self._probe(deployment, version)
        self._round += 1

    async def _probe(self, deployment: Deployment, version: str) -> None:
        expected = await self._known(version)
        if expected is None or await self._is_same(
            fingerprints.part(expected, self._round), version
        ):
            self._settle(version, expected)
            return
        if not await self._is_same(expected, version):
            await self._alarm(deployment, version)

    async def _is_same(self, expected: Fingerprint, version: str) -> bool:
        """Whether a version answers as expected; one that gives no answer is not judged here."""
        try:
            found = await fingerprints.take(self._engine, version, expected.prompts)
        except EngineError as error:
            log.warning("version gives no answer to a probe", version=version, error=str(error))
            return True
        return fingerprints.same(expected, found)

    async def _known(self, version: str) -> Fingerprint | None:
        """Return the fingerprint of the first verification here, which never changes."""
        if version not in self._expected:
            stored = await asyncio.to_thread(
                self._stores.registry.fingerprint, version, self._engine_name
            )
            if stored is None:
                return None
            self._expected[version] = stored
        return self._expected[version]

    def _settle(self, version: str, expected: Fingerprint | None) -> None:
        """Take an alarm back once every prompt was answered well since."""
        if expected is not None and self._round % len(expected.prompts) == 0:
            self._wrong.pop(version, None)

    async def _alarm(self, deployment: Deployment, version: str) -> None:
        said = f"the engine answers as {version} with other weights"
        if version not in self._wrong:
            log.error("wrong weights", deployment=deployment.name, version=version)
        self._wrong[version] = said
        await asyncio.to_thread(self._stores.outbox.put, self._notice(deployment, version, said))

    def _notice(self, deployment: Deployment, version: str, said: str) -> Notice:
        """Return the alarm: one for each version, engine and epoch."""
        key = f"weights:{deployment.name}:{deployment.epoch}:{version}:{self._engine_name}"
        return Notice(
            id=str(uuid.uuid5(uuid.NAMESPACE_URL, key)),
            kind="weights",
            severity="critical",
            title=f"{deployment.name}: {said}",
            facts={
                "deployment": deployment.name,
                "version": version,
                "serves": deployment.active,
                "baseline": deployment.baseline,
                "engine": self._engine_name,
                "reason": f"{said}; start it anew, or roll back if that does not help",
                "link": self._link,
            },
            created_at=datetime.now(UTC),
        )
