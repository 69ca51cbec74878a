"""A report in a real browser, and printed by one."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.errors import Unavailable
from monitor.ports.stores import Stores
from monitor.reports import pdf
from monitor.reports.data import fleet
from monitor.reports.period import Period
from monitor.reports.render import Format, render
from monitor.reports.words import Language
from tests.integration.web.browsing import MARKS, chromium, keep
from tests.integration.web.story import trouble

pytestmark = MARKS


@pytest.fixture
def page_of(stores: Stores) -> dict[Language, str]:
    """The fleet's report of a day with trouble, in each language."""
    now = datetime.now(UTC)
    trouble(stores, now)
    period = Period.ending(now, timedelta(days=1))
    report = fleet(stores, stores.deployments.all(), period)
    return {each: render(report, Format.HTML, each) for each in Language}


def test_a_page_opens_from_a_file_and_asks_for_nothing(
    page_of: dict[Language, str], tmp_path: Path
) -> None:
    """No error on the console, no request but the file itself, and its picture is drawn."""
    with chromium() as browser:
        for language, text in page_of.items():
            file = tmp_path / f"{language.value}.html"
            file.write_text(text, encoding="utf-8")
            troubles: list[str] = []
            requests: list[str] = []
            page = browser.new_page(color_scheme="dark")
            page.on("console", lambda message, told=troubles: told.append(message.text))
            page.on("pageerror", lambda error, told=troubles: told.append(str(error)))
            page.on("request", lambda request, told=requests: told.append(request.url))
            page.goto(file.as_uri(), wait_until="load")
            keep(page, f"report-{language.value}")
            abroad = [url for url in requests if not url.startswith(("data:", file.as_uri()))]
            assert (troubles, abroad) == ([], [])
            assert page.locator("img").first.evaluate("picture => picture.naturalWidth") > 0
            assert page.title() != "owned"


def test_a_pdf_has_pages_and_text(page_of: dict[Language, str], tmp_path: Path) -> None:
    """Chromium prints it; its text can be found where a tool to read PDFs is installed."""
    printed = pdf.printed(page_of[Language.EN])
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 1
    assert b"/Font" in printed
    if shutil.which("pdftotext"):
        file = tmp_path / "report.pdf"
        file.write_bytes(printed)
        told = subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True, text=True)
        assert "What to do now" in told.stdout


def test_without_chromium_a_pdf_is_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names what to install, and what to do instead."""
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Unavailable, match="install it"):
        pdf.printed("<p>")
