"""`backstop pin`, `unpin`, `approve`, `reject` and `proposals`: where a person has the last word."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, Reason, client_of
from monitor.cli.output import say, show_json, show_table

Deployment = Annotated[str, typer.Argument(help="Which deployment, e.g. support")]
ProposalId = Annotated[str, typer.Argument(help="As `backstop proposals` and the alert name it")]


def pin(
    deployment: Deployment,
    reason: Reason,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Hold the active version where it is: nothing moves it by itself, people may.

    Example: backstop pin support --reason "the fair is on"
    """
    path = f"/api/deployments/{quote(deployment)}/pin"
    pinned = client_of(config).post(path, {"reason": reason})
    _done(pinned, as_json, f"{deployment} is pinned: {pinned['pinned']}")


def unpin(
    deployment: Deployment,
    reason: Reason,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Let the active version be moved by itself again.

    Example: backstop unpin support --reason "the fair is over"
    """
    path = f"/api/deployments/{quote(deployment)}/unpin"
    _done(client_of(config).post(path, {"reason": reason}), as_json, f"{deployment} is not pinned")


def approve(
    proposal: ProposalId,
    reason: Reason,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Approve a proposal: it is carried out now.

    Example: backstop approve 5f0c1c1e-8f2b-5e5e-9d3b-2d1f6f0e8a11 --reason "seen it myself"
    """
    said = _answer("approve", proposal, reason, config)
    act, agreed, needed = said["act"], len(said["approved_by"]), said["needed"]
    told = "is approved" if said["answer"] == "approved" else f"has {agreed} of {needed} approvals"
    _done(said, as_json, f"the {act} of {said['deployment']} {told}")


def reject(
    proposal: ProposalId,
    reason: Reason,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Reject a proposal: it is not made again until the pointer has moved.

    Example: backstop reject 5f0c1c1e-8f2b-5e5e-9d3b-2d1f6f0e8a11 --reason "a load test"
    """
    said = _answer("reject", proposal, reason, config)
    _done(said, as_json, f"the {said['act']} of {said['deployment']} is rejected")


def proposals(
    deployment: Annotated[str | None, typer.Argument(help="Only this deployment's")] = None,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, and what was said to it, newest first.

    Example: backstop proposals support
    """
    found = client_of(config).get("/api/proposals", deployment=deployment)
    if as_json:
        show_json(found)
        return
    columns = ("id", "deployment", "act", "version", "answer", "reason")
    rows = ([each[key] for key in columns] for each in found)
    show_table("Proposals", columns, rows)


def _answer(what: str, proposal: str, reason: str, config: Path) -> dict[str, Any]:
    path = f"/api/proposals/{quote(proposal)}/{what}"
    said: dict[str, Any] = client_of(config).post(path, {"reason": reason})
    return said


def _done(value: dict[str, Any], as_json: bool, sentence: str) -> None:
    if as_json:
        show_json(value)
    else:
        say(sentence)
