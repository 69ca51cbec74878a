"""Asking golden cases where memory runs out, and where a case never ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from guards.exchange import FinishReason, Message
from guards.golden import GoldenCase, GoldenResult
from monitor.errors import BackstopError, BadRequest, EngineError, OutOfMemory
from monitor.ports.engine import Generation, Piece
from monitor.ports.golden_host import GoldenHost
from monitor.runtime.golden_asking import Asking, Question
from monitor.runtime.golden_beside import Beside

LIMIT = timedelta(seconds=5)


class Narrow:
    """An engine with room for so many answers at once; all that ask for more get nothing."""

    def __init__(self, room: int, refused: dict[str, BackstopError] | None = None) -> None:
        self._room = room
        self._refused = refused or {}
        self._writing = 0
        self.most = 0

    async def complete(
        self, generation: Generation, version: str | None
    ) -> AsyncGenerator[Piece, None]:
        """Say yes, if there is room."""
        self._writing += 1
        self.most = max(self.most, self._writing)
        try:
            await asyncio.sleep(0)
            if self._writing > self._room:
                raise OutOfMemory("no memory for a step")
            if (error := self._refused.get(generation.messages[0].content)) is not None:
                raise error
            yield Piece(text="yes", finish_reason=FinishReason.STOP)
        finally:
            await asyncio.sleep(0)
            self._writing -= 1

    async def loaded(self) -> frozenset[str]:
        """Hold nothing."""
        return frozenset()

    async def load(self, version: str, folder: Path) -> None:
        """Load nothing."""

    async def unload(self, version: str) -> None:
        """Unload nothing."""


def questions(count: int) -> list[Question]:
    """Return cases that expect yes."""
    return [
        Question(
            GoldenCase(
                id=f"case-{number}",
                messages=(Message(role="prompt", content=str(number)),),
                expectation={"kind": "exact", "value": "yes"},
            ),
            None,
        )
        for number in range(count)
    ]


async def asked(
    engine: Narrow, count: int = 8, limit: timedelta = LIMIT
) -> tuple[Sequence[GoldenResult], int]:
    """Return the results, and how many are asked at once in the end."""
    async with Beside(engine).opened(()) as host:
        asking = Asking(host, count, limit)
        return await asking.ask(questions(count)), asking.at_once


async def test_where_memory_runs_out_fewer_are_asked_at_once() -> None:
    """Every case has its grade all the same, and it stays so for the rest of the run."""
    engine = Narrow(2)
    results, at_once = await asked(engine)
    assert ([each.grade for each in results], at_once) == ([1.0] * 8, 2)
    assert [each.case_id for each in results] == [f"case-{number}" for number in range(8)]


async def test_a_case_that_has_no_room_by_itself_is_an_error() -> None:
    """Never a grade of 0."""
    results, at_once = await asked(Narrow(0), 3)
    assert at_once == 1
    assert {each.error for each in results} == {
        "there is not enough memory for one answer at a time (no memory for a step)"
    }


async def test_a_case_that_cannot_be_used_is_noted_and_an_engine_that_fails_is_raised() -> None:
    """The set is to blame for the one, and nobody's answers for the other."""
    results, _ = await asked(Narrow(8, {"3": BadRequest("too long")}))
    assert [each.error for each in results if each.error] == ["too long"]
    with pytest.raises(EngineError, match="it broke"):
        await asked(Narrow(8, {"3": EngineError("it broke")}))


class Hanging:
    """A grader whose judge never answers."""

    async def grade(self, case: GoldenCase, output: str, version: str | None) -> None:
        """Wait for ever."""
        await asyncio.Event().wait()


async def test_a_judge_that_hangs_is_an_error_of_the_case() -> None:
    """It is waited for as long as a case may take."""
    async with Beside(Narrow(8)).opened(()) as host:
        hanging = GoldenHost(
            engine=host.engine,
            grader=Hanging(),  # type: ignore[arg-type]
            usage=host.usage,
            identity=host.identity,
        )
        asking = Asking(hanging, 2, timedelta(milliseconds=5))
        results = await asking.ask(questions(2))
    assert {each.error for each in results} == {"no graded answer within 0.005 s"}
