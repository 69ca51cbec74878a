"""The pages as a browser's requests see them: sessions, CSRF, headers."""

from __future__ import annotations

import re

import aiohttp
import pytest

from tests.integration.storage.builders import record, scored
from tests.integration.web.serving import TOKEN
from tests.integration.web.story import V1

pytestmark = pytest.mark.integration

ROLLBACK = {"deployment": "support", "epoch": "4", "reason": "customers complain", "to": ""}


async def log_in(client: aiohttp.ClientSession, token: str = TOKEN) -> str:
    """Log in and return the session's CSRF token."""
    async with client.post("/login", data={"token": token}) as answer:
        found = re.search(r'"X-CSRF-Token": "([^"]+)"', await answer.text())
    assert found is not None
    return found[1]


async def test_a_page_without_a_session_leads_to_the_login(stranger) -> None:
    """A browser is sent to the login page; a fragment asks for the same in its header."""
    async with stranger.get("/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/login")
    async with stranger.get("/system", headers={"HX-Request": "true"}) as answer:
        assert (answer.status, answer.headers["HX-Redirect"]) == (401, "/login")


async def test_the_cookie_is_kept_from_scripts_and_other_sites(stranger) -> None:
    """HttpOnly and SameSite=Strict."""
    async with stranger.post("/login", data={"token": TOKEN}, allow_redirects=False) as answer:
        cookie = answer.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


async def test_pages_forbid_inline_scripts_and_frames(stranger) -> None:
    """Every page and file comes with the content policy; no page has an inline script or style."""
    await log_in(stranger)
    for path in ("/", "/login", "/static/page.js"):
        async with stranger.get(path) as answer:
            policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        if path != "/static/page.js":
            assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=\"", text)


async def test_a_session_reads_the_api_and_cannot_change_it_without_its_csrf_token(
    stranger, service
) -> None:
    """The cookie alone is enough to look, and never enough to act."""
    csrf = await log_in(stranger)
    path, body = "/api/deployments/support/rollback", {"reason": "x"}
    async with stranger.get("/api/overview") as answer:
        assert answer.status == 200
    for headers in ({}, {"X-CSRF-Token": "guess"}):
        async with stranger.post(path, json=body, headers=headers) as answer:
            assert answer.status == 401
    assert service.stores.deployments.ensure("support").epoch == 4
    async with stranger.post(path, json=body, headers={"X-CSRF-Token": csrf}) as answer:
        assert answer.status == 200


async def test_the_dialog_rolls_back_what_it_asked_about(stranger, service) -> None:
    """A confirmed dialog is done; the page learns that the board has changed."""
    csrf = await log_in(stranger)
    async with stranger.get("/rollback?deployment=support") as answer:
        assert 'name="epoch" value="4"' in await answer.text()
    headers = {"X-CSRF-Token": csrf, "HX-Request": "true"}
    async with stranger.post("/rollback", data=ROLLBACK, headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["HX-Trigger"] == "live-changed"
        assert "support@v1" in await answer.text()
    assert service.stores.deployments.ensure("support").active == V1


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [({"epoch": "3"}, 409, "has changed since you were asked"), ({"reason": " "}, 400, "Say why")],
)
async def test_the_dialog_refuses_what_nobody_confirmed(
    stranger, service, change, status, says
) -> None:
    """A pointer that moved meanwhile, or a missing reason, is answered in the dialog."""
    headers = {"X-CSRF-Token": await log_in(stranger)}
    async with stranger.post("/rollback", data=ROLLBACK | change, headers=headers) as answer:
        text = await answer.text()
    assert answer.status == status
    assert says in text
    assert service.stores.deployments.ensure("support").epoch == 4


async def test_a_closed_session_is_closed_for_good(stranger) -> None:
    """A cookie that was copied before logging out opens nothing afterwards."""
    csrf = await log_in(stranger)
    copied = {c.key: c.value for c in stranger.cookie_jar}
    async with stranger.post("/logout", headers={"X-CSRF-Token": csrf}) as answer:
        assert answer.headers["HX-Redirect"] == "/login"
    async with stranger.get("/", cookies=copied, allow_redirects=False) as answer:
        assert answer.status == 303


async def test_a_recorded_answer_becomes_a_case_with_one_click(stranger, service) -> None:
    """The dialog shows the prompt, takes the corrected answer, and says what is wrong."""
    csrf = {"X-CSRF-Token": await log_in(stranger)}
    asked = scored(7, started_at=service.stores.exchanges.recent("support", 1)[0].started_at)
    record(service.stores, asked, keep_text=True)
    form = {"exchange": asked.exchange.id, "corrected": "<b>14 days</b>"}
    async with stranger.get("/golden-case", params={"exchange": form["exchange"]}) as answer:
        assert "question 7" in await answer.text()
    async with stranger.post("/golden-case", data=form, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/login")  # no CSRF token
    async with stranger.post("/golden-case", data={**form, "system": "x"}, headers=csrf) as answer:
        assert (answer.status, "give the system prompt" in await answer.text()) == (409, True)
    async with stranger.post("/golden-case", data=form, headers=csrf) as answer:
        assert (answer.status, "Case added" in await answer.text()) == (200, True)
    case = service.stores.golden.cases("support")[-1]
    assert case.expectation["value"] == "<b>14 days</b>"
