"""`backstop golden`: the regression test set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import console, say, show_json, show_table
from monitor.errors import BadGoldenSet

app = typer.Typer(help="Import, run and show a deployment's golden set.")

Deployment = Annotated[str, typer.Argument(help="Which deployment, e.g. support")]


@app.command("import")
def import_(
    deployment: Deployment,
    file: Annotated[Path, typer.Argument(help="JSON Lines, one case a line")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Replace the golden set by a file's cases.

    Example: backstop golden import support golden.jsonl
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadGoldenSet(f"{file}: cannot be read: {error}") from error
    answer = client_of(config).put_text(f"/api/golden/{quote(deployment)}", text)
    if as_json:
        show_json(answer)
    else:
        say(f"{deployment}: golden set {answer['digest'][:12]} is imported")


@app.command("run")
def run(
    deployment: Deployment, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Run the golden set now, active against baseline.

    Example: backstop golden run support
    """
    client = client_of(config)
    with console.status("running the golden set …"):
        answer = client.post(f"/api/golden/{quote(deployment)}/run")
    _show([answer], as_json)
    if answer["verdict"] in ("fail", "error"):
        raise typer.Exit(1)


@app.command("show")
def show(
    deployment: Deployment, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Show the last runs, newest first.

    Example: backstop golden show support --json
    """
    _show(client_of(config).get(f"/api/golden/{quote(deployment)}/runs"), as_json)


def _show(runs: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(runs)
        return
    show_table(
        "Golden runs",
        ("started", "cause", "version", "against", "verdict", "figures"),
        (
            (
                run["started_at"],
                run["cause"],
                run["subject"] or "base model",
                (run["against"] or "base model") if run["compared"] else "–",
                run["verdict"],
                run["summary"].get("sentence", ""),
            )
            for run in runs
        ),
    )
