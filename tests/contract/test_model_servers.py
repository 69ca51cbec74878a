"""What every engine that is a server promises beside `test_engine.py`: errors, limits, and facts."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from guards.exchange import FinishReason, Message
from monitor.engines.servers.client import Client
from monitor.engines.servers.housekeeping import tidy
from monitor.engines.servers.server import ModelServer
from monitor.errors import BadRequest, EngineError, Unavailable
from monitor.ports.engine import Generation, Piece
from monitor.runtime import fingerprints
from tests.servers.adapters import VERSIONS, WIDE, lay_out
from tests.servers.opened import SERVERS, engine_of, opened
from tests.servers.sglang import SglangServer
from tests.servers.vllm import VllmServer

pytestmark = pytest.mark.integration

V1, V2 = VERSIONS[:2]
LOADING = ("vllm", "sglang", "lorax")  # those that load adapters while they run


def raw(prompt: str = "the router", **changes: Any) -> Generation:
    """Return a request for text."""
    told: dict[str, Any] = {"max_tokens": 6, "temperature": 0.0, **changes}
    return Generation(messages=(Message(role="prompt", content=prompt),), **told)


def chat(**changes: Any) -> Generation:
    """Return a request for the next turn of a conversation."""
    told: dict[str, Any] = {"max_tokens": 6, "temperature": 0.0, **changes}
    turns = (Message(role="system", content="Be brief."), Message(role="user", content="Hello"))
    return Generation(messages=turns, **told)


async def pieces(engine: ModelServer, generation: Generation, version: str | None) -> list[Piece]:
    """Return an answer."""
    return [piece async for piece in engine.complete(generation, version)]


async def text(engine: ModelServer, generation: Generation, version: str | None) -> str:
    """Return an answer's text."""
    return "".join(piece.text for piece in await pieces(engine, generation, version))


@pytest.fixture
def adapters(tmp_path: Path) -> Path:
    """Return a folder with a folder for each version."""
    return lay_out(tmp_path / "adapters")


@pytest.fixture(params=SERVERS)
async def pair(
    request: pytest.FixtureRequest, adapters: Path
) -> AsyncIterator[tuple[Any, ModelServer]]:
    """Return one server after the other, with our engine for it."""
    async with opened(request.param, adapters) as both:
        yield both


@pytest.fixture(params=LOADING)
async def loading(
    request: pytest.FixtureRequest, adapters: Path
) -> AsyncIterator[tuple[Any, ModelServer]]:
    """Return each server that loads adapters while it runs."""
    async with opened(request.param, adapters) as both:
        yield both


async def test_versions_and_the_base_model_answer_each_as_itself(
    pair: tuple[Any, ModelServer], adapters: Path
) -> None:
    """Whether they are asked for text or for a turn."""
    _, engine = pair
    for version in (V1, V2):
        await engine.load(version, adapters / version)
    for generation in (raw(), chat()):
        answers = [await text(engine, generation, version) for version in (None, V1, V2)]
        again = [await text(engine, generation, version) for version in (None, V1, V2)]
        assert answers == again
        assert len(set(answers)) == 3


async def test_a_fingerprint_tells_versions_apart(
    pair: tuple[Any, ModelServer], adapters: Path
) -> None:
    """Each server tells enough of its tokens for a proof."""
    _, engine = pair
    for version in (V1, V2):
        await engine.load(version, adapters / version)
    taken = [await fingerprints.take(engine, version) for version in (None, V1, V2, V1)]
    assert fingerprints.same(taken[1], taken[3])
    assert not any(fingerprints.same(taken[a], taken[b]) for a, b in ((0, 1), (1, 2), (0, 2)))


async def test_an_answer_s_end_has_its_reason(pair: tuple[Any, ModelServer]) -> None:
    """A cut one says so; every other one stopped."""
    _, engine = pair
    cut, whole = await pieces(engine, raw(), None), await pieces(engine, raw(max_tokens=99), None)
    assert (cut[-1].finish_reason, cut[-1].prompt_tokens) == (FinishReason.LENGTH, 2)
    assert whole[-1].finish_reason is FinishReason.STOP
    assert sum(len(piece.tokens) for piece in cut) == 6


async def test_alternatives_are_told_where_they_are_asked_for(
    pair: tuple[Any, ModelServer],
) -> None:
    """The chosen token is the likeliest at temperature 0."""
    server, engine = pair
    answer = await pieces(engine, raw(logprobs=1, stop=("\n",)), None)
    assert all(token.text and token.logprob < 0 for piece in answer for token in piece.tokens)
    asked = server.bodies[-1]
    assert asked.get("logprobs") == 1 or asked["parameters"]["return_k_alternatives"] == 1
    assert (asked.get("stop") or asked["parameters"]["stop"]) == ["\n"]


async def test_a_prompt_that_is_too_long_is_the_caller_s_mistake(
    pair: tuple[Any, ModelServer],
) -> None:
    """And no fault of the version."""
    _, engine = pair
    with pytest.raises(BadRequest, match="refuses the prompt"):
        await pieces(engine, raw("word " * 600), None)


async def test_a_caller_who_leaves_is_seen_by_the_server(pair: tuple[Any, ModelServer]) -> None:
    """Closing the answer closes the connection at once."""
    server, engine = pair
    server.hold.clear()
    answer = engine.complete(raw(max_tokens=20), None)
    await anext(answer)
    await answer.aclose()
    await asyncio.wait_for(server.left.wait(), 5)


async def test_a_version_that_is_not_there_is_an_engine_error(
    pair: tuple[Any, ModelServer],
) -> None:
    """Whatever words the server has for it."""
    _, engine = pair
    with pytest.raises(EngineError, match="nobody@aaaaaaaaaaaa"):
        await pieces(engine, raw(), "nobody@aaaaaaaaaaaa")


@pytest.mark.parametrize("status", [429, 502, 503, 504])
async def test_a_server_that_cannot_answer_now_is_away(
    pair: tuple[Any, ModelServer], adapters: Path, status: int
) -> None:
    """It says so itself, or somebody between."""
    server, engine = pair
    server.away = (status, {"error": {"message": "loading the model"}})
    with pytest.raises(Unavailable, match="loading the model"):
        await engine.loaded()
    with pytest.raises(Unavailable):
        await engine.load(V1, adapters / V1)
    with pytest.raises(Unavailable):
        await pieces(engine, raw(), None)


async def test_a_server_that_is_down_is_away(pair: tuple[Any, ModelServer], adapters: Path) -> None:
    """Unloading from it is no error: there is nothing to unload."""
    server, engine = pair
    await server.stop()
    with pytest.raises(Unavailable, match=server.url):
        await engine.loaded()
    with pytest.raises(Unavailable):
        await engine.load(V1, adapters / V1)
    with pytest.raises(Unavailable):
        await pieces(engine, raw(), None)
    await engine.unload(V1)


async def test_a_server_that_stops_in_the_middle_is_away(
    pair: tuple[Any, ModelServer], adapters: Path, request: pytest.FixtureRequest
) -> None:
    """There is a limit between two parts of an answer."""
    server, _ = pair
    kind = request.node.callspec.params["pair"]
    impatient = engine_of(kind, server, adapters, idle_s=0.05)
    server.hold.clear()
    with pytest.raises(Unavailable, match="in time"):
        await pieces(impatient, raw(), None)
    await impatient.close()


async def test_a_server_that_is_silent_is_away(
    pair: tuple[Any, ModelServer], adapters: Path, request: pytest.FixtureRequest
) -> None:
    """There is a limit until an answer begins, too."""
    server, _ = pair
    kind = request.node.callspec.params["pair"]
    impatient = engine_of(kind, server, adapters, first_byte_s=0.05)
    server.silent = True
    with pytest.raises(Unavailable, match="in time"):
        await asyncio.wait_for(pieces(impatient, raw(), None), 2)
    await impatient.close()


async def test_a_server_that_wants_a_key_gets_it(
    pair: tuple[Any, ModelServer], adapters: Path, request: pytest.FixtureRequest
) -> None:
    """Without the right one the error says where to write it."""
    server, engine = pair
    server.key = "sesame"
    with pytest.raises(EngineError, match="api_key_file"):
        await pieces(engine, raw(), None)
    kind = request.node.callspec.params["pair"]
    keyed = engine_of(kind, server, adapters, api_key="sesame")
    assert await pieces(keyed, raw(), None)
    await keyed.close()


async def test_a_server_in_order_has_no_problems(pair: tuple[Any, ModelServer]) -> None:
    """And tells what it is."""
    server, engine = pair
    assert await engine.examine() == ()
    facts = await engine.facts()
    assert facts.model == server.model
    assert facts.version in ("0.32.0", "0.5.23", "0.1.0", "b7000-00dc805")
    assert facts.engine_id == f"{facts.kind} {facts.version} {server.model}"
    assert all(facts.base.values())


async def test_another_model_s_name_is_a_problem(
    pair: tuple[Any, ModelServer], adapters: Path, request: pytest.FixtureRequest
) -> None:
    """The sentence has the name that is served."""
    server, _ = pair
    kind = request.node.callspec.params["pair"]
    other = engine_of(kind, server, adapters, model="mistral")
    (problem,) = await other.examine()
    assert problem.startswith("engine.model: ")
    assert server.model in problem
    await other.close()


async def test_a_server_that_restarted_empty_is_filled_again(
    loading: tuple[Any, ModelServer], adapters: Path
) -> None:
    """Loading is what brings a version back; until then vLLM and SGLang say it is gone."""
    server, engine = loading
    await engine.load(V1, adapters / V1)
    before = await text(engine, raw(), V1)
    await server.restart()
    await engine.load(V1, adapters / V1)
    assert V1 in await engine.loaded()
    assert await text(engine, raw(), V1) == before


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
async def test_what_a_restart_took_is_not_told_as_loaded(kind: str, adapters: Path) -> None:
    """Nothing here remembers it."""
    async with opened(kind, adapters) as (server, engine):
        await engine.load(V1, adapters / V1)
        await server.restart()
        assert await engine.loaded() == frozenset()


async def test_a_folder_that_the_server_does_not_see_is_explained(
    loading: tuple[Any, ModelServer], adapters: Path
) -> None:
    """The setting that helps is named, and so is the path as the server was told it."""
    _, engine = loading
    nowhere = adapters / "support@eeeeeeeeeeee"
    with pytest.raises(EngineError, match=rf"{nowhere}.*engine\.adapters_as"):
        await engine.load(nowhere.name, nowhere)


async def test_a_rank_over_the_server_s_limit_is_told_in_its_words(
    loading: tuple[Any, ModelServer], adapters: Path
) -> None:
    """The version is not loaded."""
    _, engine = loading
    with pytest.raises(EngineError, match="rank 32"):
        await engine.load(WIDE, adapters / WIDE)
    assert WIDE not in await engine.loaded()


async def test_a_server_in_a_container_sees_the_adapters_elsewhere(
    tmp_path: Path, adapters: Path
) -> None:
    """It is told its own path, and what it lists is known again."""
    (tmp_path / "mount").symlink_to(adapters)
    for kind in ("vllm", "sglang"):
        there = tmp_path / "mount"
        async with opened(kind, adapters, adapters_as=there) as (server, engine):
            await engine.load(V1, adapters / V1)
            assert server.adapters == {V1: str(there / V1)}
            assert await engine.loaded() == {V1}


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
async def test_a_name_that_stands_for_other_files_is_refused(kind: str, adapters: Path) -> None:
    """Somebody else loaded it: what answers under it is not what was checked."""
    async with opened(kind, adapters) as (server, engine):
        server.adapters[V1] = "/tmp/elsewhere"
        assert await engine.loaded() == frozenset()
        with pytest.raises(EngineError, match=r"from /tmp/elsewhere and not from"):
            await engine.load(V1, adapters / V1)


async def test_a_version_that_the_server_was_started_with_need_not_be_loaded(
    adapters: Path,
) -> None:
    """Also where nothing can be loaded: our files are there."""
    async with VllmServer(adapters, updating=False).running() as server:
        server.adapters[V1] = str(adapters / V1)
        engine = engine_of("vllm", server, adapters)
        await engine.load(V1, adapters / V1)
        assert await engine.loaded() == {V1}
        await engine.close()


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
async def test_adapters_of_others_are_none_of_ours(kind: str, adapters: Path) -> None:
    """They are not listed, so nobody unloads them."""
    async with opened(kind, adapters) as (server, engine):
        server.adapters["tone"] = str(adapters / "tone")
        assert await engine.loaded() == frozenset()


async def test_sglang_is_not_asked_to_unload_without_a_word(adapters: Path) -> None:
    """It can hang the whole server."""
    async with opened("sglang", adapters, unload=None) as (server, engine):
        await engine.load(V1, adapters / V1)
        await engine.unload(V1)
        assert set(server.adapters) == {V1}


async def test_sglang_answers_no_version_that_it_would_load_by_itself(adapters: Path) -> None:
    """It reloads what it once had, from wherever it had it."""
    async with opened("sglang", adapters) as (server, engine):
        await engine.load(V1, adapters / V1)
        await engine.unload(V1)
        with pytest.raises(EngineError, match=V1):
            await pieces(engine, raw(), V1)
        assert server.adapters == {}


async def test_lorax_remembers_a_failure_and_the_error_says_so(adapters: Path) -> None:
    """Only a restart clears it."""
    async with opened("lorax", adapters) as (server, engine):
        late = adapters / "support@eeeeeeeeeeee"
        with pytest.raises(EngineError):
            await engine.load(late.name, late)
        (adapters / V1).rename(late)
        with pytest.raises(EngineError, match="it remembers a failure, so restart it"):
            await engine.load(late.name, late)
        await server.restart()
        await engine.load(late.name, late)


async def test_llamacpp_says_how_to_start_it_with_a_version(adapters: Path) -> None:
    """It cannot load one later."""
    async with opened("llamacpp", adapters, started_with=[V1]) as (_, engine):
        await engine.load(V1, adapters / V1)
        with pytest.raises(EngineError, match=f"--lora {V2}.gguf"):
            await engine.load(V2, adapters / V2)
    async with opened("llamacpp", adapters, started_with=[]) as (_, engine):
        (problem,) = await engine.examine()
        assert "--lora FAMILY@DIGEST.gguf" in problem


@pytest.mark.parametrize(("kind", "flag"), [("vllm", "VLLM_ALLOW"), ("sglang", "--enable-lora")])
async def test_a_server_that_loads_nothing_at_run_time_is_a_problem(
    kind: str, flag: str, adapters: Path
) -> None:
    """The sentence says how to start it; so does the attempt."""
    vllm, sglang = VllmServer(adapters, updating=False), SglangServer(adapters, lora=False)
    async with (vllm if kind == "vllm" else sglang).running() as server:
        engine = engine_of(kind, server, adapters)
        (problem,) = await engine.examine()
        assert flag in problem
        with pytest.raises(EngineError, match=flag):
            await engine.load(V1, adapters / V1)
        await engine.close()


async def test_unloading_that_hangs_is_given_up_and_told(adapters: Path) -> None:
    """It is housekeeping: nothing waits for it."""
    async with opened("sglang", adapters) as (server, _):
        server.adapters[V1] = str(adapters / V1)
        server.hangs = True
        client = Client(server.url, None, connect_s=1, first_byte_s=1, idle_s=1)
        with capture_logs() as logs:
            giving_up = tidy(client, "/unload_lora_adapter", V1, limit_s=0.05)
            await asyncio.wait_for(giving_up, 2)
        assert [(log["event"], log["version"]) for log in logs] == [("version is not unloaded", V1)]
        await client.close()


def test_a_service_in_front_of_a_server_imports_no_torch() -> None:
    """Neither its engine nor its base model's facts need any."""
    heavy = "{'torch', 'transformers', 'peft', 'numpy'}"
    code = (
        "import sys, monitor.engines.servers.opened, monitor.engines.base_files; "
        f"sys.exit(', '.join({heavy} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", ["vllm", "sglang"])
async def test_what_is_loaded_is_not_loaded_again(kind: str, adapters: Path) -> None:
    """Some servers hold two copies then."""
    async with opened(kind, adapters) as (server, engine):
        for _ in range(2):
            await engine.load(V1, adapters / V1)
        assert [body["lora_name"] for body in server.bodies] == [V1]
