"""`backstop policy`: check a policy's file, test it, and have decisions explained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from monitor.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, client_of
from monitor.cli.output import say, show_json, show_table
from monitor.errors import BadRequest

app = typer.Typer(help="Check and test policies, and explain what was decided.")

PolicyPath = Annotated[Path, typer.Argument(help="A policy (YAML)")]


@app.command()
def check(file: PolicyPath, as_json: AsJson = False) -> None:
    """Check a policy's file; every mistake is told with its line and the nearest known word.

    Example: backstop policy check policy.yaml
    """
    from monitor.bootstrap.policy_file import read_file

    read = read_file(file)
    rules = [str(rule) for rule in read.policy.thresholds]
    if as_json:
        show_json({"file": str(file), "thresholds": rules, "tests": len(read.tests)})
        return
    say(f"{file} is good: {len(rules)} thresholds, {len(read.tests)} tests")
    for rule in rules:
        say(f"  {rule}")


@app.command("test")
def run_tests(file: PolicyPath, as_json: AsJson = False) -> None:
    """Run the tests that a policy's file declares; exit with 1 if one fails.

    Example: backstop policy test policy.yaml
    """
    from monitor.bootstrap.policy_file import read_file
    from rollback import policy_tests

    read = read_file(file)
    if not read.tests:
        raise BadRequest(f"{file}: declares no `tests:`; docs/policy.md shows how they are written")
    found = [policy_tests.run(read.policy, each) for each in read.tests]
    rows = [
        {
            "test": each.test.name,
            "expected": each.test.expect,
            "found": each.found,
            "because": each.because,
            "passed": each.passed,
            "reason": each.reason,
        }
        for each in found
    ]
    if as_json:
        show_json(rows)
    else:
        show_table(str(file), tuple(rows[0]), (tuple(row.values()) for row in rows))
    if not all(each.passed for each in found):
        raise typer.Exit(1)


@app.command()
def explain(
    deployment: Annotated[str | None, typer.Argument(help="Its last decisions")] = None,
    decision: Annotated[str | None, typer.Option(help="One decision, by its id")] = None,
    last: Annotated[int, typer.Option(min=1, max=200, help="How many decisions")] = 1,
    config: ConfigFile = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Say why something was done, or not done, from the numbers that it was decided by.

    Example: backstop policy explain support --last 3
    """
    if (deployment is None) == (decision is None):
        raise BadRequest("name a deployment, or one decision with --decision")
    if decision is not None:
        found = [client_of(config).get(f"/api/decisions/{quote(decision)}")]
    else:
        path = f"/api/deployments/{quote(deployment or '')}/decisions"
        found = client_of(config).get(path, limit=last)
    if as_json:
        show_json(found)
        return
    for each in found:
        _explain(each)
    if not found:
        say(f"nothing has been decided about {deployment} yet")


def _explain(decided: Mapping[str, Any]) -> None:
    say(f"decision {decided['id']}: {decided['kind']}, because: {decided['because']}")
    for sentence in decided["sentences"]:
        say(f"  {sentence}")
