"""Tests of what a process does while it waits for what it needs."""

from __future__ import annotations

import asyncio

import pytest

from monitor.bootstrap import processes, waiting
from monitor.bootstrap.processes import EndedEarly, Ending
from monitor.errors import ConfigError, Unavailable


async def test_what_is_away_is_asked_for_again() -> None:
    """Until it is there."""
    tries = iter((Unavailable("away"), 7))

    async def work() -> int:
        found = next(tries)
        if isinstance(found, Unavailable):
            raise found
        return found

    assert await waiting.patiently("it", work, Ending()) == 7


async def test_whoever_waits_can_be_told_to_end() -> None:
    """A service whose database is away ends when asked, not when it is killed."""
    ending = Ending()

    async def work() -> None:
        ending.ask()
        raise Unavailable("away")

    with pytest.raises(EndedEarly):
        await asyncio.wait_for(waiting.patiently("it", work, ending), 5)


async def test_an_error_of_what_is_done_first_is_raised() -> None:
    """A process that cannot go on says why."""

    async def fail() -> None:
        raise ConfigError("no such time zone")

    with pytest.raises(ConfigError, match="time zone"):
        await processes.first_of(fail(), asyncio.Event().wait())


def test_a_process_that_ends_early_ends_well() -> None:
    """It was told to."""

    async def work(ending: Ending) -> None:
        raise EndedEarly

    assert processes.run("it", work) == 0
