"""A process that faces callers: an event loop that routes, relays and hands over, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping

import structlog
from prometheus_client import CollectorRegistry, generate_latest

from monitor.bootstrap import own_memory, processes, relay_parts
from monitor.bootstrap.post import Post
from monitor.bootstrap.processes import Ending
from monitor.gateway.guard_metrics import GuardCollector
from monitor.gateway.relay.app import RelayApp
from monitor.gateway.relay.metrics import RelayCollector
from monitor.gateway.serving import Serving, serve
from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.messages import Hello, Report, Routes, Settle
from monitor.runtime.fleet.spoke import Spoke
from monitor.runtime.handover_sender import HandoverSender, NoHandover
from monitor.runtime.loop_lag import LoopLag
from monitor.runtime.loops import Loop
from monitor.runtime.routing import Router
from monitor.runtime.troubles import Troubles

log = structlog.get_logger(__name__)

_MB = 1 << 20
_FLUSH_LIMIT_S = 10.0


def main(name: str, post: Post, listener: socket.socket) -> int:
    """Serve on the port, which all gateways share, until told to end; return the exit status."""
    return processes.run(name, lambda ending: _Gateway(name, post, listener).run(ending))


class _Gateway:
    """The parts of one gateway, wired."""

    def __init__(self, name: str, post: Post, listener: socket.socket) -> None:
        self._name = name
        self._post = post
        self._listener = listener
        self._troubles = Troubles()
        self._lag = LoopLag()
        self._router = Router()
        last_routes.restore(last_routes.path_in(post.config.data_dir), self._router)
        self._handover = _handover(post)
        self._parts = relay_parts.assemble(
            post.config, post.engine, post.folder, self._router, self._handover
        )
        self._server = Serving(RelayApp(self._parts))
        self._registry = CollectorRegistry()
        self._registry.register(self._collector())
        own_memory.register(self._registry)
        self._registry.register(GuardCollector(self._parts.guard_counts))

    async def run(self, ending: Ending) -> None:
        """Serve; at the end let streams finish and hand everything over."""
        async with relay_parts.guards(self._post.config, self._parts.guard_counts) as guards:
            self._parts.guards = guards
            await self._serve(ending)

    async def _serve(self, ending: Ending) -> None:
        async with processes.kept_running(self._loops(), self._troubles):
            serving = asyncio.ensure_future(serve(self._server, self._listener))
            await processes.first_of(serving, ending.asked.wait())
            await self._drain(ending)
            await serving

    def _loops(self) -> Mapping[str, Loop]:
        spoke = Spoke(
            self._post.folder.fleet,
            Hello(name=self._name, routes=True),
            report=self._report,
            on_routes=self._follow,
            on_settle=self._settle,
        )
        return {
            "line to control": spoke.run,
            "line to scorer": self._handover.run,
            "loop lag": self._lag.run,
            **relay_parts.loops(self._parts),
        }

    async def _drain(self, ending: Ending) -> None:
        """Finish what is under way, at once if asked twice; then flush what waits."""
        await processes.first_of(
            self._server.drain(self._post.config.gateway.drain_s), ending.in_haste.wait()
        )
        try:
            async with asyncio.timeout(_FLUSH_LIMIT_S):
                await self._handover.settled()
        except TimeoutError:
            log.error("answers are lost: the scorer did not take them", count=self._handover.depth)
        self._server.should_exit = True

    def _follow(self, routes: Routes) -> None:
        if routes.routes:  # there are none before control has read them
            self._router.replace(routes.routes)

    async def _settle(self, wanted: Settle) -> None:
        await self._parts.flights.landed(wanted.deployment, wanted.epoch, wanted.limit_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wanted.limit_s):
                await self._handover.settled()

    def _report(self) -> Report:
        return Report(
            epochs=self._router.epochs(),
            troubles=self._troubles.states(),
            metrics=generate_latest(self._registry).decode(),
        )

    def _collector(self) -> RelayCollector:
        parts, handover, lag = self._parts, self._handover, self._lag
        return RelayCollector(
            parts.counters,
            cut=lambda: parts.tee_room.cut,
            dropped=lambda: handover.dropped,
            gauges=lambda: {
                "backstop_exchanges_waiting": handover.depth,
                "backstop_exchanges_waiting_bytes": handover.waiting_bytes,
                "backstop_loop_lag_seconds_max": lag.most_s,
                "backstop_loop_lag_seconds": lag.take_recent(),
            },
        )


def _handover(post: Post) -> HandoverSender | NoHandover:
    gateway = post.config.gateway
    if not gateway.record:
        return NoHandover()
    return HandoverSender(post.folder.handover, int(gateway.handover_mb * _MB))
