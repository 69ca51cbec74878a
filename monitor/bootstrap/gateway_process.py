"""A process that faces callers: an event loop that routes, relays and hands over, nothing else."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass

import structlog

from monitor.bootstrap import processes, tokens
from monitor.bootstrap.processes import Ending
from monitor.bootstrap.run_folder import RunFolder
from monitor.config import Config, ServerEngine
from monitor.engines.servers import opened
from monitor.gateway.callers import Tokens, token_hash
from monitor.gateway.relay.app import RelayApp
from monitor.gateway.relay.parts import RelayParts
from monitor.gateway.relay.tee import TeeRoom
from monitor.gateway.serving import Serving, serve
from monitor.gateway.upstream.address import Address, Limits
from monitor.gateway.upstream.pool import Upstream
from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.messages import Hello, Report, Routes, Settle
from monitor.runtime.fleet.spoke import Spoke
from monitor.runtime.flights import Flights
from monitor.runtime.handover_sender import HandoverSender, NoHandover
from monitor.runtime.loop_lag import LoopLag
from monitor.runtime.loops import keep_running
from monitor.runtime.routing import Router
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

_MB = 1 << 20
_FLUSH_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Where a gateway stands.

    Args:
        name: of the process; listener: the port, which all gateways share.
    """

    name: str
    config: Config
    engine: ServerEngine
    folder: RunFolder
    listener: socket.socket


def main(post: Post) -> int:
    """Serve until told to end; return the exit status."""
    return processes.run(post.name, lambda ending: _Gateway(post).run(ending))


class _Gateway:
    """The parts of one gateway, wired."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._router = Router()
        self._flights = Flights()
        self._troubles = Troubles()
        self._lag = LoopLag()
        last_routes.restore(post.config.data_dir / last_routes.FILE, self._router)
        self._handover = self._open_handover()
        self._parts = self._relay_parts()
        self._server = Serving(RelayApp(self._parts))
        self._spoke = Spoke(
            post.folder.fleet,
            Hello(name=post.name, routes=True),
            report=self._report,
            on_routes=self._follow,
            on_settle=self._settle,
        )

    async def run(self, ending: Ending) -> None:
        """Serve; at the end let streams finish and hand everything over."""
        loops = {
            "line to control": self._spoke.run,
            "loop lag": self._lag.run,
            "handover": self._handover.run,
        }
        tasks = [
            asyncio.ensure_future(keep_running(name, loop, self._troubles))
            for name, loop in loops.items()
        ]
        serving = asyncio.ensure_future(serve(self._server, self._post.listener))
        try:
            await asyncio.wait(
                (serving, asyncio.ensure_future(ending.asked.wait())),
                return_when=asyncio.FIRST_COMPLETED,
            )
            await self._drain(ending)
            await serving
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self, ending: Ending) -> None:
        """Finish what is under way, at once if asked twice; then flush what waits."""
        draining = asyncio.ensure_future(self._server.drain(self._post.config.gateway.drain_s))
        haste = asyncio.ensure_future(ending.in_haste.wait())
        await asyncio.wait((draining, haste), return_when=asyncio.FIRST_COMPLETED)
        draining.cancel()
        haste.cancel()
        self._server.should_exit = True
        try:
            async with asyncio.timeout(_FLUSH_LIMIT_S):
                await self._handover.settled()
        except TimeoutError:
            log.error("answers are lost: the scorer did not take them", count=self._handover.depth)

    def _follow(self, routes: Routes) -> None:
        for route in routes.routes:
            self._router.swap(route)

    async def _settle(self, wanted: Settle) -> None:
        await self._flights.landed(wanted.deployment, wanted.epoch, wanted.limit_s)
        try:
            async with asyncio.timeout(wanted.limit_s):
                await self._handover.settled()
        except TimeoutError:
            log.warning("answers are not recorded yet", deployment=wanted.deployment)
