"""`backstop canary`: candidates with a share of the callers, and what was shown so far."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import say, show_json, show_table

app = typer.Typer(help="Look at canaries; `adapters promote --canary` begins one.")


@app.callback()
def _canary() -> None:
    """Keep `show` a command of its own."""


@app.command()
def show(
    deployment: Annotated[str, typer.Argument(help="Which deployment, e.g. support")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show a deployment's canaries, newest first, and what the one that runs waits for.

    Example: backstop canary show support
    """
    found = client_of(config).get(f"/api/deployments/{quote(deployment)}/canaries")
    if as_json:
        show_json(found)
        return
    if not found:
        say(
            f"{deployment} has had no canary; `backstop adapters promote VERSION --canary` begins one"
        )
        return
    columns = (
        "candidate",
        "share",
        "step",
        "callers",
        "worth",
        "harm",
        "no worse",
        "how it stands",
    )
    show_table(f"Canaries of {deployment}", columns, map(_row, found))


def _row(canary: Mapping[str, Any]) -> tuple[str, ...]:
    callers, worth = canary["callers"], canary["mean_worth"]
    return (
        canary["candidate"],
        f"{canary['share']:.1%}",
        f"{canary['step'] + 1} of {len(canary['steps'])}",
        f"{callers['candidate']} / {callers['active']}",
        f"{_worth(worth['candidate'])} / {_worth(worth['active'])}",
        f"{canary['harm']:.3g} of {canary['withdrawal_line']:g}",
        f"{canary['noninferiority']:.3g} of {canary['promotion_line']:g}",
        canary["standing"],
    )


def _worth(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
