"""`backstop report`."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import say
from monitor.errors import BadRequest


class Tongue(Enum):
    """What a report is written in."""

    EN = "en"  # means English
    JA = "ja"  # means Japanese


def report(
    deployment: Annotated[
        str | None, typer.Argument(help="Which deployment, e.g. support; all if not given")
    ] = None,
    fleet: Annotated[bool, typer.Option("--fleet", help="All deployments")] = False,
    period: Annotated[
        str, typer.Option(help="day, week, or FROM..TO like 2026-11-01..2026-11-08, in UTC")
    ] = "day",
    language: Annotated[Tongue, typer.Option(help="English or Japanese")] = Tongue.EN,
    html: Annotated[Path | None, typer.Option(help="Write the page to this file")] = None,
    pdf: Annotated[Path | None, typer.Option(help="Print it to this file, by Chromium")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown for a chat")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write a health report now; without --html and --pdf it is printed as Markdown.

    Example: backstop report support --period week --html report.html --pdf report.pdf
    """
    if deployment and fleet:
        raise BadRequest("name a deployment, or ask for the fleet: not both")
    path = f"/api/reports/{quote(deployment, safe='')}" if deployment else "/api/reports"
    client = client_of(config)

    def get(form: str) -> Any:
        return client.get(path, format=form, period=period, language=language.value)

    page = get("html") if html or pdf else ""
    if html:
        _write(html, page.encode())
    if pdf:
        from monitor.reports.pdf import printed

        _write(pdf, printed(page))
    if as_json:
        typer.echo(json.dumps(get("json"), indent=2, ensure_ascii=False))
    elif markdown or not (html or pdf):
        typer.echo(get("md"))
    else:
        say(f"written to {' and '.join(str(file) for file in (html, pdf) if file)}")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise BadRequest(f"{file}: cannot be written: {error.strerror}") from error
