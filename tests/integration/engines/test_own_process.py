"""A local engine in a process of its own: the same answers, and an end that others survive."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guards.exchange import Message
from monitor.bootstrap import golden_process
from monitor.engines.local import LocalEngine
from monitor.engines.own_process.client import ProcessEngine, started
from monitor.engines.own_process.wire import Start
from monitor.errors import BadRequest, EngineError, HostEnded
from monitor.ports.engine import Engine, Generation
from tests.integration.engines.conftest import VERSIONS

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ASKED = Generation(
    messages=(Message(role="prompt", content="the router blinks"),), max_tokens=8, temperature=0.0
)


def start(model_dir: Path) -> Start:
    """Return how the tests' process opens its engine."""
    return Start(
        model=str(model_dir),
        device="cpu",
        memory_share=1.0,
        niceness=5,
        max_batch=4,
        columns=4096,
        threads=1,
    )


@pytest.fixture
async def apart(model_dir: Path) -> AsyncIterator[ProcessEngine]:
    """Return an engine in another process."""
    async with started(golden_process.COMMAND, start(model_dir)) as engine:
        yield engine


async def text_of(engine: Engine, version: str | None) -> str:
    """Return a whole answer."""
    return "".join([piece.text async for piece in engine.complete(ASKED, version)])


async def test_it_answers_as_the_engine_in_this_process_does(
    apart: ProcessEngine, serving: LocalEngine, adapters: dict[str, Path]
) -> None:
    """The base model and a version, their likelihoods, and what that took."""
    version = VERSIONS[0]
    await apart.load(version, adapters[version])
    assert await text_of(apart, None) == await text_of(serving, None)
    assert await text_of(apart, version) == await text_of(serving, version)
    there = await apart.score(ASKED.messages, " red", version)
    assert there == pytest.approx(await serving.score(ASKED.messages, " red", version), abs=1e-4)
    usage = await apart.usage()
    assert (usage.device, usage.device_bytes) == ("cpu", None)
    assert (usage.host_bytes or 0) > 50 << 20
    assert set((await apart.identity()).parts) >= {"weights", "tokenizer", "engine"}
    assert os.getpriority(os.PRIO_PROCESS, apart.pid) > os.getpriority(os.PRIO_PROCESS, 0)


async def test_errors_come_back_as_they_were(apart: ProcessEngine) -> None:
    """A prompt that is too long, and a version that is not there."""
    long = Generation(messages=(Message(role="prompt", content="word " * 500),))
    with pytest.raises(BadRequest):
        await anext(apart.complete(long, None))
    with pytest.raises(EngineError, match="is not loaded"):
        await anext(apart.complete(ASKED, "support@000000000000"))


async def test_what_is_asked_of_a_process_that_is_killed_ends_at_once(
    apart: ProcessEngine,
) -> None:
    """What waits, and what is asked later, says which signal it was."""
    await apart.loaded()
    waiting = asyncio.create_task(text_of(apart, None))
    await asyncio.sleep(0)
    os.kill(apart.pid, signal.SIGKILL)
    with pytest.raises(HostEnded, match="killed by SIGKILL"):
        await waiting
    with pytest.raises(HostEnded, match="killed by SIGKILL"):
        await text_of(apart, None)


async def test_a_model_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The process lives on to say so."""
    async with started(golden_process.COMMAND, start(tmp_path)) as engine:
        with pytest.raises(EngineError, match="holds no model"):
            await engine.usage()
