"""A local engine on which memory really runs out: fewer answers at once, and every case graded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import torch

from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.engines.local import LocalEngine
from monitor.errors import OutOfMemory
from monitor.ports.engine import Generation
from monitor.runtime.golden_asking import Asking, Question
from monitor.runtime.golden_beside import Beside

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ROOM = 2  # rows
TOO_MUCH = 1 << 46  # bytes: 64 TiB, which no allocator gives


def narrow(engine: LocalEngine, room: int) -> None:
    """Let the model ask for more memory than there is, for more rows than there is room."""

    def allocate(_module: Any, _args: Any, told: dict[str, Any]) -> None:
        if told["input_ids"].shape[0] > room:
            torch.empty(TOO_MUCH, dtype=torch.uint8)

    engine._worker._model.network.register_forward_pre_hook(allocate, with_kwargs=True)


def question(number: int) -> Question:
    """Return a case that any answer passes."""
    return Question(
        GoldenCase(
            id=f"case-{number}",
            messages=(Message(role="prompt", content=f"the invoice {number}"),),
            expectation={"kind": "regex", "pattern": ""},
            max_tokens=4,
        ),
        None,
    )


async def test_a_run_goes_on_with_fewer_at_once(engine: LocalEngine) -> None:
    """The rows that found no memory are asked again, two by two."""
    narrow(engine, ROOM)
    async with Beside(engine).opened(()) as host:
        asking = Asking(host, 8, timedelta(minutes=1))
        results = await asking.ask([question(number) for number in range(8)])
    assert [(each.grade, each.error) for each in results] == [(1.0, None)] * 8
    assert 1 <= asking.at_once <= ROOM


async def test_a_lack_of_memory_is_told_apart(engine: LocalEngine) -> None:
    """It is no fault of the version, and no reason to give up."""
    narrow(engine, 0)
    asked = Generation(messages=(Message(role="prompt", content="the router"),), max_tokens=2)
    with pytest.raises(OutOfMemory, match="can't allocate memory"):
        await anext(engine.complete(asked, None))
