"""`backstop serve`, `check` and `db`."""

from __future__ import annotations

from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, show_json

database = typer.Typer(help="The database schema.")


def serve(
    config: ConfigFile = DEFAULT_CONFIG,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Gateway processes; gateway.workers if not given"),
    ] = None,
) -> None:
    """Run the service until Ctrl-C or SIGTERM.

    Example: backstop serve --config backstop.yaml --workers 2
    """
    from monitor import config as configuration
    from monitor import logs

    logs.set_up()
    read = configuration.load(config)
    if workers is not None:
        read = configuration.with_workers(read, workers)
    if isinstance(read.engine, configuration.LocalEngine):
        from monitor.bootstrap import server  # torch and transformers take seconds to import

        server.serve(read)
    else:
        from monitor.bootstrap import fleet

        raise typer.Exit(fleet.serve(read, read.engine))


def check(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Check the configuration and every file it names, without starting anything.

    Example: backstop check --config backstop.yaml
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    findings = tools.check(configuration.load(config))
    if as_json:
        show_json(findings)
    else:
        say(f"{config} is good: " + ", ".join(f"{key} {value}" for key, value in findings.items()))


@database.command("retention")
def retention(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would be deleted, and delete nothing")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Delete what is older than the configuration's `retention` says, as the nightly job does.

    Example: backstop db retention --dry-run
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    rows = tools.retain(configuration.load(config), dry_run=dry_run)
    if as_json:
        show_json({"dry_run": dry_run, "rows": rows})
        return
    verb = "would be deleted" if dry_run else "deleted"
    say(", ".join(f"{kind} {count:,}" for kind, count in rows.items()) + f" rows {verb}")


@database.command("upgrade")
def upgrade(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Bring the database schema to this version's.

    Example: backstop db upgrade
    """
    from monitor import config as configuration
    from monitor.bootstrap import tools

    revision = tools.upgrade(configuration.load(config))
    if as_json:
        show_json({"revision": revision})
    else:
        say(f"the schema is at revision {revision}")
