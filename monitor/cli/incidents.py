"""`backstop incidents`: what went wrong, for those who must be told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, write

app = typer.Typer(help="Export incidents.")


@app.callback()
def incidents() -> None:
    """Keep `export` a word of its own, though it is the only one."""


@app.command()
def export(
    incident: Annotated[str | None, typer.Argument(help="Its id; every one if not given")] = None,
    out: Annotated[Path | None, typer.Option(help="File; standard output if not given")] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown for people, as without --json.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write incidents with evidence, exposure, versions, acts and the audit trail's proof.

    It exits with 1, and says so in the export, if the audit trail is broken.

    Example: backstop incidents export 6f2a1c4e-0f6f-4d0e-9c38-5d0c6f1f7a10 --markdown --out i.md
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools
    from monitor.reports import incident_export

    if as_json and as_markdown:
        raise typer.BadParameter("say one of --json and --markdown", param_hint="--markdown")
    found = tools.export_incidents(configuration.load(config), incident)
    if as_json:
        text = json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    else:
        text = "\n".join(map(incident_export.markdown, found)) or "No incident is on record.\n"
    if out is None:
        typer.echo(text, nl=False)
    else:
        write(out, text)
        say(f"written to {out}")
    if any(not each["chain"]["intact"] for each in found):
        raise typer.Exit(1)
