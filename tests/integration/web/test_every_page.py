"""Every page, as a browser's requests see it."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from tests.integration.web import serving
from tests.integration.web.golden_story import RUN, golden_run
from tests.integration.web.story import V0, V2
from tests.integration.web.test_pages import log_in

pytestmark = pytest.mark.integration

INCIDENT = "6f2a1c4e-0f6f-4d0e-9c38-5d0c6f1f7a10"
PAGES = (
    "/",
    "/deployments/support",
    "/exchanges",
    "/exchanges/chatcmpl-1",
    "/golden",
    f"/golden/{RUN}",
    "/incidents",
    f"/incidents/{INCIDENT}",
    "/adapters",
    f"/adapters/{quote(V2)}",
    f"/adapters/{quote(V0)}",
    "/policy",
    "/policy/support",
    "/audit",
    "/system",
)
VERSION_ACTS = ("promote", "quarantine", "release")


async def test_every_page_is_there_and_runs_nothing_inline(stranger, service) -> None:
    """No inline script, style or handler stands in any page, and nothing is asked of another host."""
    golden_run(service.stores, serving.now())
    await log_in(stranger)
    for path in PAGES:
        async with stranger.get(serving.raw(stranger, path)) as answer:
            page = await answer.text()
        assert answer.status == 200, f"{path}: {page}"
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=\"", page), path
        assert not re.search(r"(?:src|href|action)=\"(?!/|\?|#)", page), path
        assert "<title>" in page
