"""`backstop ingest`: bring in exchanges of a model that is served without a gateway of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.cli.log_file import LogFile, opened
from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import errors, say, show_json
from monitor.errors import BackstopError

if TYPE_CHECKING:
    from monitor.cli.client import Client


def ingest(
    file: Annotated[Path, typer.Argument(help="An exchange log (JSON Lines); - is standard input")],
    deployment: Annotated[
        str | None, typer.Option(help="Of exchanges that name none themselves")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Bring a log of exchanges in.

    Running it again is safe where exchanges have a time (started_at): none of them counts twice.

    Example: backstop ingest exchanges.jsonl --deployment support
    """
    client = client_of(config)
    with opened(file) as log:
        taken = asyncio.run(_ingest(log, client, deployment, quiet=as_json))
    if as_json:
        show_json({"file": log.name, "taken": taken})
    else:
        say(f"{log.name}: {taken} exchanges are taken")


async def _ingest(log: LogFile, client: Client, deployment: str | None, *, quiet: bool) -> int:
    from monitor.cli.reporter import Reporter

    taken = 0
    columns = (TextColumn("{task.completed} bytes"), BarColumn(), TimeElapsedColumn())
    shown = errors.is_terminal and not quiet
    with Progress(*columns, console=errors, transient=True, disable=not shown) as progress:
        task = progress.add_task("taking exchanges in", total=log.size)
        async with Reporter(client, asyncio.sleep) as reporter:
            try:
                for batch in log.batches(deployment):
                    await reporter.report(batch.body)
                    taken += batch.count
                    progress.update(task, completed=batch.read)
            except BackstopError as error:
                raise type(error)(f"{error} ({_so_far(taken)})") from error
    return taken


def _so_far(taken: int) -> str:
    return f"{taken} exchanges before it are taken; once it is mended, run the command again"
