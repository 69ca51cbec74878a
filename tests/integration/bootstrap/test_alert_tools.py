"""`backstop alerts`: a test message on its way, and what became of others."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import main
from monitor.errors import NotFound
from monitor.ports.stores import Stores
from tests.integration.storage.builders import NOW, notice
from tests.integration.storage.test_mail import to_all

pytestmark = pytest.mark.integration


class _Receiver(HTTPServer):
    """Answers as it is told, and keeps what it got."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        """Keep the body."""
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(b"taken")

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    """A receiver that listens on loopback."""
    with _Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def file(
    tmp_path: Path, receiver: _Receiver, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> str:
    """A configuration with two receivers at one address."""
    monkeypatch.setenv("BACKSTOP_DATABASE", database_url)
    (tmp_path / "hook.url").write_text(f"http://127.0.0.1:{receiver.server_port}/hook")
    (tmp_path / "hook.secret").write_text(base64.b64encode(bytes(32)).decode())
    path = tmp_path / "backstop.yaml"
    path.write_text(
        "data_dir: data\nengine: {model: model}\ndeployments: {support: {}}\nreceivers:\n"
        "  chat: {kind: slack, url_file: hook.url, allow_private: true}\n"
        "  pager: {kind: webhook, url_file: hook.url, secret_file: hook.secret,"
        " allow_private: true}\n"
    )
    return str(path)


def _run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main.app, ["alerts", *words])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_a_test_says_what_each_receiver_answered(file: str, receiver: _Receiver) -> None:
    """One message to each, and nothing in the outbox."""
    code, said = _run("test", "-c", file, "--json")
    assert code == 0
    assert [(each["receiver"], each["answer"]) for each in json.loads(said)] == [
        ("chat", "200 taken"),
        ("pager", "200 taken"),
    ]
    assert b"a test of Backstop" in receiver.got[0]


def test_a_receiver_that_refuses_is_a_failure(file: str, receiver: _Receiver) -> None:
    """With what it said."""
    receiver.status = 403
    code, said = _run("test", "chat", "-c", file)
    assert code == 1
    assert "chat did not: receiver chat answered 403: taken" in said


def test_a_receiver_that_is_not_configured_is_named(file: str) -> None:
    """With those that are."""
    with pytest.raises(NotFound, match=r"no receiver 'page' .* there are: chat, pager"):
        _run("test", "page", "-c", file)


def test_a_test_that_arrives_brings_a_receiver_back_into_use(file: str, stores: Stores) -> None:
    """It was out of use since it had answered 410."""
    stores.outbox.disable("chat", NOW, notice(1, facts={"reason": "gone (410)"}))
    code, said = _run("list", "-c", file)
    assert code == 0
    assert "chat is out of use: gone (410); then: backstop alerts test chat" in said
    assert _run("test", "chat", "-c", file)[0] == 0
    assert stores.outbox.disabled() == {}


def test_deliveries_are_listed_by_state(file: str, stores: Stores) -> None:
    """Hostile titles do nothing to a terminal."""
    for number in (1, 2):
        stores.outbox.put(notice(number, title=f"\x1b[31mtitle {number}"))
    stores.outbox.address(to_all("chat"), NOW)
    stores.outbox.sent("notice-1", "chat", NOW)
    code, said = _run("list", "--state", "sent", "-c", file)
    assert code == 0
    assert "title 1" in said
    assert "title 2" not in said
    assert "\x1b" not in said
    (pending,) = json.loads(_run("list", "--state", "pending", "-c", file, "--json")[1])[
        "deliveries"
    ]
    assert (pending["notice"], pending["receiver"]) == ("notice-2", "chat")
