"""`backstop ingest` against a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from monitor.cli import main
from monitor.cli.client import Client
from monitor.cli.reporter import Reporter
from monitor.errors import BadRequest, Unauthorized, Unavailable
from tests.integration.gateway.reporting import Reporting, reporting
from tests.serving import CALLER

pytestmark = pytest.mark.integration

ONE = {"started_at": "2025-06-01T11:00:00Z", "prompt": "a", "output": "b"}


@pytest.fixture
async def served() -> AsyncIterator[Reporting]:
    """Return a running intake that wants a token."""
    async with reporting(locked=True) as served:
        yield served


async def ingest(served: Reporting, folder: Path, text: str, *words: str) -> Result:
    """Run the command on a log with this text."""
    (folder / "model").mkdir(exist_ok=True)
    (folder / "model" / "config.json").write_text("{}")
    (folder / "operator.token").write_text(CALLER)
    (folder / "backstop.yaml").write_text(
        f"data_dir: {folder}\nengine: {{model: {folder}/model}}\ndeployments: {{support: {{}}}}\n"
        f"listen: {{port: {served.port}}}"
    )
    (folder / "log.jsonl").write_text(text)
    arguments = ["ingest", str(folder / "log.jsonl"), "--config", str(folder / "backstop.yaml")]
    return await asyncio.to_thread(CliRunner().invoke, main.app, [*arguments, *words])


async def test_a_log_is_taken_whole(served: Reporting, tmp_path: Path) -> None:
    """However many batches it takes; running it again brings the same ids and times."""
    text = "\n".join(json.dumps({**ONE, "prompt": f"p{index}"}) for index in range(1200))
    for _ in range(2):
        result = await ingest(served, tmp_path, text, "--deployment", "support", "--json")
        assert json.loads(result.stdout)["taken"] == 1200
    found = [(each.id, each.started_at) for each in served.basket.exchanges]
    assert len(set(found)) == 1200
    assert found[:1200] == found[1200:]


async def test_a_bad_line_ends_it_and_says_how_far_it_came(
    served: Reporting, tmp_path: Path
) -> None:
    """Nothing of the batch with the bad line is sent."""
    text = "\n".join([*(json.dumps({**ONE, "id": f"x{i}"}) for i in range(600)), "{"])
    result = await ingest(served, tmp_path, text, "--deployment", "support")
    assert isinstance(result.exception, BadRequest)
    assert "line 601: is no JSON" in str(result.exception)
    assert "500 exchanges before it are taken" in str(result.exception)
    assert len(served.basket.items) == 500


async def test_a_report_waits_for_room(served: Reporting) -> None:
    """As long as the service says, and nothing is lost."""
    served.basket.room = 1
    pauses: list[float] = []

    async def wait(seconds: float) -> None:
        pauses.append(seconds)
        served.basket.room = 100

    lines = [json.dumps({**ONE, "deployment": "support", "id": f"x{i}"}).encode() for i in range(3)]
    async with Reporter(Client(url=served.url, token=CALLER), wait) as reporter:
        await reporter.report(b"\n".join(lines))
    assert pauses == [1.0]
    assert {each.id for each in served.basket.exchanges} == {"x0", "x1", "x2"}


async def test_a_report_does_not_wait_for_ever(served: Reporting) -> None:
    """After two minutes without room it gives up."""
    served.basket.room = 0
    pauses: list[float] = []

    async def wait(seconds: float) -> None:
        pauses.append(seconds)

    line = json.dumps({**ONE, "deployment": "support"}).encode()
    async with Reporter(Client(url=served.url, token=CALLER), wait) as reporter:
        with pytest.raises(Unavailable, match="no room"):
            await reporter.report(line)
    assert sum(pauses) == 120.0


async def test_refusals_have_the_services_own_words(served: Reporting) -> None:
    """A wrong token, an unknown deployment, and nobody there."""

    async def report(client: Client) -> None:
        line = json.dumps({**ONE, "deployment": "suport"}).encode()
        async with Reporter(client, asyncio.sleep) as reporter:
            await reporter.report(line)

    with pytest.raises(Unauthorized, match="not accepted"):
        await report(Client(url=served.url, token="wrong"))
    with pytest.raises(BadRequest, match="'suport' is not known"):
        await report(Client(url=served.url, token=CALLER))
    with pytest.raises(Unavailable, match="no service answers"):
        await report(Client(url="http://127.0.0.1:1", token=CALLER))
