"""`backstop`: the command line. Every command has `--json` and an example in its `--help`."""

from __future__ import annotations

import sys

import typer
from rich.text import Text

from monitor.cli import adapters, audit, demo, golden, service
from monitor.cli.output import errors
from monitor.errors import BackstopError, BadRequest, ConfigError

app = typer.Typer(
    name="backstop",
    help="Watches a fine-tuned model's adapter and puts the last good one back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(adapters.app, name="adapters")
app.add_typer(golden.app, name="golden")
app.add_typer(audit.app, name="audit")
app.add_typer(service.database, name="db")
app.command()(service.serve)
app.command()(service.check)
app.command()(service.report)
app.command()(demo.demo)


def run() -> None:
    """Run a command. An error of ours is one sentence, and an exit status: 2 for bad input."""
    try:
        app()
    except BackstopError as error:
        errors.print(Text(f"error: {error}"))
        sys.exit(2 if isinstance(error, ConfigError | BadRequest) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
