"""What every engine promises: the one from memory, the local one, and those that are servers.

`tests/vllm/test_engine.py` holds the real vLLM to the same.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guards.exchange import FinishReason, Message
from monitor.engines.memory import MemoryEngine
from monitor.errors import EngineError
from monitor.ports.engine import Engine, Generation, Piece
from tests.integration.engines.conftest import VERSIONS, adapters, model_dir
from tests.integration.engines.conftest import engine as local
from tests.servers.opened import SERVERS, opened

__all__ = ["adapters", "local", "model_dir"]  # fixtures

pytestmark = [pytest.mark.integration, pytest.mark.slow]

ASK = Generation(
    messages=(Message(role="prompt", content="the router"),), max_tokens=4, temperature=0.0
)


@pytest.fixture(params=["local", "memory", *SERVERS])
async def any_engine(
    request: pytest.FixtureRequest, adapters: dict[str, Path]
) -> AsyncIterator[Engine]:
    """Return one engine after the other."""
    if request.param == "memory":
        yield MemoryEngine(lambda generation, version: iter(lambda: "word ", None))
    elif request.param == "local":
        yield request.getfixturevalue("local")
    else:
        root = adapters[VERSIONS[0]].parent
        async with opened(request.param, root, started_with=VERSIONS[:1]) as (_, engine):
            yield engine


async def write(engine: Engine, version: str | None) -> list[Piece]:
    """Return all pieces of an answer."""
    return [piece async for piece in engine.complete(ASK, version)]


async def test_only_the_last_piece_has_a_finish_reason(any_engine: Engine) -> None:
    """An answer ends once, counts its prompt, and has at most the tokens asked for."""
    pieces = await write(any_engine, None)
    assert [piece.finish_reason for piece in pieces[:-1]] == [None] * (len(pieces) - 1)
    assert pieces[-1].finish_reason in (FinishReason.STOP, FinishReason.LENGTH)
    assert pieces[-1].prompt_tokens
    tokens = [token for piece in pieces for token in piece.tokens]
    assert 1 <= len(tokens) <= ASK.max_tokens
    assert all(token.logprob <= 0 for token in tokens)


async def test_a_version_serves_from_load_to_unload(
    any_engine: Engine, adapters: dict[str, Path]
) -> None:
    """Loading and unloading are idempotent; an unloaded version is an engine error."""
    version = VERSIONS[0]
    for _ in range(2):
        await any_engine.load(version, adapters[version])
    assert version in await any_engine.loaded()
    assert await write(any_engine, version)
    for _ in range(2):
        await any_engine.unload(version)
    assert version not in await any_engine.loaded()
    with pytest.raises(EngineError, match=version):
        await write(any_engine, version)


async def test_a_missing_folder_is_an_engine_error(any_engine: Engine, tmp_path: Path) -> None:
    """The error names the folder or the version, and the version is not loaded."""
    nowhere = "support@000000000000"
    with pytest.raises(EngineError, match=f"missing|{nowhere}"):
        await any_engine.load(nowhere, tmp_path / "missing")
    assert nowhere not in await any_engine.loaded()
    with pytest.raises(EngineError, match=nowhere):
        await write(any_engine, nowhere)


async def test_an_answer_may_be_closed_early(any_engine: Engine) -> None:
    """After closing, the engine serves others."""
    answer = any_engine.complete(ASK, None)
    await anext(answer)
    await answer.aclose()
    assert await write(any_engine, None)
