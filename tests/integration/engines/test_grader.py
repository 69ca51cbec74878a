"""The grader of every kind: what it needs beside the text, and a judge over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import numpy as np
import pytest
from aiohttp import web
from numpy.typing import NDArray

from guards.exchange import Message
from guards.golden import GoldenCase
from guards.grading import Grade
from monitor.engines.grading.absent import NoEmbedder, NoJudge, NoLikelihood
from monitor.engines.grading.grader import EveryGrader
from monitor.engines.grading.openai_judge import OpenAIJudge
from monitor.engines.grading.sandbox import Sandbox
from monitor.errors import EngineError, Unavailable

pytestmark = pytest.mark.integration

ANGLES = {
    "cat": 0.0,
    "kitten": 30.0,
    "猫": 45.0,
    "ﾈｺ": 120.0,
    "ネコ": 60.0,
    "dog": 90.0,
    "stone": 180.0,
    "": 180.0,
    "x": 270.0,
}


class Angles:
    """Maps known words to directions in the plane."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors."""
        angles = np.deg2rad([ANGLES[text] for text in texts])
        return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


async def grade(expectation: dict[str, Any], output: str, **parts: Any) -> Grade:
    """Grade an answer with some parts configured."""
    nothing = {
        "likelihood": NoLikelihood("lorax"),
        "embedder": NoEmbedder(),
        "judge": NoJudge(),
        "sandbox": Sandbox(),
    }
    case = GoldenCase(
        id="c", messages=(Message(role="user", content="?"),), expectation=expectation
    )
    return await EveryGrader(**{**nothing, **parts}).grade(case, output, None)


@pytest.mark.parametrize(
    ("output", "values", "raw", "normalized"),
    [
        ("cat", ["cat"], 0, 0),
        ("cat", ["kitten"], 30, 30),
        ("kitten", ["cat"], 30, 30),
        ("cat", ["dog"], 90, 90),
        ("cat", ["stone"], 90, 90),
        ("cat", ["x"], 90, 90),
        ("cat", ["dog", "kitten"], 30, 30),
        ("cat", ["kitten", "cat"], 0, 0),
        ("dog", ["cat", "kitten"], 60, 60),
        ("dog", ["猫"], 45, 45),
        ("猫", ["cat"], 45, 45),
        ("猫", ["kitten", "dog"], 15, 15),
        ("ﾈｺ", ["ネコ"], 60, 0),
        ("ネコ", ["ﾈｺ"], 60, 0),
        ("ﾈｺ", ["ﾈｺ"], 0, 0),
        ("ﾈｺ", ["dog"], 30, 30),
        ("ﾈｺ", ["猫", "kitten"], 75, 15),
        ("", ["stone"], 0, 0),
        ("", ["cat"], 90, 90),
        ("stone", ["dog"], 90, 90),
        ("x", ["stone"], 90, 90),
    ],
)
async def test_similarity_is_the_best_cosine(
    output: str, values: list[str], raw: float, normalized: float
) -> None:
    """Angles in degrees; what points away is 0, and NFKC comes before the second look."""
    found = await grade({"kind": "similarity", "values": values}, output, embedder=Angles())
    expected = [float(np.cos(np.deg2rad(each))) for each in (raw, normalized)]
    assert [found.raw, found.normalized] == pytest.approx(expected, abs=1e-6)


async def test_a_threshold_makes_a_pass_of_it() -> None:
    """At least so near, or not at all."""
    wanted = {"kind": "similarity", "values": ["kitten"], "threshold": 0.8}
    near = await grade(wanted, "cat", embedder=Angles())
    far = await grade(wanted, "dog", embedder=Angles())
    assert (near.normalized, far.normalized) == (1.0, 0.0)


async def test_parts_of_a_combination_are_graded_each_in_its_way() -> None:
    """One by the text, the other by its direction."""
    wanted = {
        "kind": "all",
        "of": [{"kind": "exact", "value": "cat"}, {"kind": "similarity", "values": ["kitten"]}],
    }
    found = await grade(wanted, "cat", embedder=Angles())
    assert found.normalized == pytest.approx(np.cos(np.deg2rad(30)))


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        ({"kind": "similarity", "values": ["a"]}, "wants an embedder and none is configured"),
        ({"kind": "judge", "rubric": "r"}, "set grading.judge.url and grading.judge.model"),
        ({"kind": "reference_logprob", "value": "a"}, "the lorax engine does not tell it"),
        ({"kind": "multiple_choice", "values": ["a", "b"], "value": "a"}, "the lorax engine"),
    ],
)
async def test_what_is_not_configured_is_said(expectation: dict[str, Any], says: str) -> None:
    """It is an error, never a grade of 0."""
    with pytest.raises(EngineError, match=says):
        await grade(expectation, "a")


class JudgeServer:
    """A judge's server on loopback."""

    def __init__(self) -> None:
        self.status = 200
        self.reply: Any = {"choices": [{"message": {"content": "Kind.\nScore: 8"}}]}
        self.asked: list[Any] = []
        self.keys: list[str | None] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as told."""
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("Authorization"))
        return web.json_response(self.reply, status=self.status)


@pytest.fixture
async def judge_server() -> AsyncIterator[tuple[JudgeServer, str]]:
    """Yield a judge's server and its address."""
    server = JudgeServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield server, f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


RUBRIC = {"kind": "judge", "rubric": "Is it kind?", "scale": [0, 10], "repeats": 2}


async def test_a_judge_is_asked_over_http(judge_server: tuple[JudgeServer, str]) -> None:
    """As often as the case says, each time with a seed of its own."""
    server, url = judge_server
    judge = OpenAIJudge(url, "sesame", "judge-1", limit_s=5.0)
    found = await grade(RUBRIC, "はい、どうぞ", judge=judge)
    assert (found.normalized, found.standard_error) == (0.8, 0.0)
    assert {each["model"] for each in server.asked} == {"judge-1"}
    assert {each["seed"] for each in server.asked} == {0, 1}
    assert server.keys == ["Bearer sesame"] * 2
    assert "はい、どうぞ" in server.asked[0]["messages"][1]["content"]


@pytest.mark.parametrize(
    ("status", "reply", "error", "says"),
    [
        (400, {"error": {"message": "no such model"}}, EngineError, "judge-1 refuses: no such"),
        (401, {}, EngineError, r"grading\.judge\.api_key_file"),
        (503, {"error": "busy"}, Unavailable, "cannot answer now: busy"),
        (200, {"choices": []}, EngineError, "is no chat completion"),
        (200, [], EngineError, "is no chat completion"),
        (200, {"choices": [{"message": {"content": None}}]}, EngineError, "does not end with"),
    ],
)
async def test_a_judge_that_does_not_judge_is_an_error(
    judge_server: tuple[JudgeServer, str],
    status: int,
    reply: Any,
    error: type[Exception],
    says: str,
) -> None:
    """In one sentence each."""
    server, url = judge_server
    server.status, server.reply = status, reply
    with pytest.raises(error, match=says):
        await grade(RUBRIC, "Yes.", judge=OpenAIJudge(url, None, "judge-1", limit_s=5.0))
