"""`backstop adapters`: versions, and which one serves."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Reason, client_of
from monitor.cli.output import say, show_json, show_table, write

app = typer.Typer(help="Add, promote, roll back and quarantine adapter versions.")

Version = Annotated[str, typer.Argument(help="support@3f9a2c1d7b04, or by label: support@v1")]


@app.command()
def add(
    family: Annotated[str, typer.Argument(help="The adapter's name, e.g. support")],
    source: Annotated[
        str,
        typer.Argument(help="A PEFT adapter's folder, hf://org/name@revision, mlflow://name@alias"),
    ],
    label: Annotated[str, typer.Option(help="What people call it, e.g. v1")] = "",
    parent: Annotated[str | None, typer.Option(help="The version it was made from")] = None,
    owner: Annotated[str, typer.Option(help="Who answers for it")] = "",
    licence: Annotated[str, typer.Option(help="Under which it may be used")] = "",
    notes: Annotated[str, typer.Option(help="Anything worth knowing")] = "",
    training: Annotated[
        Path | None, typer.Option(help="A JSON or YAML file with facts of the training")
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(help="A JSON or YAML file with what its card states: docs/governance.md"),
    ] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Check an adapter's files and take them in, named by content.

    A folder is on the service's machine.

    Example: backstop adapters add support ./runs/v1 --label v1
    """
    version = client_of(config).post(
        "/api/adapters",
        {
            "family": family,
            "path": source if "://" in source else str(Path(source).resolve()),
            "label": label,
            "parent": parent,
            "facts": _facts(
                {"training": training, "card": card}, owner=owner, licence=licence, notes=notes
            ),
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
def tree(
    family: Annotated[str | None, typer.Argument(help="Only this adapter's versions")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Show which version was made from which.

    Example: backstop adapters tree support
    """
    from rollback import lineage

    query = "" if family is None else f"?family={quote(family)}"
    found = {v["name"]: v for v in client_of(config).get(f"/api/adapters{query}")}
    oldest_first = {name: found[name]["parent"] for name in reversed(found)}
    trees = lineage.trees(oldest_first)
    if as_json:
        show_json([asdict(tree) for tree in trees])
        return
    for drawn, name in lineage.lines(trees):
        label = f" {found[name]['label']}" if found[name]["label"] else ""
        say(f"{drawn}{name}{label} ({found[name]['state']})")


@app.command()
def show(version: Version, config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show one version with its manifest.

    Example: backstop adapters show support@v1
    """
    from rollback import version_card

    found = client_of(config).get(f"/api/adapters/{quote(version)}")
    if as_json:
        show_json(found)
        return
    manifest, facts = found.pop("manifest", {}), found.pop("facts", {})
    rows = {**found, **version_card.card(manifest), **facts}
    show_table(f"{found['name']} (`--json` lists the tensors)", ("fact", "value"), rows.items())


@app.command()
def card(
    version: Version,
    out: Annotated[Path | None, typer.Option(help="File; standard output if not given")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Write a version's card in the form of the Hugging Face hub, as it stands now.

    Example: backstop adapters card support@v1 --out README.md
    """
    text = client_of(config).get(f"/api/adapters/{quote(version)}/card")
    if out is not None:
        write(out, text)
    if as_json:
        show_json({"version": version, "file": None if out is None else str(out), "card": text})
    elif out is None:
        typer.echo(text, nl=False)
    else:
        say(f"written to {out}")


@app.command()
def promote(
    version: Version,
    reason: Reason,
    deployment: Annotated[
        str | None, typer.Option(help="Where to; its family's name if not given")
    ] = None,
    force: Annotated[bool, typer.Option(help="Go past the golden gate; this is recorded.")] = False,
    canary: Annotated[
        bool, typer.Option(help="To a growing share of the callers, by evidence.")
    ] = False,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Let a version serve, if it passes the golden gate.

    Example: backstop adapters promote support@v2 --reason "better on refunds"
    """
    moved = client_of(config).post(
        f"/api/adapters/{quote(version)}/promote",
        {"deployment": deployment, "force": force, "canary": canary, "reason": reason},
    )
    if canary:
        share_of = f"{moved['candidate']} answers {moved['candidate_share']:.1%} of the callers"
        look = f"`backstop canary show {moved['name']}` says how it goes"
        _done(moved, as_json, f"{moved['name']}: {share_of}; {look}")
        return
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


def _facts(files: Mapping[str, Path | None], **said: str) -> dict[str, Any]:
    """Return the facts that a version is registered with."""
    from monitor import config as configuration

    read = {name: configuration.read_mapping(file) for name, file in files.items() if file}
    return {"added_by": getpass.getuser(), **read, **{k: v for k, v in said.items() if v}}


def _move(action: str, version: str, reason: str, config: Path, as_json: bool) -> None:
    moved = client_of(config).post(f"/api/adapters/{quote(version)}/{action}", {"reason": reason})
    _done(moved, as_json, f"{moved['name']} is {moved['state']}")


def _done(value: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        show_json(value)
    else:
        say(sentence)
