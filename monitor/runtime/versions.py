"""Brings versions onto the engine: load, fingerprint, verify."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog

from monitor.errors import BackstopError, Conflict, EngineError, NotFound, Unavailable
from monitor.ports.engine import Engine
from monitor.ports.stores import Stores
from monitor.ports.versions import Fingerprint
from monitor.runtime import fingerprints
from rollback.deployment import Deployment
from rollback.versions import AdapterVersion, VersionState

log = structlog.get_logger(__name__)


def needed(deployments: Sequence[Deployment]) -> frozenset[str]:
    """Return the versions that serve, are tried out, or may be rolled back to."""
    return frozenset().union(*(deployment.needed for deployment in deployments))


class Versions:
    """The registry's versions on one engine."""

    def __init__(self, stores: Stores, engine: Engine, engine_name: str) -> None:
        self._stores = stores
        self._engine = engine
        self._engine_name = engine_name
        self._known: set[str] = set()  # whose fingerprints on this engine are stored
        self._told: dict[str, str] = {}  # version → why it does not load, as it was logged

    async def find(self, name: str) -> AdapterVersion:
        """Return a version by name (`support@3f9a…`) or by label (`support@v1`)."""
        family, _, rest = name.partition("@")
        found = await asyncio.to_thread(self._stores.registry.versions, family)
        for version in found:
            if rest and rest in (version.digest, version.label):
                return version
        known = ", ".join(f"{family}@{v.label or v.digest}" for v in found[:10])
        raise NotFound(
            f"there is no version {name!r}; "
            + (
                f"known are {known}"
                if known
                else f"{family!r} has none yet: `backstop adapters add`"
            )
        )

    async def verify(self, version: AdapterVersion, *, actor: str) -> AdapterVersion:
        """Load a version and store what it answers to the probes; at most once per engine.

        Raises `EngineError` if it does not load, changes nothing of the base model's answers, or
        answers otherwise than when it was verified before.
        """
        await self.load(version.name)
        found = await self._fingerprint(version.name)
        expected = await asyncio.to_thread(
            self._stores.registry.fingerprint, version.name, self._engine_name, found
        )
        if expected is None or not fingerprints.same(expected, found):
            raise EngineError(f"{version.name} does not answer as it did when it was verified")
        if version.state is VersionState.REGISTERED:
            return await self._move(version, VersionState.VERIFIED, actor, "loads and answers")
        return version

    async def load(self, name: str) -> None:
        """Put a version's checked files on the engine."""
        folder = await asyncio.to_thread(self._stores.artifacts.folder, name)
        await self._engine.load(name, folder)

    async def loaded(self) -> frozenset[str]:
        """Return the versions that the engine holds. Raises `Unavailable`."""
        return await self._engine.loaded()

    async def ready(self, name: str | None, *, kept: bool = False) -> None:
        """Load a version unless it is there; the base model always is.

        Args:
            kept: whether it is kept loaded anyway, as a baseline is: then an engine that cannot say
                what it has loaded is no reason not to go back to it; the proof looks afterwards.

        Raises `EngineError`, `Unavailable` or `BadAdapter` if it cannot serve.
        """
        if name is None:
            return
        try:
            loaded = await self._engine.loaded()
        except (EngineError, Unavailable):
            if kept:
                return
            raise
        if name not in loaded:
            await self.load(name)

    async def keep_loaded(self, deployments: Sequence[Deployment]) -> None:
        """Load every version that is needed; unload quarantined ones.

        A version that does not load is logged once and left to the proof: one bad file must not
        keep the others from serving. Whether they are loaded is asked of the engine each time: a server
        may have been started anew, and empty.
        """
        wanted, loaded = needed(deployments), await self._engine.loaded()
        for name in sorted(wanted):
            try:
                if name not in loaded:
                    await self.load(name)
                await self._acquaint(name)
                self._told.pop(name, None)
            except Unavailable:
                raise
            except BackstopError as error:
                if self._told.get(name) != str(error):
                    log.error("version does not load", version=name, error=str(error))
                self._told[name] = str(error)
        await self._unload_quarantined(loaded - wanted)

    async def fingerprint_base(self) -> None:
        """Store the base model's fingerprint, so that a rollback onto it can be proved."""
        await self._base_fingerprint()

    async def quarantine(
        self, version: AdapterVersion, *, actor: str, reason: str
    ) -> AdapterVersion:
        """Keep a version out. Raises `Conflict` while it serves: roll back first."""
        for deployment in await asyncio.to_thread(self._stores.deployments.all):
            if deployment.active == version.name:
                raise Conflict(
                    f"{version.name} serves {deployment.name}; roll it back with "
                    f"`backstop adapters rollback {deployment.name}`, which quarantines it"
                )
        return await self._move(version, VersionState.QUARANTINED, actor, reason)

    async def release(self, version: AdapterVersion, *, actor: str, reason: str) -> AdapterVersion:
        """Let a quarantined version be promoted again; one never verified has to be verified first."""
        if version.state is not VersionState.QUARANTINED:
            raise Conflict(f"{version.name} is {version.state.value}, not quarantined")
        fingerprint = await asyncio.to_thread(
            self._stores.registry.fingerprint, version.name, self._engine_name
        )
        known = VersionState.REGISTERED if fingerprint is None else VersionState.VERIFIED
        return await self._move(version, known, actor, reason)

    async def _move(
        self, version: AdapterVersion, to: VersionState, actor: str, reason: str
    ) -> AdapterVersion:
        return await asyncio.to_thread(
            self._stores.registry.move,
            version.name,
            to,
            actor=actor,
            reason=reason,
            at=datetime.now(UTC),
        )

    async def _acquaint(self, name: str) -> None:
        """Store a fingerprint where there is none: a server was upgraded, so it answers anew.

        Without one no rollback onto this version could be proved there.
        """
        if name in self._known:
            return
        stored = await asyncio.to_thread(self._stores.registry.fingerprint, name, self._engine_name)
        if stored is None:
            found = await self._fingerprint(name)
            await asyncio.to_thread(
                self._stores.registry.fingerprint, name, self._engine_name, found
            )
            log.warning("version is new to this engine", version=name, engine=self._engine_name)
        self._known.add(name)

    async def _fingerprint(self, name: str) -> Fingerprint:
        """Probe a version. Raises `EngineError` if it changes nothing of the base model's answers."""
        found = await fingerprints.take(self._engine, name)
        base = await self._base_fingerprint()
        if fingerprints.same(base, found, tolerance=1e-6):
            raise EngineError(
                f"{name} answers exactly as the base model does: its weights have no effect, so "
                "there is nothing to promote"
            )
        return found

    async def _base_fingerprint(self) -> Fingerprint:
        stored = await asyncio.to_thread(self._stores.registry.fingerprint, None, self._engine_name)
        if stored is not None:
            return stored
        found = await fingerprints.take(self._engine, None)
        await asyncio.to_thread(self._stores.registry.fingerprint, None, self._engine_name, found)
        return found

    async def _unload_quarantined(self, idle: frozenset[str]) -> None:
        if not idle:
            return
        versions = await asyncio.to_thread(self._stores.registry.versions)
        for version in versions:
            if version.name in idle and version.state is VersionState.QUARANTINED:
                await self._engine.unload(version.name)
