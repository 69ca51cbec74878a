"""Looking at pages in a real browser, and noting what goes wrong on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import util
from pathlib import Path

import pytest

from tests.integration.web import serving

playwright = pytest.importorskip("playwright.sync_api", reason="needs Playwright")

CHROMIUM = Path(os.environ.get("BACKSTOP_CHROMIUM", "/usr/bin/chromium"))
PICTURES = Path(__file__).parents[3] / ".artefacts"
LAPTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

MARKS = [
    pytest.mark.integration,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"needs a Chromium at {CHROMIUM}"),
]


@contextmanager
def chromium() -> Iterator[playwright.Browser]:
    """Yield a browser without a sandbox, as tests may run as root."""
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
    """A window on a service, with everything that went wrong or abroad in it."""

    def __init__(
        self,
        browser: playwright.Browser,
        service: serving.Service,
        token: str | None = serving.TOKEN,
        **context: object,
    ) -> None:
        self.url = service.url
        self.troubles: list[str] = []
        self.page = browser.new_context(**{"viewport": LAPTOP, **context}).new_page()
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self._on_request(request, service.url))
        if token is not None:
            self.page.context.request.post(f"{service.url}/login", form={"token": token})

    def open(self, path: str = "/") -> playwright.Page:
        """Open a page and wait until it is there."""
        self.page.goto(self.url + path, wait_until="load")
        return self.page

    def close(self) -> None:
        """Close the window, and fail for what went wrong in it."""
        self.page.context.close()
        assert self.troubles == []

    def _on_console(self, message: playwright.ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.troubles.append(f"{message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: playwright.Request, home: str) -> None:
        if not request.url.startswith((home, "data:")):
            self.troubles.append(f"request to {request.url}")


def keep(page: playwright.Page, name: str, *, whole: bool = True) -> None:
    """Keep a picture of a page among the test's artefacts."""
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=whole)


def axe_source() -> str:
    """Return axe-core's script, or skip the test if the package that brings it is not installed."""
    found = util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("needs axe-playwright-python, one of the development dependencies")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def violations(page: playwright.Page, axe: str) -> list[str]:
    """Return what axe-core finds wrong with a page: rule and element."""
    page.evaluate(axe)  # through the debugger: the page's own policy would let no script in
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:160]} {node.get('failureSummary', '')}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
