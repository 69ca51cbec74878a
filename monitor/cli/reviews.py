"""`backstop reviews`: when a person should look at what serves again."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import say, show_json, show_table

app = typer.Typer(help="List technical reviews that are due, and record those that are done.")


@app.command("list")
def list_(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the reviews that are due: age, stacked versions, a changed base, a changed licence.

    Example: backstop reviews list
    """
    found = client_of(config).get("/api/reviews")
    if as_json:
        show_json(found)
        return
    columns = ("id", "deployment", "version", "cause", "sentence")
    rows = ([each[key] for key in columns] for each in found)
    show_table("Reviews that are due", columns, rows)


@app.command()
def done(
    review: Annotated[str, typer.Argument(help="A review's id, as `reviews list` shows it")],
    note: Annotated[str, typer.Option(help="What was found; stands in the audit trail.")],
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Record that a review is done.

    Example: backstop reviews done 5f0c1c1e-8f2b-5e5e-9d3b-2d1f6f0e8a11 --note "still fits"
    """
    told = client_of(config).post(f"/api/reviews/{quote(review)}/done", {"reason": note})
    if as_json:
        show_json(told)
    else:
        say(f"the review of {told['version']} for {told['cause']} is done")
