"""`backstop golden`: the regression test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import console, say, show_json, show_table
from monitor.errors import BadGoldenSet

app = typer.Typer(help="Import, run and show a deployment's golden set.")

Deployment = Annotated[str, typer.Argument(help="Which deployment, e.g. support")]


_FORMATS = "auto, backstop, lm-eval, promptfoo, openai-evals, openai-evals-includes"
Format = Annotated[str, typer.Option("--format", help=f"What the file is: {_FORMATS}")]


@app.command("import")
def import_(
    deployment: Deployment,
    file: Annotated[Path, typer.Argument(help="JSON Lines, one case a line, or another tool's")],
    format_: Format = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read the file.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Replace the golden set by a file's cases.

    Example: backstop golden import support golden.jsonl
    """
    lines, told = _read(file, format_)
    if not dry_run:
        told = client_of(config).put_text(f"/api/golden/{quote(deployment)}", lines)
    if as_json:
        show_json({"deployment": deployment, "imported": not dry_run, **told})
    elif dry_run:
        say(f"{file}: {told['cases']} cases can be imported; nothing was changed")
    else:
        say(f"{deployment}: golden set {told['digest'][:12]} is imported, {told['cases']} cases")


def _read(file: Path, name: str) -> tuple[str, dict[str, Any]]:
    """Return the cases of a file as JSON Lines, and their number."""
    from guards import golden  # here, since no other command has a use for it
    from guards.golden_formats import formats

    try:
        cases = formats.read(file.read_text(encoding="utf-8"), name)
    except golden.GoldenSetError as error:
        raise BadGoldenSet(f"{file}: {error}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise BadGoldenSet(f"{file}: cannot be read: {error}") from error
    return golden.to_lines(cases), {"cases": len(cases)}


@app.command("add")
def add(
    exchange: Annotated[str, typer.Option("--from-exchange", help="Id of a recorded answer")],
    corrected: Annotated[str | None, typer.Option(help="What the answer should have been")] = None,
    expect: Annotated[str | None, typer.Option(help="An expectation as JSON, instead")] = None,
    system: Annotated[str | None, typer.Option(help="The system prompt it was asked with")] = None,
    deployment: Annotated[str | None, typer.Option(help="Which one's set; else its own")] = None,
    slice_: Annotated[str, typer.Option("--slice", help="Group that is reported by itself")] = "",
    critical: Annotated[bool, typer.Option(help="A failure alone refuses a version.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Make a recorded answer's prompt a case of the golden set.

    Example: backstop golden add --from-exchange 7c0e --corrected "Within 14 days."
    """
    added = client_of(config).post(
        "/api/golden/from-exchange",
        {
            "exchange": exchange,
            "corrected": corrected,
            "expectation": None if expect is None else _expectation(expect),
            "system": system,
            "deployment": deployment,
            "slice": slice_,
            "critical": critical,
        },
    )
    if as_json:
        show_json(added)
    else:
        say(f"{added['deployment']}: case {added['case']} is in golden set {added['digest'][:12]}")


def _expectation(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise BadGoldenSet(f"--expect is no JSON: {error}") from error


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
