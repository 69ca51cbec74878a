"""Errands."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from monitor.errors import Conflict, Unavailable
from monitor.runtime.errands import Errands
from monitor.runtime.troubles import Troubles


async def test_the_same_errand_runs_once_at_a_time() -> None:
    """A second start under the key changes nothing until the first has ended."""
    errands, gate, begun = Errands(Troubles()), asyncio.Event(), []

    async def work() -> None:
        begun.append(1)
        await gate.wait()

    errands.start("golden:support", work)
    errands.start("golden:support", work)
    await asyncio.sleep(0)
    assert errands.runs("golden:support")
    gate.set()
    await errands.done()
    assert (len(begun), errands.runs("golden:support")) == (1, False)


@pytest.mark.parametrize("error", [Unavailable("away"), Conflict("somebody was faster")])
async def test_an_expected_error_is_no_trouble(error: Exception) -> None:
    """It is logged; the next tick tries again."""
    troubles = Troubles()
    errands = Errands(troubles)

    async def work() -> None:
        raise error

    errands.start("rollback:1", work)
    await errands.done()
    assert troubles.states() == {}


async def test_what_hinders_an_errand_is_logged_when_it_changes() -> None:
    """An engine that is away for an hour is one line, and being away again is another."""
    errands = Errands(Troubles())
    outcomes = iter(("away", "away", "busy", None, "busy"))

    async def work() -> None:
        if said := next(outcomes):
            raise Unavailable(said)

    with capture_logs() as logs:
        for _ in range(5):
            errands.start("loading", work)
            await errands.done()
    assert [entry["error"] for entry in logs] == ["away", "busy", "busy"]


async def test_an_unexpected_error_is_shown_under_its_kind() -> None:
    """Readiness names the kind of errand, not each one of them."""
    troubles = Troubles()
    errands = Errands(troubles)

    async def work() -> None:
        raise ZeroDivisionError("a defect")

    errands.start("rollback:1", work)
    await errands.done()
    assert "a defect" in troubles.states()["rollback"]


async def test_closing_ends_what_is_under_way() -> None:
    """Nothing is left behind on the loop."""
    errands = Errands(Troubles())

    async def work() -> None:
        await asyncio.Event().wait()

    errands.start("proof", work)
    await asyncio.sleep(0)
    await errands.close()
    assert not errands.runs("proof")
