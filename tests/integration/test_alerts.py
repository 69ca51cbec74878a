"""Messages on their way to a real HTTP receiver."""

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import pytest
from aiohttp import web
from aiohttp.abc import ResolveResult
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook
from yarl import URL

from monitor.alerts import post as posts
from monitor.alerts.addresses import PublicResolver
from monitor.alerts.discord import DiscordSender
from monitor.alerts.mattermost import MattermostSender
from monitor.alerts.memory import MemorySender
from monitor.alerts.message import compose
from monitor.alerts.post import post
from monitor.alerts.slack import SlackSender
from monitor.alerts.teams import TeamsSender
from monitor.alerts.webhook import WebhookSender
from monitor.errors import DeliveryError, ReceiverGone
from monitor.ports.alerts import Delivery, Notice, Sender

pytestmark = pytest.mark.integration

_SECRET = base64.b64encode(bytes(range(32))).decode()
_TOLD = Notice(
    id="0d7c5b1e-0000-4000-8000-000000000001",
    kind="rollback",
    severity="critical",
    title="support was rolled back: 直した",
    facts={"deployment": "support", "from": "support@2", "to": "support@1", "exposure": 3},
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)
_NOTICE = compose(Delivery(notice=_TOLD, receiver="ops", attempt=0), b"a picture")


@dataclass
class _Receiver:
    """A receiver that answers as it is told, and remembers what it got."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "ok"
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""

    async def handle(self, request: web.Request) -> web.Response:
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=self.status, headers=self.headers, text=self.body)


@pytest.fixture
async def receiver() -> AsyncIterator[_Receiver]:
    """Return a receiver that listens on loopback."""
    told = _Receiver()
    app = web.Application()
    app.router.add_post("/hook/secret", told.handle)
    app.router.add_post("/elsewhere", told.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    told.url = str(server.make_url("/hook/secret"))
    yield told
    await server.close()


def _webhook(url: str) -> Sender:
    return WebhookSender("ops", url, secret=_SECRET, allow_private=True)


def _slack(url: str) -> Sender:
    return SlackSender("ops", url, allow_private=True)


def _teams(url: str) -> Sender:
    return TeamsSender("ops", url, allow_private=True)


def _mattermost(url: str) -> Sender:
    return MattermostSender("ops", url, allow_private=True)


def _discord(url: str) -> Sender:
    return DiscordSender("ops", url, allow_private=True)


def _memory(url: str) -> Sender:
    return MemorySender("ops")


_POSTED = [_webhook, _slack, _teams, _mattermost, _discord]
_HTTP = pytest.mark.parametrize("make", _POSTED)


def _now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("make", [*_POSTED, _memory])
async def test_a_sender_delivers_again_and_again(
    receiver: _Receiver, make: Callable[[str], Sender]
) -> None:
    """The contract of every sender: its receiver's name, and no error where all is well."""
    sender = make(receiver.url)
    assert sender.receiver == "ops"
    assert await sender.send(_NOTICE, _now()) in ("200 ok", "kept")
    await sender.send(_NOTICE, _now())


async def test_a_repeated_message_counts_once_in_memory() -> None:
    """As it must at every receiver."""
    sender = MemorySender("ops")
    await sender.send(_NOTICE, _now())
    await sender.send(_NOTICE, _now())
    assert sender.notices == (_NOTICE,)


async def test_a_signature_is_accepted_by_the_standards_own_check(receiver: _Receiver) -> None:
    """Under one id at every attempt, with the time of the attempt."""
    sender = _webhook(receiver.url)
    tries = [_now() - timedelta(seconds=60), _now()]
    for at in tries:
        await sender.send(_NOTICE, at)
    for (headers, body), at in zip(receiver.got, tries, strict=True):
        event = Webhook(_SECRET).verify(body, headers)
        assert event["data"]["title"] == _NOTICE.title
        assert headers["webhook-id"] == _NOTICE.id
        assert headers["webhook-timestamp"] == str(int(at.timestamp()))
    assert receiver.got[0][1] == receiver.got[1][1]


async def test_a_moment_in_another_zone_is_signed_as_the_same_moment(receiver: _Receiver) -> None:
    """The signature is over seconds since 1970."""
    tokyo = _now().astimezone(timezone(timedelta(hours=9)))
    await _webhook(receiver.url).send(_NOTICE, tokyo)
    headers, body = receiver.got[0]
    Webhook(_SECRET).verify(body, headers)


async def test_slack_gets_blocks(receiver: _Receiver) -> None:
    """As JSON in UTF-8."""
    await _slack(receiver.url).send(_NOTICE, _now())
    headers, body = receiver.got[0]
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(body)["blocks"][0]["type"] == "header"


@_HTTP
@pytest.mark.parametrize("status", [400, 404, 500, 503])
async def test_a_refusal_is_an_error_that_hides_the_address(
    receiver: _Receiver, make: Callable[[str], Sender], status: int
) -> None:
    """What the receiver said is quoted, in short."""
    receiver.status, receiver.body = status, "invalid\n blocks " + "x" * 5_000
    with pytest.raises(DeliveryError, match=f"receiver ops answered {status}: invalid b") as caught:
        await make(receiver.url).send(_NOTICE, _now())
    assert not isinstance(caught.value, ReceiverGone)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value)) < 300


@_HTTP
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_a_failure_and_not_followed(
    receiver: _Receiver, make: Callable[[str], Sender], status: int
) -> None:
    """It could lead inside."""
    receiver.status, receiver.headers = status, {"Location": "/elsewhere"}
    with pytest.raises(DeliveryError, match=f"answered {status}"):
        await make(receiver.url).send(_NOTICE, _now())
    assert len(receiver.got) == 1


@_HTTP
async def test_a_receiver_that_is_gone_is_told_apart(
    receiver: _Receiver, make: Callable[[str], Sender]
) -> None:
    """Nothing is ever sent there again."""
    receiver.status = 410
    with pytest.raises(ReceiverGone, match="remove it from the configuration"):
        await make(receiver.url).send(_NOTICE, _now())


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
        ("1.5", 1.5),
        ("soon", None),
        ("-5", None),
        ("²", None),
    ],
)
async def test_the_receivers_wish_to_wait_is_passed_on(
    receiver: _Receiver, header: str, seconds: float | None
) -> None:
    """In seconds or as a date; what cannot be read is no wish."""
    receiver.status, receiver.headers = 429, {"Retry-After": header}
    with pytest.raises(DeliveryError) as caught:
        await _slack(receiver.url).send(_NOTICE, datetime(2026, 1, 1, tzinfo=UTC))
    assert caught.value.retry_after_s == seconds


@_HTTP
async def test_a_receiver_that_is_away_is_told(
    unused_tcp_port: int, make: Callable[[str], Sender]
) -> None:
    """With the cause, and without the address."""
    sender = make(f"http://127.0.0.1:{unused_tcp_port}/hook/secret")
    with pytest.raises(DeliveryError, match="receiver ops cannot be reached: ") as caught:
        await sender.send(_NOTICE, _now())
    assert "secret" not in str(caught.value)


async def test_a_receiver_that_is_silent_is_given_up() -> None:
    """The limit is handed in here, so that the test is short."""
    silent = web.Application()
    silent.router.add_post("/", _never)
    async with TestServer(silent, host="127.0.0.1") as server:
        with pytest.raises(DeliveryError, match=r"receiver ops gave no answer in 0\.05 s"):
            await post(
                "ops",
                server.make_url("/"),
                b"{}",
                {},
                allow_private=True,
                at=_now(),
                time_limit_s=0.05,
            )


async def test_a_receiver_that_closes_is_told() -> None:
    """In the middle of its answer."""

    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(close, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(DeliveryError, match="receiver ops cannot be reached: "):
            await _slack(f"http://127.0.0.1:{port}/hook/secret").send(_NOTICE, _now())


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0"])
async def test_an_address_in_disguise_is_not_connected_to(receiver: _Receiver, host: str) -> None:
    """What the system would read as a loopback address."""
    url = URL(receiver.url.replace("127.0.0.1", host))
    with pytest.raises(DeliveryError, match="receiver ops cannot be reached"):
        await post("ops", url, b"", {}, allow_private=False, at=_now())
    assert not receiver.got


async def test_a_name_that_changes_its_mind_leads_nowhere(
    receiver: _Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked for once, and what was checked is what would be connected to."""
    asked: list[str] = []

    class Rebinding(PublicResolver):
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            asked.append(host)
            return await super().resolve("localhost", port, family)

    monkeypatch.setattr(posts, "PublicResolver", Rebinding)
    url = URL(receiver.url.replace("127.0.0.1", "public.example"))
    with pytest.raises(DeliveryError, match="leads to a private address"):
        await post("ops", url, b"", {}, allow_private=False, at=_now())
    assert asked == ["public.example"]
    assert not receiver.got


async def _never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets the event")


async def test_a_name_that_leads_inside_is_not_connected_to(receiver: _Receiver) -> None:
    """Not even when the configuration could not see it."""
    url = receiver.url.replace("127.0.0.1", "localhost")
    with pytest.raises(DeliveryError, match="leads to a private address; set allow_private"):
        await post("ops", URL(url), b"", {}, allow_private=False, at=_now())
    assert not receiver.got
