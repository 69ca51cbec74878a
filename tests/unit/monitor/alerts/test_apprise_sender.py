"""What goes to services by way of Apprise."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.alerts.apprise_sender import AppriseSender, texts
from monitor.errors import ConfigError, DeliveryError
from tests.unit.monitor.alerts.builders import FACTS, message


def test_a_message_is_plain_text_with_its_link() -> None:
    """Whatever service reads it."""
    title, body = texts(message(**FACTS))
    assert title == "🔴 support was rolled back"
    assert body.splitlines()[-1] == FACTS["link"]
    assert "From: support@2" in body.splitlines()


def test_long_words_are_cut_before_the_link() -> None:
    """The smallest service takes 1,000 characters."""
    title, body = texts(message("t" * 5_000, **{**FACTS, "reason": "r" * 1_000_000}))
    assert len(title) <= 102
    assert len(body) <= 1_000
    assert body.endswith(str(FACTS["link"]))


def test_unchecked_connections_need_the_operators_word() -> None:
    """Nobody looks where Apprise connects to."""
    with pytest.raises(ConfigError, match="allow_private: true"):
        AppriseSender("ops", "json://127.0.0.1", allow_private=False)


@pytest.mark.filterwarnings("ignore:.*imghdr.*:DeprecationWarning")
def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    """And not told: it may hold a secret."""
    pytest.importorskip("apprise", reason="backstop[apprise] is not installed")
    with pytest.raises(ConfigError, match="does not know its url") as caught:
        AppriseSender("ops", "nosuch://secret", allow_private=True)
    assert "secret" not in str(caught.value)


@pytest.mark.filterwarnings("ignore:.*imghdr.*:DeprecationWarning")
async def test_a_message_arrives_by_way_of_apprise() -> None:
    """At a service of its own, with the evidence; a refusal and a redirect are failures."""
    pytest.importorskip("apprise", reason="backstop[apprise] is not installed")
    got: list[dict[str, Any]] = []
    statuses = [200, 500, 302]

    async def handle(request: web.Request) -> web.Response:
        got.append(await request.json())
        return web.Response(status=statuses[len(got) - 1], headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_post("/hook", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        sender = AppriseSender("ops", f"json://127.0.0.1:{server.port}/hook", allow_private=True)
        told = message(**FACTS, picture=b"a picture")
        assert await sender.send(told, told.created_at) == "Apprise says that it arrived"
        for _ in range(2):
            with pytest.raises(DeliveryError, match="did not arrive"):
                await sender.send(told, told.created_at)
    assert len(got) == 3
    assert got[0]["title"] == "🔴 support was rolled back"
    assert [each["filename"] for each in got[0]["attachments"]] == ["evidence.png"]
