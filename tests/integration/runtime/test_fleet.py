"""Control and its processes over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor.runtime.fleet import last_routes
from monitor.runtime.fleet.hub import Hub
from monitor.runtime.fleet.messages import Hello, Report, Routes, Settle
from monitor.runtime.fleet.spoke import Spoke
from monitor.runtime.routing import Route, Router

pytestmark = pytest.mark.integration
_LIMIT_S = 5.0


def _table(epoch: int, version: str = "support@aa") -> Router:
    router = Router()
    router.swap(Route(deployment="support", active=version, epoch=epoch))
    return router


@dataclass
class Process:
    """A process that routes as it is told, once it is let."""

    path: Path
    name: str = "gateway-0"
    router: Router = field(default_factory=Router)
    follows: bool = True
    asked: asyncio.Queue[Settle] = field(default_factory=asyncio.Queue)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    def spoke(self) -> Spoke:
        return Spoke(
            self.path,
            Hello(name=self.name, routes=True),
            report=lambda: Report(epochs=self.router.epochs(), metrics=f"name {self.name}\n"),
            on_routes=self._route,
            on_settle=self._settle,
        )

    def _route(self, routes: Routes) -> None:
        if self.follows:
            for route in routes.routes:
                self.router.swap(route)

    async def _settle(self, wanted: Settle) -> None:
        self.asked.put_nowait(wanted)
        await self.finished.wait()


@asynccontextmanager
async def _running(spoke: Spoke) -> AsyncIterator[None]:
    task = asyncio.ensure_future(spoke.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@asynccontextmanager
async def _hub(path: Path, *routers: str) -> AsyncIterator[Hub]:
    hub = Hub(path, routers=frozenset(routers), others=frozenset({"scorer"}), changed=lambda: None)
    await hub.open()
    try:
        yield hub
    finally:
        await hub.close()


async def test_a_published_table_is_followed_by_every_process(tmp_path: Path) -> None:
    """Both processes route by the new epoch, and control knows it."""
    path = tmp_path / "control.sock"
    one, two = Process(path, "gateway-0"), Process(path, "gateway-1")
    both = _running(one.spoke()), _running(two.spoke())
    async with _hub(path, "gateway-0", "gateway-1") as hub, both[0], both[1]:
        hub.publish(_table(4).table)
        assert await hub.followed(_LIMIT_S)
        assert hub.epochs() == {"support": 4}
        assert one.router.epochs() == two.router.epochs() == {"support": 4}


async def test_a_process_that_does_not_follow_holds_the_epoch_back(tmp_path: Path) -> None:
    """The oldest epoch of all is what the host routes by."""
    path = tmp_path / "control.sock"
    one = Process(path, "gateway-0")
    two = Process(path, "gateway-1", router=_table(3), follows=False)
    both = _running(one.spoke()), _running(two.spoke())
    async with _hub(path, "gateway-0", "gateway-1") as hub, both[0], both[1]:
        hub.publish(_table(3).table)
        assert await hub.followed(_LIMIT_S)
        hub.publish(_table(4).table)
        assert not await hub.followed(0.2)
        assert hub.epochs() == {"support": 3}


async def test_a_process_that_comes_later_gets_the_table(tmp_path: Path) -> None:
    """Whoever starts anew routes by what is published already."""
    path = tmp_path / "control.sock"
    process = Process(path)
    async with _hub(path, "gateway-0") as hub:
        hub.publish(_table(7).table)
        assert hub.epochs() == {}  # expected, and not there: it may route by anything
        async with _running(process.spoke()):
            assert await hub.followed(_LIMIT_S)
        assert process.router.epochs() == {"support": 7}


async def test_a_line_that_broke_is_taken_up_again(tmp_path: Path) -> None:
    """Control dies and comes back; the process finds it by itself."""
    path = tmp_path / "control.sock"
    process = Process(path)
    async with _running(process.spoke()):
        async with _hub(path, "gateway-0") as hub:
            hub.publish(_table(1).table)
            assert await hub.followed(_LIMIT_S)
        async with _hub(path, "gateway-0") as hub:
            hub.publish(_table(2).table)
            assert await hub.followed(_LIMIT_S)
    assert process.router.epochs() == {"support": 2}


async def test_settling_waits_for_the_answers_in_flight(tmp_path: Path) -> None:
    """Control returns when the process says so, not before."""
    path = tmp_path / "control.sock"
    process = Process(path)
    async with _hub(path, "gateway-0") as hub, _running(process.spoke()):
        hub.publish(_table(1).table)
        assert await hub.followed(_LIMIT_S)
        settling = asyncio.ensure_future(hub.settled("support", 3, _LIMIT_S))
        asked = await asyncio.wait_for(process.asked.get(), _LIMIT_S)
        assert not settling.done()
        process.finished.set()
        async with asyncio.timeout(_LIMIT_S):
            await settling
        assert (asked.deployment, asked.epoch) == ("support", 3)


async def test_states_name_who_is_missing(tmp_path: Path) -> None:
    """A process that never came is no part of a healthy service."""
    path = tmp_path / "control.sock"
    process = Process(path)
    async with _hub(path, "gateway-0") as hub, _running(process.spoke()):
        hub.publish(_table(1).table)
        assert await hub.followed(_LIMIT_S)
        assert hub.states() == {"gateway-0": "ok", "scorer": "is not there"}


def test_kept_routes_come_back(tmp_path: Path) -> None:
    """What was in force is in force again, and never over something newer."""
    file = tmp_path / "routes.json"
    last_routes.save(file, _table(5).table)
    fresh, newer = Router(), _table(6, "support@bb")
    last_routes.restore(file, fresh)
    last_routes.restore(file, newer)
    assert fresh.table == _table(5).table
    assert newer.epochs() == {"support": 6}


@pytest.mark.parametrize("content", [b"", b"{", b'[{"deployment": 1}]', b"\xff\x00"])
def test_a_torn_routes_file_is_passed_over(tmp_path: Path, content: bytes) -> None:
    """A start goes on without it."""
    file = tmp_path / "routes.json"
    file.write_bytes(content)
    router = Router()
    last_routes.restore(file, router)
    assert router.epochs() == {}
