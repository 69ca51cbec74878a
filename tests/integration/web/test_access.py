"""Who may do what: roles, sessions, forged requests, a trusted proxy; and what is written down of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_network

import aiohttp
import pytest

from monitor.config import Role, TrustedProxy
from tests.integration.web import serving
from tests.integration.web.story import trouble
from tests.integration.web.test_pages import log_in

pytestmark = pytest.mark.integration

ACTS = (
    ("/api/deployments/support/rollback", {"reason": "x"}),
    ("/api/deployments/support/thaw", {"reason": "x"}),
    ("/api/deployments/support/share", {"reason": "x"}),
    ("/api/adapters", {"family": "support", "path": "/x"}),
    ("/api/adapters/support@v1/promote", {"reason": "x", "force": True}),
    ("/api/adapters/support@v1/quarantine", {"reason": "x"}),
    ("/api/adapters/support@v0/release", {"reason": "x"}),
    ("/api/golden/support/run", {}),
    ("/api/golden/support/try", {"version": "support@v1"}),
    ("/api/golden/from-exchange", {"exchange": "chatcmpl-1", "corrected": "x"}),
)
PAGE_ACTS = (
    "/rollback",
    "/golden-case",
    "/versions/promote",
    "/versions/quarantine",
    "/versions/release",
    "/policy/support/check",
    "/policy/support",
    "/audit/verify",
)


def refused(service: serving.Service) -> list[tuple[str, str]]:
    """Return who was refused and why, newest first, as the audit log has it."""
    rows = service.stores.audit.newest(50)
    return [(row.actor, row.subject) for row in rows if row.action == "access.refused"]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def browser(service: serving.Service) -> AsyncIterator[aiohttp.ClientSession]:
    """Yield a client with cookies of its own."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(service.url, cookie_jar=jar) as client:
        yield client


async def test_a_viewers_token_looks_and_does_nothing(stranger, service) -> None:
    """Every act of the API answers 403, changes nothing, and stands in the audit log."""
    vera = bearer(serving.VIEWER_TOKEN)
    async with stranger.get("/api/overview", headers=vera) as answer:
        assert answer.status == 200
    for path, body in ACTS:
        async with stranger.post(path, json=body, headers=vera) as answer:
            said = await answer.json()
        assert (answer.status, said["error"]["type"]) == (403, "forbidden"), path
    async with stranger.put("/api/golden/support", data="{}", headers=vera) as answer:
        assert answer.status == 403
    assert service.stores.deployments.ensure("support").epoch == 4
    assert set(refused(service)) == {("vera", "role")}


async def test_a_viewers_session_does_nothing_either(stranger, service) -> None:
    """Buttons are not on their pages, and what those would send is refused."""
    csrf = {"X-CSRF-Token": await log_in(stranger, serving.VIEWER_TOKEN)}
    for path in ("/deployments/support", "/adapters/support@v1", "/audit", "/policy/support"):
        async with stranger.get(path) as answer:
            page = await answer.text()
        assert answer.status == 200
        for button in ("Roll back…", "Promote…", "Verify", "Save", "Make it a golden case"):
            assert button not in page, (path, button)
    for path in PAGE_ACTS:
        async with stranger.post(path, data={"reason": "x"}, headers=csrf) as answer:
            assert answer.status == 403, path
    assert set(refused(service)) == {("vera", "role")}
    async with stranger.post("/logout", headers=csrf) as answer:
        assert answer.status == 200


async def test_an_operator_acts_and_changes_no_policy(stranger, service) -> None:
    """Policies need an administrator."""
    csrf = {"X-CSRF-Token": await log_in(stranger, serving.OPERATOR_TOKEN)}
    form = {"text": "margin: 0.5", "reason": "x", "replacing": ""}
    async with stranger.post("/policy/support", data=form, headers=csrf) as answer:
        assert answer.status == 403
    async with stranger.post("/policy/support/check", data=form, headers=csrf) as answer:
        assert answer.status == 200
    assert service.policy.read_text() == serving.POLICY
    assert refused(service) == [("olga", "role")]


async def test_nobody_does_anything_without_a_token(stranger, service) -> None:
    """Neither a missing nor a wrong token opens anything, and both are written down."""
    for path, body in ACTS:
        async with stranger.post(path, json=body) as answer:
            assert answer.status == 401, path
    async with stranger.get("/api/overview", headers=bearer("guess")) as answer:
        assert answer.status == 401
    async with stranger.post("/login", data={"token": "guess"}) as answer:
        assert answer.status == 401
    for path in PAGE_ACTS:
        async with stranger.post(path, data={}, allow_redirects=False) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, "/login"), path
    assert service.stores.deployments.ensure("support").epoch == 4
    assert set(refused(service)) == {("stranger", "no token"), ("stranger", "wrong token")}


async def test_a_forged_or_anothers_csrf_token_is_refused(stranger, service) -> None:
    """The CSRF token of another open session is worth no more than a guess."""
    await log_in(stranger)
    async with browser(service) as other:
        anothers = await log_in(other)
    for csrf in ("", "guess", anothers):
        headers = {"X-CSRF-Token": csrf}
        path, body = ACTS[0]
        async with stranger.post(path, json=body, headers=headers) as answer:
            assert answer.status == 401
        async with stranger.post(
            "/rollback", data={"reason": "x"}, headers=headers, allow_redirects=False
        ) as answer:
            assert answer.status == 303
    assert service.stores.deployments.ensure("support").epoch == 4
    assert refused(service) == [("ada", "forged request")] * 6


async def test_a_forged_session_is_refused(stranger, service) -> None:
    """A cookie that this service has not signed opens nothing."""
    stranger.cookie_jar.update_cookies({"backstop_session": "someone.0" * 8})
    async with stranger.get("/", allow_redirects=False) as answer:
        assert answer.status == 303
    path, body = ACTS[0]
    async with stranger.post(path, json=body) as answer:
        assert answer.status == 401
    assert refused(service) == [("stranger", "unknown session")]


async def test_many_refusals_fill_no_table(stranger, service) -> None:
    """Of a hundred wrong tokens ten are written down."""
    for _ in range(100):
        async with stranger.get("/api/overview", headers=bearer("guess")) as answer:
            assert answer.status == 401
    assert len(refused(service)) == 10


@pytest.mark.parametrize(
    ("headers", "secure"), [({}, False), ({"X-Forwarded-Proto": "https"}, True)]
)
async def test_the_cookie_is_secure_behind_tls(stranger, headers, secure) -> None:
    """A browser that spoke TLS to a proxy never sends the cookie in the clear."""
    async with stranger.post(
        "/login", data={"token": serving.TOKEN}, headers=headers, allow_redirects=False
    ) as answer:
        cookie = answer.headers["Set-Cookie"].lower()
    assert ("secure" in cookie) is secure
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


PROXY = TrustedProxy(
    header="X-Forwarded-User",
    networks=(ip_network("127.0.0.0/8"),),
    roles={"ada@example.org": Role.OPERATOR, "*": Role.VIEWER},
)


async def test_a_trusted_proxy_says_who_asks(stores) -> None:
    """The person has the role of their name, without a login; and acts need their CSRF token."""
    trouble(stores, serving.now())
    with serving.serve(stores, PROXY) as service:
        async with browser(service) as client:
            ada = {"X-Forwarded-User": "ada@example.org"}
            async with client.get("/", headers=ada) as answer:
                page = await answer.text()
            assert "ada@example.org" in page
            path, body = ACTS[0]
            async with client.post(path, json=body, headers=ada) as answer:
                assert answer.status == 401
            csrf = page.partition('"X-CSRF-Token": "')[2].partition('"')[0]
            for name, status in (("someone@example.org", 401), ("ada@example.org", 200)):
                headers = {"X-Forwarded-User": name, "X-CSRF-Token": csrf}
                async with client.post(path, json=body, headers=headers) as answer:
                    assert answer.status == status
        assert stores.incidents.list("support")[0].actor == "ada@example.org"


async def test_the_header_counts_from_nowhere_else(stores) -> None:
    """From an address outside of the networks the header is nothing; nor can anybody be the service."""
    trouble(stores, serving.now())
    far = TrustedProxy(networks=(ip_network("10.9.0.0/16"),), roles={"*": Role.ADMIN})
    spoofed = {
        "X-Forwarded-User": "ada",
        "X-Forwarded-For": "10.9.0.1",
        "X-Backstop-Peer": "10.9.0.1",
    }
    with serving.serve(stores, far) as service:
        assert await _overview(service, spoofed) == 401
    with serving.serve(stores, PROXY) as service:
        assert await _overview(service, {"X-Forwarded-User": "backstop"}) == 403
    row = stores.audit.newest(1)[0]
    assert (row.actor, row.subject) == ("stranger", "unknown person")
    assert row.payload["claimed"] == "backstop"


async def _overview(service: serving.Service, headers: dict[str, str]) -> int:
    async with browser(service) as client, client.get("/api/overview", headers=headers) as answer:
        return answer.status
