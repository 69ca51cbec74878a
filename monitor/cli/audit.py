"""`backstop audit`: who served what, when, and why it changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, show_json, show_line

app = typer.Typer(help="Verify and export the audit trail.")


@app.command()
def verify(
    anchor: Annotated[
        list[str] | None,
        typer.Option(help="ROW:HASH that was kept elsewhere; beside audit.anchor_file's"),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Check the whole hash chain; exit with 1 and name the first bad row if it is broken.

    Example: backstop audit verify
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools
    from rollback import audit_anchors

    try:
        told = [audit_anchors.parse(text) for text in anchor or ()]
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--anchor") from error
    verification = tools.verify_audit(configuration.load(config), told)
    if as_json:
        show_json(verification)
    else:
        say(str(verification["sentence"]))
    if not verification["intact"]:
        raise typer.Exit(1)


@app.command()
def export(
    deployment: Annotated[str | None, typer.Option(help="Only what concerns it")] = None,
    at: Annotated[
        str | None,
        typer.Option(
            help="What served then, ISO 8601, UTC if no zone is given; needs --deployment"
        ),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = True,
) -> None:
    """Print rows as JSON Lines, oldest first; with --at, what served then, and why.

    Example: backstop audit export --deployment support --at 2026-03-01T12:00Z
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    loaded = configuration.load(config)
    if at is not None:
        show_json(tools.served(loaded, _required(deployment), _moment(at)))
        return
    for row in tools.export_audit(loaded, deployment):
        show_line(row)


def _required(deployment: str | None) -> str:
    if deployment is None:
        raise typer.BadParameter("name the deployment with --deployment", param_hint="--at")
    return deployment


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}; write ISO 8601", param_hint="--at") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
