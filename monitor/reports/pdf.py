"""A report's page as PDF, by the system's Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from monitor.errors import Unavailable

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_LIMIT_S = 120.0


def chromium() -> Path:
    """Return where the system's Chromium is. Raises `Unavailable`, saying what to do."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        raise Unavailable(
            "PDF needs Chromium, and there is none on PATH; install it (apt-get install chromium), "
            "or print the HTML report from a browser"
        )
    return Path(found)


def printed(page: str) -> bytes:
    """Return a page that stands alone as PDF. Blocks for some seconds.

    The browser has an empty profile of its own and no way to the network.

    Raises:
        Unavailable: if there is no Chromium, or it prints nothing.
    """
    browser = chromium()
    with tempfile.TemporaryDirectory(prefix="backstop-pdf-") as folder:
        source, target = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8")
        try:
            done = subprocess.run(
                [
                    str(browser),
                    *_switches(Path(folder)),
                    f"--print-to-pdf={target}",
                    source.as_uri(),
                ],
                capture_output=True,
                timeout=_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Unavailable(f"{browser} printed no PDF: {error}") from error
        if not target.exists():
            said = done.stderr.decode(errors="replace").strip()[-300:]
            raise Unavailable(f"{browser} printed no PDF: {said or 'it gave no reason'}")
        return target.read_bytes()


def _switches(folder: Path) -> list[str]:
    switches = [
        "--headless",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--no-pdf-header-footer",
        "--proxy-server=127.0.0.1:9",  # the discard port: nothing leaves
        f"--user-data-dir={folder / 'profile'}",
    ]
    # Chromium's sandbox refuses root; the page is ours, and carries no script.
    return [*switches, "--no-sandbox"] if os.geteuid() == 0 else switches
