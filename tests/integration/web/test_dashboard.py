"""The dashboard in a real browser: every page, and every act on them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from monitor.ports.stores import Stores
from rollback.versions import VersionState
from tests.integration.storage.builders import record
from tests.integration.web import browsing, serving
from tests.integration.web.browsing import PHONE, Visit, keep, playwright
from tests.integration.web.golden_story import RUN, golden_run
from tests.integration.web.hostile_story import hostile
from tests.integration.web.story import HOSTILE, V0, V2, answer, trouble
from tests.integration.web.test_every_page import INCIDENT, PAGES

pytestmark = browsing.MARKS

_NAMES = {"/": "dashboard", f"/golden/{RUN}": "golden-run", f"/incidents/{INCIDENT}": "incident"}
expect = playwright.expect
expect.set_options(timeout=20_000)  # of a machine that has much else to do


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """One browser for all tests."""
    with browsing.chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def shown(shared_stores: Stores) -> Iterator[serving.Service]:
    """A service to look at, with words that are made to do harm in every field."""
    trouble(shared_stores, serving.now())
    golden_run(shared_stores, serving.now())
    hostile(shared_stores, serving.now())
    with serving.serve(shared_stores) as running:
        yield running


@pytest.mark.parametrize("look", ["light", "dark-phone"])
def test_every_page_can_be_used_by_everybody(browser, shown, look) -> None:
    """axe-core finds no violation, nothing scrolls sideways, and nothing is asked of anybody else."""
    axe = browsing.axe_source()
    context = {"viewport": PHONE, "color_scheme": "dark"} if look == "dark-phone" else {}
    visit = Visit(browser, shown, **context)
    for path in PAGES:
        page = visit.open(path)
        if path == "/deployments/support":
            page.wait_for_selector("#charts canvas")
            page.wait_for_selector("#curve canvas")
        assert browsing.violations(page, axe) == [], path
        width = page.viewport_size["width"]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        keep(page, f"{_NAMES.get(path, re.sub(r'[^a-z]+', '-', path).strip('-'))}-{look}")
    visit.close()


def test_words_of_others_do_nothing_on_any_page(browser, shown) -> None:
    """No element came of a text, no line is endless, and the titles are the pages' own."""
    visit = Visit(browser, shown)
    for path in (*PAGES, "/exchanges?text=script", "/exchanges/chatcmpl-5000", "/audit?actor=ada"):
        page = visit.open(path)
        assert page.locator("main img, main script, main iframe, main style").count() == 0, path
        assert page.title().endswith("Backstop"), path
        assert len(page.content()) < 600_000, path
        steering = page.evaluate("/[\\u001b\\u202e\\u2066\\u200f]/.test(document.body.innerText)")
        assert steering is False, path
    visit.close()


def test_answers_are_found_and_told_why(browser, shown) -> None:
    """By keyboard alone: choose, find, open, see why; and go back."""
    visit = Visit(browser, shown)
    page = visit.open("/exchanges")
    page.get_by_label("Verdict").select_option("fail")
    page.get_by_label("Flagged for").fill("valid json")
    page.keyboard.press("Enter")
    page.wait_for_url("**finding=valid+json**")
    rows = page.locator("#answers > ul > li")
    expect(rows).to_have_count(10)
    for row in rows.all():
        expect(row).to_contain_text("answer is no valid JSON")
    rows.first.locator("summary").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Why this verdict").first.click()
    expect(page.locator("#why")).to_contain_text("answer is no valid JSON")
    expect(page.locator("#signals tbody tr")).to_have_count(1)
    visit.open("/exchanges?text=no-such-word")
    expect(page.locator("#answers")).to_contain_text("No such answer is on record.")
    visit.close()


def test_long_lists_go_on_by_links(browser, shown) -> None:
    """Every answer is on one of the pages, the next one begins where this one ends."""
    visit = Visit(browser, shown)
    page = visit.open("/exchanges?deployment=support")
    seen = page.locator("#answers > ul > li").count()
    page.get_by_role("link", name="Older").click()
    page.wait_for_url("**after=**")
    seen += page.locator("#answers > ul > li").count()
    assert seen == shown.stores.exchanges.exposure("support", 4) + 40
    page.get_by_role("link", name="Newer").click()
    page.wait_for_url(re.compile("exchanges.deployment=support$"))
    visit.close()


def test_a_policy_is_checked_with_its_lines(browser, shown) -> None:
    """Before anything is saved."""
    visit = Visit(browser, shown, serving.OPERATOR_TOKEN)
    page = visit.open("/policy/support")
    expect(page.get_by_role("button", name="Save")).to_have_count(0)
    page.get_by_label("Policy", exact=True).fill("margin: 0.1\nmax_rolbacks: 3\n")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_contain_text("Line 2:")
    expect(page.locator("#outcome")).to_contain_text("did you mean 'max_rollbacks'")
    page.get_by_label("Policy", exact=True).fill("margin: 0.1\n")
    page.get_by_role("button", name="Check").click()
    expect(page.locator("#outcome")).to_have_text("This policy can be used.")
    visit.close()


def test_an_operator_rolls_back_after_being_asked(browser, service) -> None:
    """The button asks, Escape and Cancel do nothing, the answer is done, and the page shows it."""
    visit = Visit(browser, service)
    page = visit.open()
    expect(page.locator("#status h1")).to_have_text("Suspicion")
    page.get_by_role("link", name="support", exact=True).click()
    dialog = page.get_by_role("dialog")
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: dialog.get_by_role("button", name="Cancel").click(),
    ):
        page.get_by_role("button", name="Roll back…").click()
        expect(dialog).to_contain_text("Roll back support?")
        leave()
        expect(dialog).to_be_hidden()
    assert service.stores.deployments.ensure("support").epoch == 4
    page.get_by_role("button", name="Roll back…").click()
    dialog.get_by_label("Reason").fill("customers complain")
    keep(page, "rollback-dialog", whole=False)
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_contain_text("support@v1 serves support again")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#status h1")).to_have_text("support: Rolled back to support@v1")
    expect(page.locator("#incidents")).to_contain_text("customers complain")
    expect(page.get_by_role("button", name="Roll back…")).to_be_focused()
    incident = service.stores.incidents.list("support")[0]
    assert (incident.actor, incident.reason) == ("ada", "customers complain")
    visit.close()


def test_an_operator_moves_versions(browser, service) -> None:
    """Release, promote (the gate refuses, force passes it) and quarantine, each with a reason."""
    visit = Visit(browser, service, serving.OPERATOR_TOKEN)
    page = visit.open("/adapters")
    page.get_by_role("link", name="support@v0").click()
    dialog = page.get_by_role("dialog")
    badge = page.locator("h1 .badge")

    def act(name: str, reason: str) -> None:
        page.get_by_role("button", name=f"{name}…").click()
        dialog.get_by_label("Reason").fill(reason)
        dialog.get_by_role("button", name=name).click()

    def done(title: str, state: str) -> None:
        expect(dialog.locator("h2")).to_have_text(title)
        dialog.get_by_role("button", name="Close").click()
        expect(badge).to_have_text(state)

    act("Release", "mended upstream")
    done("Released", "verified")
    act("Promote", "let us see")
    expect(dialog.get_by_role("alert")).to_contain_text("v2 answers worse than v1.")
    expect(dialog.get_by_label("Reason")).to_have_value("let us see")
    dialog.get_by_label("Pass the golden gate by force").check()
    dialog.get_by_role("button", name="Promote").click()
    done("Promoted", "active")
    visit.open(f"/adapters/{V2}")
    act("Quarantine", "it was worse")
    done("In quarantine", "quarantined")
    expect(page.locator("#acts")).to_contain_text("it was worse")
    # The gate's refusal is an answer with 409, which the browser notes as an error of the network.
    assert all("409" in trouble for trouble in visit.troubles)
    visit.troubles.clear()
    visit.close()
    states = {each.name: each.state for each in service.stores.registry.versions()}
    assert (states[V0], states[V2]) == (VersionState.ACTIVE, VersionState.QUARANTINED)


def test_an_admin_changes_a_policy_and_verifies_the_trail(browser, service) -> None:
    """The file is written, the page says when it counts, and the change is a row of the chain."""
    visit = Visit(browser, service)
    page = visit.open("/policy/support")
    page.get_by_label("Policy", exact=True).fill("margin: 0.2\n")
    page.get_by_label("Reason").fill("ticket 7")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#outcome")).to_contain_text("once it has been started again")
    assert service.policy.read_text() == "margin: 0.2\n"
    page.get_by_role("link", name="Show it").click()
    expect(page.locator("#changes")).to_contain_text("ticket 7")
    expect(page.get_by_role("note")).to_contain_text("start the service again")
    visit.open("/audit?action=policy")
    expect(page.locator("#audit .acts > li")).to_have_count(1)
    page.get_by_role("button", name="Verify").click()
    expect(page.locator("#verified")).to_contain_text("Intact")
    visit.close()


def test_an_answer_becomes_a_golden_case(browser, service) -> None:
    """From its own page, with what it should have been."""
    golden_run(service.stores, serving.now())
    visit = Visit(browser, service)
    page = visit.open("/exchanges/chatcmpl-1")
    page.get_by_role("button", name="Make it a golden case…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What the answer should have been").fill("We give it back.")
    dialog.get_by_role("button", name="Add the case").click()
    expect(dialog).to_contain_text("Case added")
    assert service.stores.golden.cases("support")[-1].id == "exchange-chatcmpl-1"
    visit.close()


def test_a_page_is_told_of_what_is_new(browser, service) -> None:
    """By the stream, without asking every few seconds; what a person has opened stays open."""
    visit = Visit(browser, service)
    page = visit.open("/deployments/support")
    page.wait_for_selector("#curve canvas")
    page.locator("#answers summary").first.click()
    record(service.stores, answer(9000, serving.now(), "brand new"), keep_text=True)
    expect(page.locator("#answers")).to_contain_text("brand new")
    expect(page.locator("#answer-text-chatcmpl-49")).to_have_attribute("open", "")
    expect(page.locator("#curve canvas")).to_have_count(1)
    visit.close()


def test_a_page_asks_by_itself_where_no_stream_goes_through(browser, service) -> None:
    """Some proxies let none pass."""
    visit = Visit(browser, service)
    visit.page.route("**/events", lambda route: route.fulfill(status=503, body=""))
    page = visit.open()
    service.operations.components["engine"] = "away"
    record(service.stores, answer(9000, serving.now(), "brand new"))
    with page.expect_response(lambda response: response.url == f"{service.url}/"):
        pass
    assert all("503" in trouble for trouble in visit.troubles)


def test_the_page_says_when_it_has_become_old(browser, stores) -> None:
    """When the service is gone the page says that what it shows is old."""
    trouble(stores, serving.now())
    with serving.serve(stores) as service:
        page = Visit(browser, service).open()
        expect(page.locator("#connection")).to_be_hidden()
    expect(page.locator("#connection")).to_be_visible()


def test_the_first_deployment_appears_by_itself(browser, stores) -> None:
    """A page opened before anything is deployed shows it as soon as there is one."""
    with serving.serve(stores) as service:
        visit = Visit(browser, service)
        page = visit.open()
        expect(page.locator("#status h1")).to_have_text("Nothing is deployed yet")
        trouble(stores, serving.now())
        expect(page.locator("#deployments h2")).to_have_text("support")
        visit.close()


def test_a_person_logs_in_and_out(browser, service) -> None:
    """A wrong token is told so, with where the right one is; after logging out nothing is shown."""
    visit = Visit(browser, service, None)
    page = visit.open()
    page.get_by_label("Operator token").fill("guess")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("This is no operator's token.")
    expect(page.locator("form")).to_contain_text("/var/lib/backstop/operator-token")
    assert browsing.violations(page, browsing.axe_source()) == []
    page.get_by_label("Operator token").fill(serving.VIEWER_TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".who")).to_have_text("vera viewer")
    page.get_by_role("link", name="support", exact=True).click()
    expect(page.get_by_role("button", name="Roll back…")).to_have_count(0)
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto(service.url)
    expect(page).to_have_url(re.compile("/login$"))
    assert all("401" in trouble for trouble in visit.troubles)


def test_a_golden_run_is_read_case_by_case(browser, shown) -> None:
    """What broke stands open with both answers, and is inert."""
    visit = Visit(browser, shown)
    page = visit.open("/golden")
    page.locator("#golden-runs a").first.click()
    expect(page.locator("#verdict h1")).to_have_text("support: support@v2 FAIL against support@v1")
    expect(page.locator("#cases ins").first).to_have_text("14")
    expect(page.locator("#cases del").first).to_have_text("30")
    expect(page.locator("#cases .case").nth(1)).to_contain_text(HOSTILE)
    page.get_by_role("link", name="Better").click()
    expect(page.locator("#cases .case")).to_have_count(1)
    visit.close()
