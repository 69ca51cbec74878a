"""`POST /v1/exchanges` over a real server."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tests.integration.gateway.reporting import Reporting, reporting
from tests.serving import CALLER, VERSION

pytestmark = pytest.mark.integration

ONE = {"id": "x1", "deployment": "support", "prompt": "Where is it?", "output": "On its way."}
LINES = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
async def served() -> AsyncIterator[Reporting]:
    """Return a running intake without tokens."""
    async with reporting() as served:
        yield served


async def report(
    served: Reporting, body: Any, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Post a body, JSON unless it is bytes, and return the status and the answer."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{served.url}/v1/exchanges", data=data, headers=headers) as response,
    ):
        return response.status, {**await response.json(), "headers": response.headers}


async def test_one_exchange_is_taken_with_its_facts(served: Reporting) -> None:
    """Without an adapter it belongs to the active version; without a time it came now."""
    status, answer = await report(served, {**ONE, "latency_s": 0.5, "tags": {"a": "b"}})
    assert (status, answer["accepted"]) == (202, 1)
    (exchange,) = served.basket.exchanges
    assert (exchange.id, exchange.adapter, exchange.epoch) == ("x1", VERSION, 3)
    assert exchange.started_at == datetime(2025, 6, 1, 12, tzinfo=UTC)
    assert (exchange.output, exchange.latency_s, exchange.tags) == ("On its way.", 0.5, {"a": "b"})


async def test_many_are_taken_as_a_list_and_as_lines(served: Reporting) -> None:
    """In the order in which they stand there."""
    many = [{**ONE, "id": f"x{index}"} for index in range(120)]
    assert (await report(served, {"exchanges": many}))[1]["accepted"] == 120
    lines = b"\n".join(json.dumps({**each, "id": f"y{each['id']}"}).encode() for each in many)
    assert (await report(served, lines + b"\n\n", LINES))[1]["accepted"] == 120
    assert [each.id for each in served.basket.exchanges] == [
        *(f"x{index}" for index in range(120)),
        *(f"yx{index}" for index in range(120)),
    ]


@pytest.mark.parametrize(
    ("adapter", "epoch"), [(VERSION, 3), ("support@000000000000", 0), (None, 0)]
)
async def test_only_an_answer_of_the_active_version_is_judged(
    served: Reporting, adapter: str | None, epoch: int
) -> None:
    """One of another version, or of the base model, is on the record under no epoch."""
    await report(served, {**ONE, "adapter": adapter})
    (exchange,) = served.basket.exchanges
    assert (exchange.adapter, exchange.epoch) == (adapter, epoch)


async def test_a_shadow_comes_with_its_exchange(served: Reporting) -> None:
    """As one of its own that is not judged."""
    shadow = {"adapter": "support@000000000000", "output": "Soon."}
    assert (await report(served, {**ONE, "shadow": shadow}))[1]["accepted"] == 1
    _, other = served.basket.exchanges
    assert (other.id, other.epoch, other.tags) == ("x1#shadow", 0, {"shadow_of": "x1"})


@pytest.mark.parametrize(
    ("body", "headers", "param", "complaint"),
    [
        (
            {"exchanges": [ONE, {**ONE, "latency_s": -1}]},
            None,
            "exchanges[1].latency_s",
            "at least 0",
        ),
        ({**ONE, "deployment": "suport"}, None, "deployment", "known: plain, support"),
        ({**ONE, "latency": 1}, None, "latency", "did you mean 'latency_s'?"),
        (
            {**ONE, "started_at": "2031-01-01T00:00:00Z"},
            None,
            "started_at",
            "ahead of this service",
        ),
        (json.dumps(ONE).encode() + b"\n{", LINES, "line 2", "is no JSON"),
        (
            json.dumps(ONE).encode() + b"\n" + json.dumps(ONE).encode(),
            None,
            None,
            "application/x-ndjson",
        ),
        (b"[" * 5000, None, None, "the body must be an exchange"),
        ({"exchanges": 7}, None, None, "the body must be an exchange"),
        ([ONE], None, None, "the body must be an exchange"),
    ],
)
async def test_one_bad_exchange_refuses_all_and_is_named(
    served: Reporting, body: Any, headers: dict[str, str] | None, param: str | None, complaint: str
) -> None:
    """By its place and its field; nothing is taken."""
    status, answer = await report(served, body, headers)
    assert (status, answer["error"]["param"]) == (400, param)
    assert complaint in answer["error"]["message"]
    assert served.basket.items == []
    assert served.refused == [400]


async def test_without_room_the_answer_says_how_many_were_taken(served: Reporting) -> None:
    """Reporting the rest again later loses nothing."""
    served.basket.room = 2
    many = {"exchanges": [{**ONE, "id": f"x{index}"} for index in range(5)]}
    status, answer = await report(served, many)
    assert (status, answer["headers"]["Retry-After"]) == (429, "1")
    assert "the first 2 of 5 exchanges are taken" in answer["error"]["message"]
    assert [each.id for each in served.basket.exchanges] == ["x0", "x1"]


async def test_compressed_bodies_are_inflated_within_the_bound() -> None:
    """A bomb is refused, and so is an encoding that is not known."""
    async with reporting(max_body_bytes=10_000) as served:
        small = gzip.compress(json.dumps(ONE).encode())
        assert (await report(served, small, {"Content-Encoding": "gzip"}))[0] == 202
        bomb = gzip.compress(json.dumps({**ONE, "output": "x" * 100_000}).encode())
        assert (await report(served, bomb, {"Content-Encoding": "gzip"}))[0] == 413
        assert (await report(served, small, {"Content-Encoding": "br"}))[0] == 415
        assert (await report(served, b"nonsense", {"Content-Encoding": "gzip"}))[0] == 400
        assert (await report(served, {**ONE, "output": "x" * 100_000}))[0] == 413
        assert len(served.basket.items) == 1


async def test_a_token_is_needed_where_callers_need_one() -> None:
    """Nobody else may say what a model answered."""
    async with reporting(locked=True) as served:
        assert (await report(served, ONE))[0] == 401
        authorized = {"Authorization": f"Bearer {CALLER}"}
        assert (await report(served, ONE, authorized))[0] == 202
