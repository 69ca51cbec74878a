"""`backstop guards`: which guards there are, and what the configured ones say of a text."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import show_json, show_table
from monitor.errors import BadRequest

if TYPE_CHECKING:
    from guards.checks.judgement import Judgement
    from guards.exchange import Exchange
    from monitor.config import Config

app = typer.Typer(help="List the guards, and try the configured ones.")

_COLUMNS = ("answer", "guard", "mode", "outcome", "kind", "place", "excerpt")


@app.callback(invoke_without_command=True)
def catalogue(context: typer.Context, as_json: AsJson = False) -> None:
    """List the guards that a configuration may name.

    Example: backstop guards --json
    """
    if context.invoked_subcommand is not None:
        return
    from monitor.bootstrap import guarding

    found = guarding.described()
    if as_json:
        show_json(found)
        return
    columns = ("name", "finds", "options", "kinds", "cost")
    rows = [[_cell(each[column]) for column in columns] for each in found]
    show_table("Guards", columns, rows)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A text, or an exchange log; - is standard input.")],
    config: ConfigFile = DEFAULT_CONFIG,
    deployment: Annotated[
        str | None,
        typer.Option("--deployment", "-d", help="Whose guards; the first one's if not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a deployment's guards look at a text, or at the answers of an exchange log.

    Of a match no more than two characters are shown.

    Example: backstop guards check answers.jsonl --deployment support
    """
    from monitor import config as configuration
    from monitor.bootstrap import guarding

    read = configuration.load(config)
    name = _deployment(read, deployment)
    if not read.deployments[name].guards.model_fields_set:
        raise BadRequest(f"deployment {name!r} has no guards; name some under its `guards`")
    guarding.check(read)
    exchanges = _answers(file, name)
    rows: list[dict[str, Any]] = []

    def told(row: int, judged: Judgement) -> None:
        rows.extend(_rows(exchanges[row].id, judged))

    asyncio.run(guarding.look(read, exchanges, told))
    if as_json:
        show_json(rows)
    else:
        show_table(f"{len(exchanges)} answers", _COLUMNS, [list(each.values()) for each in rows])


def _cell(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _deployment(read: Config, wanted: str | None) -> str:
    name = wanted or next(iter(read.deployments))
    if name not in read.deployments:
        known = ", ".join(read.deployments)
        raise BadRequest(f"there is no deployment {name!r} in the configuration; there are {known}")
    return name


def _answers(file: Path, deployment: str) -> Sequence[Exchange]:
    """Return the answers of a log, or a text as one answer. Raises `BadRequest`."""
    from guards import exchange_log
    from guards.exchange import Exchange
    from guards.exchange_fields import BadExchange

    text, now = _text(file), datetime.now(UTC)
    if not text.lstrip().startswith("{"):
        return [
            Exchange(id="text", deployment=deployment, started_at=now, messages=(), output=text)
        ]
    found: list[Exchange] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                logged = exchange_log.parse(line.encode(), deployment=deployment, started_at=now)
            except BadExchange as error:
                raise BadRequest(f"{file}, line {number}: {error}") from error
            found.append(replace(logged.exchange, deployment=deployment))
    return found


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"{file}: cannot be read: {error}") from error


def _rows(answer: str, judged: Judgement) -> list[dict[str, Any]]:
    """Return a row for each finding, and one for each guard without any."""
    rows: list[dict[str, Any]] = []
    for report in judged.reports:
        head = (answer, report.guard, report.mode.value, report.outcome.value)
        found: list[tuple[str | None, ...]] = [
            (each.kind, f"{each.start}-{each.end}", each.excerpt) for each in report.findings
        ]
        rows += [
            dict(zip(_COLUMNS, (*head, *each), strict=True)) for each in found or [(None,) * 3]
        ]
    return rows
