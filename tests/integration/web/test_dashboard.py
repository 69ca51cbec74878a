"""The dashboard in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.web import serving
from tests.integration.web.golden_story import RUN, golden_run
from tests.integration.web.story import HOSTILE, trouble

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")

CHROMIUM = Path(os.environ.get("BACKSTOP_CHROMIUM", "/usr/bin/chromium"))
PICTURES = Path(__file__).parents[3] / ".artefacts"
_WHOLE = ("dashboard.png", "golden-run.png")

pytestmark = [
    pytest.mark.integration,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a Chromium at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[playwright.Browser]:
    """Return a browser without a sandbox, as tests may run as root."""
    switches = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
    ]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=switches)
        yield browser
        browser.close()


class Visit:
    """A page of a service, with everything that went wrong or abroad on it."""

    def __init__(self, browser: playwright.Browser, service: serving.Service, **context) -> None:
        self.troubles: list[str] = []
        self.page = browser.new_context(**context).new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self._on_request(request, service.url))
        self.page.goto(service.url)

    def log_in(self) -> playwright.Page:
        self.page.get_by_label("Operator token").fill(serving.TOKEN)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector("#curve canvas")
        return self.page

    def _on_console(self, message: playwright.ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(message.text)

    def _on_request(self, request: playwright.Request, home: str) -> None:
        if not request.url.startswith((home, "data:")):
            self.troubles.append(f"request to {request.url}")


def test_an_operator_rolls_back_after_being_asked(browser, service) -> None:
    """The button asks, the answer is done and told, and the board shows it by itself."""
    visit = Visit(browser, service, viewport={"width": 1280, "height": 900})
    page = visit.log_in()
    expect = playwright.expect
    expect(page.locator("#status h1")).to_have_text("Suspicion")
    expect(page.locator("#deployments")).to_contain_text("support@v2")
    _keep(page, "dashboard.png")

    page.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Roll back support?")
    dialog.get_by_label("Reason").fill("customers complain")
    _keep(page, "rollback-dialog.png")
    dialog.get_by_role("button", name="Roll back").click()
    expect(dialog).to_contain_text("support@v1 serves support again")
    expect(dialog.get_by_role("button", name="Close")).to_be_focused()
    page.keyboard.press("Enter")

    expect(dialog).to_be_hidden()
    expect(page.locator("#status h1")).to_have_text("Rolled back to support@v1")
    expect(page.locator("#incidents")).to_contain_text("customers complain")
    expect(page.get_by_role("button", name="Roll back…")).to_be_focused()
    incident = service.stores.incidents.list("support")[0]
    assert (incident.actor, incident.reason) == ("ada", "customers complain")
    assert visit.troubles == []
    _keep(page, "rolled-back.png")


def test_cancelling_changes_nothing(browser, service) -> None:
    """Escape and Cancel close the dialog, and nobody is asked to roll back."""
    visit = Visit(browser, service)
    page = visit.log_in()
    for leave in (
        lambda: page.keyboard.press("Escape"),
        lambda: page.get_by_role("button", name="Cancel").click(),
    ):
        page.get_by_role("button", name="Roll back…").click()
        playwright.expect(page.get_by_role("dialog")).to_be_visible()
        leave()
        playwright.expect(page.get_by_role("dialog")).to_be_hidden()
    assert service.stores.deployments.ensure("support").epoch == 4
    assert visit.troubles == []


def test_answers_of_models_are_inert(browser, service) -> None:
    """Markup in an answer is shown as text and never runs, also after the board was swapped."""
    visit = Visit(browser, service)
    page = visit.log_in()
    with page.expect_response(lambda response: "/board" in response.url):
        pass
    playwright.expect(page.locator("#answers .line").nth(2)).to_have_text(HOSTILE)
    assert page.locator("#answers img, #answers script").count() == 0
    assert page.title() == "Backstop"
    assert visit.troubles == []


def test_a_golden_run_is_read_case_by_case(browser, service) -> None:
    """From the deployment to its run: what broke stands open with both answers, and is inert."""
    golden_run(service.stores, serving.now())
    visit = Visit(browser, service, viewport={"width": 1280, "height": 900})
    page = visit.log_in()
    page.locator("#golden-runs a").first.click()
    expect = playwright.expect
    expect(page.locator("#verdict h1")).to_have_text("support: support@v2 FAIL against support@v1")
    expect(page.locator("#cases ins").first).to_have_text("14")
    expect(page.locator("#cases del").first).to_have_text("30")
    expect(page.locator("#cases .case").nth(1)).to_contain_text(HOSTILE)
    _keep(page, "golden-run.png")
    page.get_by_role("link", name="Better").click()
    expect(page.locator("#cases .case")).to_have_count(1)
    assert page.title() == "Golden run of support · Backstop"
    assert visit.troubles == []


def test_a_golden_run_fits_a_phone(browser, service) -> None:
    """At the width of a phone nothing makes the page scroll sideways."""
    golden_run(service.stores, serving.now())
    visit = Visit(browser, service, viewport={"width": 360, "height": 780}, color_scheme="dark")
    page = visit.log_in()
    page.goto(f"{service.url}/golden/{RUN}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    _keep(page, "golden-run-phone-dark.png")


def test_an_open_answer_stays_open_while_the_board_updates(browser, service) -> None:
    """A swap of the board keeps what a person has opened."""
    visit = Visit(browser, service)
    page = visit.log_in()
    page.locator("#answers summary").first.click()
    with page.expect_response(lambda response: "/board" in response.url):
        pass
    page.wait_for_function("document.querySelector('#board:not(.htmx-request)')")
    playwright.expect(page.locator("#answers details").first).to_have_attribute("open", "")
    playwright.expect(page.locator("#answers dd").first).to_contain_text("charged twice")


def test_a_wrong_token_is_told_so(browser, service) -> None:
    """The login page says what is wrong and where the token is."""
    visit = Visit(browser, service)
    visit.page.get_by_label("Operator token").fill("guess")
    visit.page.keyboard.press("Enter")
    playwright.expect(visit.page.get_by_role("alert")).to_have_text("This is no operator's token.")
    playwright.expect(visit.page.locator("form")).to_contain_text(
        "/var/lib/backstop/operator-token"
    )


def test_logging_out_ends_the_session(browser, service) -> None:
    """After logging out the page asks for the token again."""
    visit = Visit(browser, service)
    page = visit.log_in()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto(service.url)
    playwright.expect(page).to_have_url(re.compile("/login$"))


def test_the_page_says_when_it_has_become_old(browser, stores) -> None:
    """When the service is gone the page says that what it shows is old."""
    trouble(stores, serving.now())
    with serving.serve(stores) as service:
        page = Visit(browser, service).log_in()
        playwright.expect(page.locator("#connection")).to_be_hidden()
    playwright.expect(page.locator("#connection")).to_be_visible()


def test_the_first_deployment_appears_by_itself(browser, stores) -> None:
    """A page opened before anything is deployed shows the curve as soon as there is one."""
    with serving.serve(stores) as service:
        visit = Visit(browser, service)
        visit.page.get_by_label("Operator token").fill(serving.TOKEN)
        visit.page.keyboard.press("Enter")
        playwright.expect(visit.page.locator("#status h1")).to_have_text("Nothing is deployed yet")
        trouble(stores, serving.now())
        visit.page.wait_for_selector("#curve canvas")
    assert visit.troubles == []


def test_the_page_fits_a_phone(browser, service) -> None:
    """At the width of a phone nothing makes the page scroll sideways."""
    visit = Visit(browser, service, viewport={"width": 360, "height": 780}, color_scheme="dark")
    page = visit.log_in()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    _keep(page, "dashboard-phone-dark.png")


def _keep(page: playwright.Page, name: str) -> None:
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / name, full_page="phone" in name or name in _WHOLE)
