"""`backstop adapters`: versions, and which one serves."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Reason, client_of
from monitor.cli.output import say, show_json, show_table

app = typer.Typer(help="Add, promote, roll back and quarantine adapter versions.")

Version = Annotated[str, typer.Argument(help="support@3f9a2c1d7b04, or by label: support@v1")]


@app.command()
def add(
    family: Annotated[str, typer.Argument(help="The adapter's name, e.g. support")],
    folder: Annotated[Path, typer.Argument(help="A PEFT adapter's folder (safetensors)")],
    label: Annotated[str, typer.Option(help="What people call it, e.g. v1")] = "",
    parent: Annotated[str | None, typer.Option(help="The version it was made from")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Check an adapter's files and take them in, named by content.

    Example: backstop adapters add support ./runs/v1 --label v1
    """
    version = client_of(config).post(
        "/api/adapters",
        {
            "family": family,
            "path": str(folder.resolve()),
            "label": label,
            "parent": parent,
            "facts": {"added_by": getpass.getuser()},
        },
    )
    _done(version, as_json, f"{version['name']} is added; promote it when you are ready")


@app.command("list")
def list_(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """List the versions, newest first.

    Example: backstop adapters list
    """
    versions = client_of(config).get("/api/adapters")
    if as_json:
        show_json(versions)
        return
    show_table(
        "Adapter versions",
        ("version", "label", "state", "added", "why"),
        ((v["name"], v["label"], v["state"], v["created_at"], v["reason"]) for v in versions),
    )


@app.command()
def show(version: Version, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show one version with its manifest.

    Example: backstop adapters show support@v1
    """
    found = client_of(config).get(f"/api/adapters/{quote(version)}")
    if as_json:
        show_json(found)
        return
    tensors = found.pop("manifest", {}).get("tensors", ())
    found["tensors"] = f"{len(tensors)}; `--json` lists them"
    show_table(found["name"], ("fact", "value"), sorted(found.items()))


@app.command()
def promote(
    version: Version,
    reason: Reason,
    deployment: Annotated[
        str | None, typer.Option(help="Where to; its family's name if not given")
    ] = None,
    force: Annotated[bool, typer.Option(help="Go past the golden gate; this is recorded.")] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Let a version serve, if it passes the golden gate.

    Example: backstop adapters promote support@v2 --reason "better on refunds"
    """
    moved = client_of(config).post(
        f"/api/adapters/{quote(version)}/promote",
        {"deployment": deployment, "force": force, "reason": reason},
    )
    _done(moved, as_json, f"{moved['active']} serves {moved['name']} (epoch {moved['epoch']})")


@app.command()
def rollback(
    deployment: Annotated[str, typer.Argument(help="Which deployment, e.g. support")],
    reason: Reason,
    to: Annotated[
        str | None, typer.Option(help="A version that served, or `base`; else the baseline")
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Put the last good version back, by hand.

    Example: backstop adapters rollback support --reason "wrong prices"
    """
    incident = client_of(config).post(
        f"/api/deployments/{quote(deployment)}/rollback", {"to": to, "reason": reason}
    )
    _done(
        incident, as_json, f"{deployment} is back on {incident['to_version'] or 'the base model'}"
    )


@app.command()
def share(
    deployment: Annotated[str, typer.Argument(help="Which deployment, e.g. support")],
    reason: Reason,
    candidate: Annotated[
        str | None, typer.Option(help="A version that answers some callers; nobody if not given")
    ] = None,
    of_callers: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The candidate's share of the callers")
    ] = 0.0,
    shadow: Annotated[
        float,
        typer.Option(
            min=0.0, max=1.0, help="Share of the prompts the baseline answers too, unseen"
        ),
    ] = 0.0,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Let a candidate answer a share of the callers; without one, take it away.

    Example: backstop adapters share support --candidate support@v2 --of-callers 0.05 -m "a first look"
    """
    shared = client_of(config).post(
        f"/api/deployments/{quote(deployment)}/share",
        {
            "candidate": candidate,
            "candidate_share": of_callers,
            "shadow_rate": shadow,
            "reason": reason,
        },
    )
    share_of = f"{shared['candidate']} answers {shared['candidate_share']:.1%} of the callers"
    who = share_of if shared["candidate"] else "every caller gets the active version"
    _done(shared, as_json, f"{deployment}: {who}; {shared['shadow_rate']:.1%} are shadowed")


@app.command()
def quarantine(
    version: Version, reason: Reason, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Keep a version out until a person releases it.

    Example: backstop adapters quarantine support@v2 --reason "leaks names"
    """
    _move("quarantine", version, reason, config, as_json)


@app.command()
def release(
    version: Version, reason: Reason, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False
) -> None:
    """Let a quarantined version be promoted again.

    Example: backstop adapters release support@v2 --reason "false alarm, see report"
    """
    _move("release", version, reason, config, as_json)


def _move(action: str, version: str, reason: str, config: Path, as_json: bool) -> None:
    moved = client_of(config).post(f"/api/adapters/{quote(version)}/{action}", {"reason": reason})
    _done(moved, as_json, f"{moved['name']} is {moved['state']}")


def _done(value: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        show_json(value)
    else:
        say(sentence)
