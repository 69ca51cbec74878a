"""`backstop alerts`: whether alerts arrive, and what became of them."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile
from monitor.cli.output import say, show_json, show_table

app = typer.Typer(help="Try receivers out, and see what was sent to whom.")


class State(Enum):
    """How far a delivery has come."""

    PENDING = "pending"  # means that it is due, now or later
    SENT = "sent"  # means that the receiver has it
    FAILED = "failed"  # means that it was given up
    JOINED = "joined"  # means that another message speaks for it
    REPEAT = "repeat"  # means that the same was told shortly before


@app.command("test")
def try_out(
    receiver: Annotated[str | None, typer.Argument(help="One receiver; else all")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Send a test message, and say what came back; exit with 1 if one did not arrive.

    A receiver that was out of use, since it had answered 410, is in use again once it takes a test.

    Example: backstop alerts test chat
    """
    from monitor import config as configuration
    from monitor.bootstrap import alert_tools

    results = alert_tools.try_out(configuration.load(config), receiver)
    if as_json:
        show_json(results)
    elif not results:
        say("the configuration names no receiver: add one under receivers")
    else:
        for each in results:
            came = "received it" if each["arrived"] else "did not"
            say(f"{each['receiver']} {came}: {each['answer']}")
    if not all(each["arrived"] for each in results):
        raise typer.Exit(1)


@app.command("list")
def list_(
    state: Annotated[State | None, typer.Option(help="Only deliveries in this state")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many")] = 50,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List deliveries, newest first: pending, sent, failed, joined to another, or a repeat.

    Example: backstop alerts list --state failed
    """
    from monitor import config as configuration
    from monitor.alerts.inert import visible
    from monitor.bootstrap import alert_tools

    found = alert_tools.posted(
        configuration.load(config), None if state is None else state.value, limit
    )
    if as_json:
        show_json(found)
        return
    rows = [
        (
            each["created_at"][:19],
            each["receiver"],
            each["state"],
            each["attempts"],
            each["severity"],
            visible(each["title"]),
            visible(each["error"] or ""),
        )
        for each in found["deliveries"]
    ]
    columns = ("told", "receiver", "state", "attempts", "severity", "what", "last error")
    show_table("Alerts", columns, rows)
    for name, why in found["out_of_use"].items():
        say(f"{name} is out of use: {visible(why or '')}; then: backstop alerts test {name}")
