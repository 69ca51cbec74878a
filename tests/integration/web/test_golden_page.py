"""Where people look at a golden run: the page, the API and JUnit."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from tests.integration.web import serving
from tests.integration.web.golden_story import RUN, golden_run
from tests.integration.web.story import V2
from tests.integration.web.test_pages import log_in

pytestmark = pytest.mark.integration

RUNS = "/api/golden/support/runs"


@pytest.fixture(autouse=True)
def run(service) -> None:
    """A run of v2 against v1 is on record."""
    golden_run(service.stores, serving.now())


async def _page(client, query: str = "") -> str:
    async with client.get(f"/golden/{RUN}{query}") as answer:
        assert answer.status == 200
        return await answer.text()


def _cases(page: str) -> list[str]:
    return re.findall(r"<b>(case-\d)</b>", page)


async def test_the_page_says_the_verdict_and_shows_what_broke_first(stranger) -> None:
    """Critical failures lead, then cases that broke, then those that were mended."""
    await log_in(stranger)
    page = await _page(stranger)
    assert "support@v2 FAIL against support@v1" in page
    assert "2 of 3</b> answers that were right are wrong now" in page
    assert "Critical cases failed: case-0" in page
    assert _cases(page) == ["case-0", "case-3", "case-2", "case-1"]


async def test_both_answers_stand_side_by_side_with_what_changed(stranger) -> None:
    """The words that went and those that came are marked."""
    await log_in(stranger)
    page = await _page(stranger)
    assert "Yes, within <del>30</del> days." in page
    assert "Yes, within <ins>14</ins> days." in page


@pytest.mark.parametrize(
    ("query", "cases"),
    [
        ("?show=worse", ["case-0", "case-3"]),
        ("?show=better", ["case-2"]),
        ("?show=same", ["case-1"]),
        ("?show=critical", ["case-0"]),
        ("?show=flaky", ["case-2"]),
        ("?show=changed&slice=prices", ["case-3", "case-2"]),
        ("?slice=none", []),
    ],
)
async def test_people_choose_the_cases(stranger, query, cases) -> None:
    """By what became of them, and by slice; a critical failure is always among what got worse."""
    await log_in(stranger)
    assert _cases(await _page(stranger, query)) == cases


async def test_words_of_models_are_inert(stranger) -> None:
    """Markup in a prompt and an answer is text, and no script or style stands in the page."""
    await log_in(stranger)
    page = await _page(stranger)
    assert "<img src=x" not in page
    assert "&lt;" in page
    assert not re.search(r"<style|\sstyle=|<script(?! defer src=\"/static/)|\son\w+=\"", page)


async def test_a_run_without_figures_has_a_page(stranger) -> None:
    """Such a run is going on, or broke off before anything was graded."""
    await log_in(stranger)
    async with stranger.get("/golden/run-gate") as answer:
        assert answer.status == 200
        assert "No such case." in await answer.text()


async def test_the_deployments_page_leads_to_its_runs(stranger) -> None:
    """Newest first."""
    await log_in(stranger)
    async with stranger.get("/deployments/support") as answer:
        links = re.findall(r'href="/golden/([^"]+)"', await answer.text())
    assert links == [RUN, "run-gate"]


async def test_the_page_needs_a_session_and_a_run(stranger) -> None:
    """A stranger is sent to the login; an unknown run is not found."""
    async with stranger.get(f"/golden/{RUN}", allow_redirects=False) as answer:
        assert answer.status == 303
    await log_in(stranger)
    async with stranger.get("/golden/none") as answer:
        assert answer.status == 404


@pytest.mark.parametrize("name", [RUN, RUN[:8]])
async def test_the_api_tells_a_run_case_by_case(operator, name) -> None:
    """By its id, or by how it begins."""
    async with operator.get(f"{RUNS}/{name}") as answer:
        report = await answer.json()
    assert (report["run"]["id"], report["run"]["verdict"]) == (RUN, "fail")
    assert [case["flip"] for case in report["cases"]] == ["broken", "broken", "fixed", "same"]
    worst = report["cases"][0]
    assert (worst["expected"], worst["is_refused"]) == ("Yes, within 30 days.", True)
    assert worst["subject"]["output"] == "Yes, within 14 days."


@pytest.mark.parametrize("path", [f"{RUNS}/none", f"/api/golden/other/runs/{RUN}"])
async def test_a_run_that_the_deployment_does_not_have_is_not_found(operator, path) -> None:
    """Also one of another deployment."""
    async with operator.get(path) as answer:
        assert answer.status == 404


async def test_the_api_writes_junit(operator) -> None:
    """A document that any XML parser reads."""
    async with operator.get(f"{RUNS}/{RUN}?format=junit") as answer:
        assert answer.content_type == "application/xml"
        suite = ElementTree.fromstring(await answer.text())
    assert (suite.get("tests"), suite.get("failures")) == ("5", "3")


async def test_a_version_is_tried_without_being_promoted(operator, service) -> None:
    """The answer is the run, and the pointer stays."""
    async with operator.post("/api/golden/support/try", json={"version": "support@v2"}) as answer:
        tried = await answer.json()
    assert (tried["subject"], tried["verdict"]) == (V2, "fail")
    assert service.stores.deployments.ensure("support").epoch == 4
