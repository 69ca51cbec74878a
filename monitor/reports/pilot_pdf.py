"""Prints a page as PDF with the system's Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from monitor.errors import BadRequest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LIMIT = 120  # seconds


def browser() -> str | None:
    """Return the path of a Chromium: `BACKSTOP_CHROMIUM`, else the first one on the path."""
    named = os.environ.get("BACKSTOP_CHROMIUM")
    return named or next((found for name in _NAMES if (found := shutil.which(name))), None)


def print_page(page: Path, pdf: Path) -> None:
    """Print an HTML file as PDF. Raises `BadRequest` if there is no Chromium, or it fails."""
    command = browser()
    if command is None:
        raise BadRequest("no Chromium was found to print the PDF; install one, or say --no-pdf")
    with tempfile.TemporaryDirectory() as profile:
        switches = [
            "--headless",
            "--disable-gpu",
            "--no-sandbox",  # it opens our own page alone, and may run as root
            "--no-pdf-header-footer",
            f"--user-data-dir={profile}",
            f"--print-to-pdf={pdf.resolve()}",
        ]
        try:
            subprocess.run(
                [command, *switches, page.resolve().as_uri()],
                check=True,
                capture_output=True,
                timeout=_LIMIT,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise BadRequest(f"{command} could not print {page}: {error}") from error
    if not pdf.exists():
        raise BadRequest(f"{command} printed no {pdf}")
