"""`backstop audit`: who served what, when, and why it changed."""

from __future__ import annotations

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, show_json, show_line

app = typer.Typer(help="Verify and export the audit trail.")


@app.command()
def verify(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the whole hash chain; exit with 1 and name the first bad row if it is broken.

    Example: backstop audit verify
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    verification = tools.verify_audit(configuration.load(config))
    if as_json:
        show_json(verification)
    else:
        say(str(verification["sentence"]))
    if not verification["intact"]:
        raise typer.Exit(1)


@app.command()
def export(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = True) -> None:
    """Print every row as JSON Lines, oldest first; `--json` changes nothing.

    Example: backstop audit export > audit.jsonl
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    for row in tools.export_audit(configuration.load(config)):
        show_line(row)
