"""`backstop`: the command line.

Every command has an example in its `--help`, and `--json` but for `serve`, which prints nothing
to read, and `audit export`, which always prints JSON.
"""

from __future__ import annotations

import sys
import warnings

import typer

from monitor.cli import (
    adapt,
    adapters,
    alerts,
    audit,
    canary,
    consent,
    demo,
    drill,
    erase,
    exchanges,
    golden,
    guards,
    incidents,
    ingest,
    pilot,
    policy,
    replay,
    report,
    reviews,
    service,
    signals,
)
from monitor.cli.output import complain
from monitor.errors import BackstopError, BadRequest, ConfigError

app = typer.Typer(
    name="backstop",
    help="Watches a fine-tuned model's adapter and puts the last good one back.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(adapters.app, name="adapters")
app.add_typer(canary.app, name="canary")
app.add_typer(exchanges.app, name="exchanges")
app.add_typer(golden.app, name="golden")
app.add_typer(incidents.app, name="incidents")
app.add_typer(guards.app, name="guards")
app.add_typer(reviews.app, name="reviews")
app.add_typer(audit.app, name="audit")
app.add_typer(alerts.app, name="alerts")
app.add_typer(policy.app, name="policy")
app.add_typer(service.database, name="db")
app.command()(service.serve)
app.command()(service.check)
app.command()(report.report)
app.command()(erase.erase)
app.command()(ingest.ingest)
app.command()(replay.replay)
app.command()(signals.signals)
app.command()(adapt.adapt)
app.command()(pilot.pilot)
app.command()(consent.pin)
app.command()(consent.unpin)
app.command()(consent.approve)
app.command()(consent.reject)
app.command()(consent.proposals)
app.command()(drill.drill)
app.command()(demo.demo)


def run() -> None:
    """Run a command. An error of ours is one sentence, and an exit status: 2 for bad input."""
    # What libraries say to each other's authors is no news to whoever types a command.
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers")
    try:
        app()
    except BackstopError as error:
        complain(str(error))
        sys.exit(2 if isinstance(error, ConfigError | BadRequest) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
