"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.cli.client import Client

ConfigFile = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="BACKSTOP_CONFIG", help="The YAML configuration."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Reason = Annotated[str, typer.Option("--reason", "-m", help="Why; stands in the audit trail.")]

DEFAULT_CONFIG = Path("backstop.yaml")


def client_of(file: Path) -> Client:
    """Return a client of the service that a configuration file describes."""
    from monitor import config
    from monitor.cli.client import Client  # aiohttp: `serve` has no use for it

    return Client.of(config.load(file))
