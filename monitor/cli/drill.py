"""`backstop drill`: would a bad version be caught, and how fast?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import show_json, show_table
from monitor.errors import BadRequest
from rollback.spoilt_kind import Kind

_COLUMNS = ("kind", "stopped by", "answers", "seconds", "all that spoke", "proof, s", "objective")


def drill(
    deployment: Annotated[str, typer.Argument(help="Which deployment, e.g. support")],
    kind: Annotated[
        list[Kind] | None, typer.Option(help="How to spoil it; may be repeated")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Spoil it in every way")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Spoil the active version on purpose, in the shadow only, and see what catches it.

    Exits with 1 if a drill missed its objective.

    Example: backstop drill support --kind shuffled
    """
    if not kind and not all_:
        raise BadRequest("say how to spoil it with --kind, or --all for every way")
    kinds = [] if all_ else [each.value for each in kind or ()]
    held = client_of(config).post(f"/api/drills/{quote(deployment)}", {"kinds": kinds})
    if as_json:
        show_json(held)
    else:
        show_table(f"Drills of {deployment}", _COLUMNS, map(_row, held))
    if not all(each["met"] for each in held):
        raise typer.Exit(1)


def _row(drill: Mapping[str, Any]) -> tuple[str, ...]:
    first = next((each for each in drill["caught"] if each["by"] == drill["stopped_by"]), None)
    return (
        drill["kind"],
        drill["stopped_by"] or "nothing",
        "–" if first is None else str(first["answers"]),
        "–" if first is None else f"{first['seconds']:.1f}",
        ", ".join(f"{each['by']} {each['answers']}" for each in drill["caught"]),
        f"{drill['rollback_s']:.2f}",
        "met" if drill["met"] else "missed",
    )
