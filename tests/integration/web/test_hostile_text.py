"""Words of models, callers and operators that are made to do harm: recorded, shown, inert."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.integration.web import serving
from tests.integration.web.hostile_story import STEERING, TEXTS, hostile_answers
from tests.integration.web.story import HOSTILE
from tests.integration.web.test_pages import log_in

pytestmark = pytest.mark.integration


async def test_hostile_answers_are_recorded_and_read_by_the_api(operator, service) -> None:
    """Every text comes back, with U+FFFD for what no database holds."""
    hostile_answers(service.stores, serving.now())
    async with operator.get("/api/deployments/support/exchanges") as response:
        assert response.status == 200
        read = {row["id"]: row for row in await response.json()}
    for number, text in enumerate(TEXTS, start=5000):
        expected = text.replace("\0", "\ufffd").replace("\ud800", "\ufffd")
        row = read[f"chatcmpl-{number}"]
        assert (row["prompt"], row["output"], row["findings"]) == (expected, expected, [expected])


async def test_hostile_answers_are_inert_on_the_page(stranger, service) -> None:
    """No markup, no character that steers, and of a long line only its beginning."""
    hostile_answers(service.stores, serving.now())
    await log_in(stranger)
    async with stranger.get("/deployments/support") as response:
        page = await response.text()
    assert response.status == 200
    assert len(page) < 200_000
    assert "<script>document" not in page
    assert "<img src=x" not in page
    assert not set(page) & set(STEERING.replace(" ", "").replace("[2J", "").replace("]0;owned", ""))
    assert "more characters" in page
    assert "{{ 7*7 }}" in page


@pytest.mark.parametrize("text", [HOSTILE, STEERING, "a\0b", "half \ud800 a pair", "'; DROP --"])
async def test_a_hostile_reason_is_recorded_and_shown(operator, service, text) -> None:
    """A reason is a text like any other in the incident, the report and the audit log."""
    async with operator.post(
        "/api/deployments/support/rollback", json={"reason": text}
    ) as response:
        assert response.status in (200, 400), await response.text()
    for path in ("/api/incidents", "/api/audit", "/api/overview", "/api/adapters"):
        async with operator.get(path) as response:
            assert response.status == 200, path
    for form in ("html", "md", "json"):
        async with operator.get(f"/api/reports/support?format={form}") as response:
            assert response.status == 200, form
            shown = await response.text()
        if form != "json":
            assert "<script>document" not in shown
            assert not set(shown) & set("\x1b\x07\u202e\u2066\0")


@pytest.mark.parametrize("text", [HOSTILE, STEERING, "a\0b", "half \ud800 a pair", "x" * 5000])
async def test_hostile_names_are_unknown_and_no_defect(operator, logged, text) -> None:
    """A name that nothing can have is answered as any unknown name, wherever it stands."""
    name = quote(text, safe="", errors="surrogatepass")
    for path in (
        f"/api/deployments/{name}",
        f"/api/deployments/{name}/evidence",
        f"/api/adapters/{name}",
        f"/api/adapters?family={name}",
        f"/api/incidents/{name}",
        f"/api/incidents?deployment={name}",
        f"/api/golden/{name}/runs",
        f"/api/golden/support/runs/{name}",
        f"/golden/{name}",
        f"/golden/run-gate?slice={name}",
        f"/api/reports/{name}",
        f"/api/reports/support?format={name}",
        f"/?deployment={name}",
        f"/deployments/{name}",
        f"/exchanges?text={name}&finding={name}&version={name}&deployment={name}",
        f"/exchanges?after={name}",
        f"/exchanges?since={name}",
        f"/exchanges/{name}",
        f"/golden?deployment={name}&after={name}",
        f"/incidents?deployment={name}",
        f"/adapters/{name}",
        f"/policy/{name}",
        f"/audit?actor={name}&action={name}&subject={name}",
        f"/audit?before={name}",
        f"/versions/promote?version={name}",
    ):
        async with operator.get(serving.raw(operator, path)) as response:
            assert response.status in (200, 400, 404), (path, logged)
            await response.read()


@pytest.mark.parametrize("text", [HOSTILE, STEERING, "a\0b", "half \ud800 a pair"])
async def test_hostile_fields_of_requests_are_no_defect(operator, logged, text) -> None:
    """Whatever stands in a body is taken or refused; it never fails."""
    name = quote(text, safe="", errors="surrogatepass")
    golden = f'{{"id": "a", "prompt": {text!r}, "expect": "x"}}'.replace("'", '"')
    requests = (
        ("POST", "/api/deployments/support/rollback", {"reason": "r", "to": text}),
        ("POST", "/api/deployments/support/thaw", {"reason": text}),
        ("POST", f"/api/deployments/{name}/thaw", {"reason": "r"}),
        ("POST", "/api/adapters/support@v1/promote", {"reason": text, "deployment": text}),
        ("POST", "/api/adapters/support@v0/release", {"reason": text}),
        ("POST", "/api/adapters", {"family": text, "path": "/" + text, "label": text}),
        (
            "POST",
            "/api/adapters",
            {"family": "f", "path": "/p", "parent": text, "facts": {text: text, "n": 1e999}},
        ),
        ("POST", "/api/golden/support/run", {"cause": text}),
    )
    for method, path, body in requests:
        url = serving.raw(operator, path)
        async with operator.request(method, url, json=body) as response:
            said = await response.text()
        assert response.status < 500, f"{path} {body}: {said} {logged}"
    data = golden.encode("utf-8", "surrogatepass")
    async with operator.put("/api/golden/support", data=data) as response:
        assert response.status in (200, 400)
    assert logged == []
