"""vLLM's contract as Backstop relies on it; `make test-vllm` runs the same over a real vLLM."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

import aiohttp
import pytest

from guards.exchange import FinishReason, Message
from monitor.config import ServerEngine
from monitor.engines.servers.opened import open_server
from monitor.engines.servers.server import ModelServer
from monitor.errors import BadRequest, EngineError
from monitor.ports.engine import Generation, Likelihood, Piece
from monitor.runtime import fingerprints
from tests.servers.adapters import lay_out
from tests.servers.vllm import VllmServer

pytestmark = pytest.mark.integration


class Vllm(Protocol):
    """A vLLM server with nothing loaded, and folders of adapters that it can see.

    Attributes:
        folder: holds a folder for each version.
        versions: at least two that load.
        wide: one whose rank is over the server's limit.
    """

    url: str
    model: str
    folder: Path
    versions: tuple[str, ...]
    wide: str

    async def restart(self) -> None:
        """Kill it, and wait until it is there again, empty."""


Post = Callable[[str, dict[str, Any]], Awaitable[tuple[int, str]]]


def ask(content: str, role: str = "prompt", max_tokens: int = 8, **told: Any) -> Generation:
    """Return a greedy request."""
    turns = (Message(role=role, content=content),)
    return Generation(messages=turns, max_tokens=max_tokens, temperature=0.0, **told)


async def answer(engine: ModelServer, generation: Generation, version: str | None) -> list[Piece]:
    """Return all pieces of an answer."""
    return [piece async for piece in engine.complete(generation, version)]


@pytest.fixture
async def vllm(tmp_path: Path) -> AsyncIterator[Vllm]:
    """Return the server of the documented contract."""
    async with VllmServer(lay_out(tmp_path / "adapters")).running() as server:
        yield server


@pytest.fixture
async def engine(vllm: Vllm) -> AsyncIterator[ModelServer]:
    """Return our engine for the server."""
    opened = open_server(ServerEngine(kind="vllm", url=vllm.url, model=vllm.model), vllm.folder)
    yield opened
    await opened.close()


@pytest.fixture
async def post(vllm: Vllm) -> AsyncIterator[Post]:
    """Return what asks the server directly for something: status and text."""
    async with aiohttp.ClientSession(vllm.url) as session:

        async def send(path: str, body: dict[str, Any]) -> tuple[int, str]:
            async with session.post(path, json=body) as response:
                return response.status, await response.text()

        yield send


async def test_versions_are_loaded_listed_and_unloaded(vllm: Vllm, engine: ModelServer) -> None:
    """Each under its own name, as often as one likes."""
    first, second = vllm.versions[:2]
    assert await engine.loaded() == frozenset()
    for version in (first, second, first):
        await engine.load(version, vllm.folder / version)
    assert await engine.loaded() == {first, second}
    for _ in range(2):
        await engine.unload(first)
    assert await engine.loaded() == {second}


async def test_the_server_has_no_problems(vllm: Vllm, engine: ModelServer) -> None:
    """It tells its version and where the base model comes from."""
    assert await engine.examine() == ()
    facts = await engine.facts()
    assert facts.version.startswith("0.32")
    assert facts.base["root"]


async def test_a_name_is_loaded_once(vllm: Vllm, engine: ModelServer, post: Post) -> None:
    """The second time the server refuses, and another path under it is an error of ours."""
    version = vllm.versions[0]
    body = {"lora_name": version, "lora_path": str(vllm.folder / vllm.versions[1])}
    assert (await post("/v1/load_lora_adapter", body))[0] == 200
    status, said = await post("/v1/load_lora_adapter", body)
    assert (status, "has already been loaded" in said) == (400, True)
    assert await engine.loaded() == frozenset()
    with pytest.raises(EngineError, match=f"{vllm.versions[1]} and not from"):
        await engine.load(version, vllm.folder / version)


async def test_unloading_what_is_not_there_is_not_found(post: Post) -> None:
    """That is what makes unloading idempotent here."""
    body = {"lora_name": "nobody@aaaaaaaaaaaa"}
    assert (await post("/v1/unload_lora_adapter", body))[0] == 404


async def test_a_folder_that_is_not_there_is_explained(vllm: Vllm, engine: ModelServer) -> None:
    """The server's sentence does not even say which."""
    nowhere = vllm.folder / "support@eeeeeeeeeeee"
    with pytest.raises(EngineError, match=rf"{nowhere}.*No adapter found.*engine\.adapters_as"):
        await engine.load(nowhere.name, nowhere)
    assert await engine.loaded() == frozenset()


async def test_a_rank_over_the_limit_is_explained(vllm: Vllm, engine: ModelServer) -> None:
    """The flag that helps is named."""
    with pytest.raises(EngineError, match=r"rank 32 .* --max-lora-rank"):
        await engine.load(vllm.wide, vllm.folder / vllm.wide)
    assert await engine.loaded() == frozenset()


async def test_a_version_that_is_not_loaded_answers_nothing(engine: ModelServer) -> None:
    """Neither does it fall back onto the base model."""
    with pytest.raises(EngineError, match="nobody@aaaaaaaaaaaa"):
        await answer(engine, ask("Hello"), "nobody@aaaaaaaaaaaa")


async def test_a_prompt_beyond_the_context_is_the_callers_mistake(engine: ModelServer) -> None:
    """And no fault of the version."""
    with pytest.raises(BadRequest, match="context length"):
        await answer(engine, ask("word " * 3000), None)


@pytest.mark.parametrize("role", ["prompt", "user"])
async def test_an_answer_comes_token_by_token(vllm: Vllm, engine: ModelServer, role: str) -> None:
    """With ids and log-probabilities, its end last, and the prompt counted."""
    version = vllm.versions[0]
    await engine.load(version, vllm.folder / version)
    pieces = await answer(engine, ask("Hello", role, logprobs=1), version)
    tokens = [token for piece in pieces for token in piece.tokens]
    assert 1 <= len(tokens) <= 8
    assert len(pieces) > 1 or len(tokens) == 1
    assert all(token.logprob <= 0 and token.top for token in tokens)
    assert all(0 <= token.id < 2**17 for token in tokens)
    assert pieces[-1].finish_reason in (FinishReason.LENGTH, FinishReason.STOP)
    assert pieces[-1].prompt_tokens


async def test_a_fingerprint_is_stable_and_tells_versions_apart(
    vllm: Vllm, engine: ModelServer
) -> None:
    """Also from the base model."""
    first, second = vllm.versions[:2]
    for version in (first, second):
        await engine.load(version, vllm.folder / version)
    taken = [await fingerprints.take(engine, v) for v in (None, first, second)]
    again = [await fingerprints.take(engine, v) for v in (None, first, second)]
    assert [[fingerprints.same(a, b) for b in again] for a in taken] == [
        [True, False, False],
        [False, True, False],
        [False, False, True],
    ]


async def test_a_fingerprint_holds_beside_other_versions_traffic(
    vllm: Vllm, engine: ModelServer
) -> None:
    """A proof is taken while callers are served."""
    first, second = vllm.versions[:2]
    for version in (first, second):
        await engine.load(version, vllm.folder / version)
    alone = [await fingerprints.take(engine, version) for version in (first, second)]
    traffic = [
        asyncio.create_task(answer(engine, ask(f"Order {number}", "user", 64), version))
        for number in range(8)
        for version in (first, second)
    ]
    beside = [await fingerprints.take(engine, version) for version in (first, second)]
    await asyncio.gather(*traffic)
    assert all(fingerprints.same(*pair) for pair in zip(alone, beside, strict=True))


async def test_an_answer_that_is_closed_leaves_the_engine_to_others(engine: ModelServer) -> None:
    """Closing the connection is what stops it."""
    endless = engine.complete(ask("1, 2, 3, 4,", max_tokens=400), None)
    await anext(endless)
    await endless.aclose()
    assert await answer(engine, ask("Hello"), None)


async def test_a_restart_empties_it_and_loading_fills_it(vllm: Vllm, engine: ModelServer) -> None:
    """The same files give the same fingerprint afterwards."""
    version = vllm.versions[0]
    await engine.load(version, vllm.folder / version)
    before = await fingerprints.take(engine, version)
    await vllm.restart()
    assert await engine.loaded() == frozenset()
    await engine.load(version, vllm.folder / version)
    assert fingerprints.same(before, await fingerprints.take(engine, version))


@pytest.mark.parametrize("role", ["prompt", "user"])
async def test_a_given_text_is_scored(vllm: Vllm, engine: ModelServer, role: str) -> None:
    """Each token of it, by the version that is asked; what comes first does not hang on the rest."""
    assert isinstance(engine, Likelihood)
    version = vllm.versions[0]
    await engine.load(version, vllm.folder / version)
    asked = (Message(role=role, content="the router blinks"),)
    base = await engine.score(asked, " red since monday", None)
    assert len(base) >= 3
    assert all(logprob <= 0.0 for logprob in base)
    again = await engine.score(asked, " red since monday", None)
    assert again == pytest.approx(base, abs=0.05)
    assert await engine.score(asked, " red since monday", version) != pytest.approx(base, abs=0.01)


async def test_a_text_for_a_version_that_is_not_loaded_is_not_scored(
    vllm: Vllm, engine: ModelServer
) -> None:
    """The server would answer with whatever it has under that name: nothing."""
    assert isinstance(engine, Likelihood)
    with pytest.raises(EngineError, match="does not exist"):
        await engine.score((Message(role="prompt", content="the"),), " red", vllm.versions[0])
    with pytest.raises(BadRequest, match="continuation is empty"):
        await engine.score((Message(role="prompt", content="the"),), "", None)
