"""Policies as files and sections describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import config as configuration
from monitor.bootstrap import yaml_lines
from monitor.errors import ConfigError
from rollback import policy as policies
from rollback import policy_tests
from rollback.errors import PolicyError
from rollback.policy import Policy
from rollback.policy_tests import PolicyTest

_TESTS = "tests"  # beside the policy's own keys


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    """A policy and the tests that its file declares."""

    policy: Policy
    tests: tuple[PolicyTest, ...]


def read_policy(path: Path) -> Policy:
    """Read a file that holds a policy. Raises `ConfigError`; see `read_file`."""
    return read_file(path).policy


def read_file(path: Path) -> PolicyFile:
    """Read a file that holds a policy, and tests of it.

    Raises `ConfigError` that names the file and every key that cannot be used, with its line.
    """
    if not path.exists():
        raise ConfigError(f"{path}: no such file; docs/policy.md shows every key of a policy")
    found = configuration.read_mapping(path)
    if found.keys() == {"policy"}:
        raise ConfigError(f"{path}: write the policy's keys at the top, without `policy:`")
    lines = yaml_lines.lines(path.read_text(encoding="utf-8"), str(path))
    mistakes = list(_mistakes(found))
    if mistakes:
        raise ConfigError("; ".join(_told(path, lines, each) for each in mistakes))
    own = {key: value for key, value in found.items() if key != _TESTS}
    return PolicyFile(policy=policies.parse(own), tests=policy_tests.parse(found.get(_TESTS, [])))


def parsed(mapping: Mapping[str, Any], where: str) -> Policy:
    """Return the policy of a mapping. Raises `ConfigError` that names `where` and the key."""
    try:
        return policies.parse(mapping)
    except PolicyError as error:
        raise ConfigError(f"{where}: {error}") from error


def _mistakes(found: Mapping[str, Any]) -> Iterator[PolicyError]:
    yield from policies.mistakes({key: value for key, value in found.items() if key != _TESTS})
    try:
        policy_tests.parse(found.get(_TESTS, []))
    except PolicyError as error:
        yield error


def _told(path: Path, lines: dict[str, int], error: PolicyError) -> str:
    line = yaml_lines.nearest(lines, error.key)
    return f"{path}, line {line}: {error}" if line is not None else f"{path}: {error}"
