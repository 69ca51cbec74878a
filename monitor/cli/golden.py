"""`backstop golden`: the regression test set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli import golden_progress, golden_report
from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import complain, errors, say, show_json, show_table
from monitor.errors import BackstopError, BadGoldenSet, BadRequest, ConfigError, NotFound

if TYPE_CHECKING:
    from monitor.cli.client import Client

_NOBODY_CAN_SAY = 3  # exit status of a gate

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
    deployment: Deployment,
    version: Annotated[
        str | None,
        typer.Option(help="Try this version instead of the active one; nothing is promoted."),
    ] = None,
    gate: Annotated[
        bool, typer.Option("--gate", help="Exit with 0 if it passes, 1 FAIL, 3 nobody can say.")
    ] = False,
    junit: Annotated[
        Path | None, typer.Option(help="Write the run, case by case, as JUnit XML.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Run the golden set now, active against baseline, or a version against the active one.

    Example: backstop golden run support --version support@v2 --gate --junit golden.xml
    """
    client = client_of(config)
    path = f"/api/golden/{quote(deployment)}"
    try:
        answer = _asked(client, deployment, path, version)
    except (ConfigError, BadRequest):
        raise
    except BackstopError as error:
        if not gate:
            raise
        complain(str(error))  # the version is not known to be worse
        raise typer.Exit(_NOBODY_CAN_SAY) from error
    _show([answer], as_json)
    if junit is not None and answer["id"]:
        _write(junit, client.get(f"{path}/runs/{quote(answer['id'])}", format="junit"))
    status = exit_status(answer["verdict"], is_gate=gate)
    if status:
        raise typer.Exit(status)


def _asked(client: Client, deployment: str, path: str, version: str | None) -> dict[str, Any]:
    """Have the golden set run; return the run as the service answers it."""

    def work() -> dict[str, Any]:
        answer: dict[str, Any] = (
            client.post(f"{path}/try", {"version": version})
            if version
            else client.post(f"{path}/run")
        )
        return answer

    return golden_progress.watched(client, deployment, work, errors)


def exit_status(verdict: str, *, is_gate: bool) -> int:
    """Return what a run ends with.

    A gate tells harm (1) from what nobody can say (3); 2 is left to bad input.

    >>> exit_status("inconclusive", is_gate=True), exit_status("inconclusive", is_gate=False)
    (3, 0)
    """
    if not is_gate:
        return int(verdict in ("fail", "error"))
    return {"ok": 0, "warn": 0, "fail": 1}.get(verdict, _NOBODY_CAN_SAY)


@app.command("show")
def show(
    deployment: Deployment,
    run: Annotated[
        str | None, typer.Argument(help="A run by how its id begins, or `last`; without it: all.")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show the last runs, newest first, or one run with the cases that changed first.

    Example: backstop golden show support last --json
    """
    client = client_of(config)
    path = f"/api/golden/{quote(deployment)}/runs"
    if run is None:
        _show(client.get(path), as_json)
        return
    if run == "last":
        run = _last(deployment, client.get(path, limit=1))
    report = client.get(f"{path}/{quote(run, safe='')}")
    if as_json:
        show_json(report)
    else:
        golden_report.show(report)


def _last(deployment: str, runs: list[dict[str, Any]]) -> str:
    if not runs:
        raise NotFound(f"{deployment} has no golden run yet: `backstop golden run {deployment}`")
    return str(runs[0]["id"])


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadRequest(f"{file}: cannot be written: {error.strerror}") from error


def _show(runs: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        show_json(runs)
        return
    show_table(
        "Golden runs",
        ("run", "started", "cause", "version", "against", "verdict", "figures"),
        (
            (
                run["id"][:8],
                run["started_at"],
                run["cause"],
                run["subject"] or "base model",
                (run["against"] or "base model") if run["compared"] else "–",
                run["verdict"] or run["status"],
                run["summary"].get("sentence", ""),
            )
            for run in runs
        ),
    )
