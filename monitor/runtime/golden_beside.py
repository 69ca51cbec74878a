"""Golden runs on the engine that serves: their answers are written beside the traffic."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

from monitor.ports.base_identity import BaseIdentity
from monitor.ports.engine import Engine
from monitor.ports.golden_host import GoldenHost, Usage
from monitor.ports.grading import Grader
from monitor.runtime.text_grader import TextGrader

_BY_TEXT = TextGrader()


async def unknown() -> BaseIdentity:
    """Tell nothing of the base model."""
    return BaseIdentity()


async def _untold() -> Usage:
    return Usage()


async def _as_it_is(version: str) -> None:
    """Leave a version where it is."""


class Beside:
    """Opens the serving engine as it is. Implements `ports.GoldenHosts`.

    Args:
        ready: loads a version unless it is there.
        identity: tells which base model the engine has.
    """

    def __init__(
        self,
        engine: Engine,
        grader: Grader = _BY_TEXT,
        ready: Callable[[str], Awaitable[None]] = _as_it_is,
        identity: Callable[[], Awaitable[BaseIdentity]] = unknown,
    ) -> None:
        self._host = GoldenHost(engine=engine, grader=grader, usage=_untold, identity=identity)
        self._ready = ready

    @asynccontextmanager
    async def opened(self, versions: Collection[str]) -> AsyncIterator[GoldenHost]:
        """Yield the engine with versions loaded."""
        for version in versions:
            await self._ready(version)
        yield self._host
