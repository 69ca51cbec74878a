"""Whether every version that serves, or may be rolled back to, is on this replica's engine."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

import structlog

from monitor.errors import BackstopError, Unavailable
from monitor.ports.deployments import Deployments
from monitor.runtime.versions import Versions, needed

log = structlog.get_logger(__name__)


class Presence:
    """Looks again and again, and tells readiness what is missing.

    Args:
        look_s: seconds between two looks; an engine that is a server can come back empty at any
            time, so it is worth a look every second.
    """

    def __init__(
        self, deployments: Deployments, versions: Versions, *, look_s: float = 5.0
    ) -> None:
        self._deployments = deployments
        self._versions = versions
        self._look_s = look_s
        self._missing: dict[str, str] = {}
        self._away: str | None = None

    def health(self) -> Mapping[str, str]:
        """Return what is wrong with the engine, and which versions do not load and why."""
        wrong = {} if self._away is None else {"engine": self._away}
        missing = [
            f"{name} does not load: {why.removeprefix(f'{name} does not load: ')}"
            for name, why in self._missing.items()
        ]
        return {**wrong, "versions": "; ".join(missing)} if missing else wrong

    async def run(self) -> None:
        """Look until cancelled; while Postgres is away, what was seen last holds."""
        told = ""
        while True:
            try:
                await self.look()
                told = ""
            except Unavailable as error:
                if told != str(error):
                    log.warning("versions are not looked at", error=str(error))
                told = str(error)
            await asyncio.sleep(self._look_s)

    async def look(self) -> None:
        """Try to load what is not loaded. Raises `Unavailable`."""
        deployments = await asyncio.to_thread(self._deployments.all)
        try:
            self._missing = await self._load(needed(deployments) - await self._versions.loaded())
        except Unavailable as error:
            self._away = str(error)
            raise
        self._away = None

    async def _load(self, names: Iterable[str]) -> dict[str, str]:
        """Load versions; return those that do not load, and why."""
        missing: dict[str, str] = {}
        for name in sorted(names):
            try:
                await self._versions.load(name)
            except Unavailable:
                raise
            except BackstopError as error:
                missing[name] = str(error)
        return missing
