"""The engine without a model."""

from __future__ import annotations

from pathlib import Path

import pytest

from guards.exchange import FinishReason, Message
from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError
from monitor.ports.engine import Generation

ASK = Generation(messages=(Message(role="user", content="say hello"),), max_tokens=3)


async def test_an_answer_is_what_the_function_says() -> None:
    """Tokens come one by one; the end says why and counts the prompt."""
    engine = MemoryEngine(lambda generation, version: ("Hel", "lo"))
    pieces = [piece async for piece in engine.complete(ASK, None)]
    assert "".join(piece.text for piece in pieces) == "Hello"
    assert pieces[-1].finish_reason is FinishReason.STOP
    assert pieces[-1].prompt_tokens == 2


async def test_a_long_answer_is_cut() -> None:
    """No more than `max_tokens` tokens are written."""
    engine = MemoryEngine(lambda generation, version: "abcdef")
    pieces = [piece async for piece in engine.complete(ASK, None)]
    assert "".join(piece.text for piece in pieces) == "abc"
    assert pieces[-1].finish_reason is FinishReason.LENGTH


async def test_versions_must_be_loaded(tmp_path: Path) -> None:
    """A version serves from `load` to `unload`; a folder must be there."""
    engine = MemoryEngine(lambda generation, version: (version or "base",))
    with pytest.raises(EngineError, match="a@1"):
        await anext(engine.complete(ASK, "a@1"))
    with pytest.raises(EngineError, match="no folder"):
        await engine.load("a@1", tmp_path / "missing")
    await engine.load("a@1", tmp_path)
    assert (await anext(engine.complete(ASK, "a@1"))).text == "a@1"
    await engine.unload("a@1")
    assert await engine.loaded() == frozenset()


async def test_closing_an_answer_makes_the_engine_idle() -> None:
    """`busy` and `idle` follow the answers under way."""
    engine = MemoryEngine(lambda generation, version: "abc")
    answer = engine.complete(ASK, None)
    await anext(answer)
    assert engine.busy.is_set()
    await answer.aclose()
    assert engine.idle.is_set()
