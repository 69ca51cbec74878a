"""The running service: its loops, its health, and its orderly end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from monitor.runtime.convergence import Convergence
from monitor.runtime.errands import Errands
from monitor.runtime.leadership import Leadership
from monitor.runtime.loops import Loop, keep_running
from monitor.runtime.presence import Presence
from monitor.runtime.troubles import Troubles
from monitor.runtime.versions import Versions

log = structlog.get_logger(__name__)

# Together with the server's own 10 s for open requests and 3 s for each thread in hand, an end takes
# less than the 30 s after which an orchestrator kills.
_DRAIN_LIMIT_S = 10.0


class Part(Protocol):
    """A part with work in hand."""

    def health(self) -> Mapping[str, str]:
        """Return what is wrong, by component; nothing if all is well."""

    async def flush(self) -> None:
        """Return when what is in hand now is safe."""

    def close(self) -> None:
        """End the part's threads; blocks for seconds at most."""


class Service:
    """Starts the loops, says how they are, and ends them without losing an answer.

    Args:
        look_s: how often the engine is asked which versions it holds.
    """

    def __init__(
        self,
        *,
        stores: Stores,
        deployments: Sequence[str],
        versions: Versions,
        convergence: Convergence,
        leadership: Leadership,
        errands: Errands,
        troubles: Troubles,
        parts: Sequence[Part],
        loops: Mapping[str, Loop],
        look_s: float,
    ) -> None:
        self._stores = stores
        self._deployments = tuple(deployments)
        self._versions = versions
        self._convergence = convergence
        self._leadership = leadership
        self._errands = errands
        self._troubles = troubles
        self._parts = tuple(parts)
        self._presence = Presence(stores.deployments, versions, look_s=look_s)
        self._loops = {**loops, "versions": self._presence.run}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.draining = False

    def add(self, name: str, loop: Loop) -> None:
        """Have one more loop kept running, from `start` to `stop`."""
        self._loops[name] = loop

    async def start(self) -> None:
        """Bring the engine and the routes to what Postgres says, then start the loops.

        Raises `Unavailable` or `EngineError` if that cannot be.
        """
        for name in self._deployments:
            await asyncio.to_thread(self._stores.deployments.ensure, name)
        await self._leadership.renew()
        stored = list(await asyncio.to_thread(self._stores.deployments.all))
        await self._versions.fingerprint_base()
        await self._versions.keep_loaded(stored)
        await self._convergence.converge()
        for name, loop in self._loops.items():
            running = keep_running(name, loop, self._troubles)
            self._tasks[name] = asyncio.create_task(running, name=name)

    async def stop(self) -> None:
        """Flush what waits, end the loops, give the lease back."""
        self.draining = True
        try:
            async with asyncio.timeout(_DRAIN_LIMIT_S):
                await self.flush()
        except TimeoutError:
            log.error("the end does not wait any longer", waiting=self._wrong())
        await self._errands.close()
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for part in self._parts:
            part.close()

    async def flush(self) -> None:
        """Wait until what every part has in hand is safe."""
        for part in self._parts:
            await part.flush()

    def health(self) -> Mapping[str, str]:
        """Return each component with `ok` or what is wrong with it; blocks for the database."""
        states = dict.fromkeys(self._tasks, "ok") | self._troubles.states()
        states["database"] = self._database()
        states |= self._presence.health()
        states |= self._wrong()
        if self.draining:
            states["service"] = "is draining"
        return states

    def _wrong(self) -> dict[str, str]:
        return {name: said for part in self._parts for name, said in part.health().items()}

    def _database(self) -> str:
        try:
            self._stores.deployments.all()
        except Unavailable as error:
            return str(error)
        return "ok"
