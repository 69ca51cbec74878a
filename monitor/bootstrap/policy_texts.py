"""Policies in the files that the configuration names: read, checked with line numbers, changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from monitor.config import Config
from monitor.errors import BadRequest, Conflict, NotFound, Unavailable
from monitor.ports.audit import AuditLog
from monitor.ports.policies import Mistake, Policies, PolicyText
from monitor.runtime import whole_file
from rollback import policy as policies
from rollback.errors import PolicyError

_MOST_CHARACTERS = 100_000


class PolicyTexts(Policies):
    """`ports.Policies` over the configuration's files; a service reads them when it starts."""

    def __init__(self, config: Config, audit: AuditLog, clock: Callable[[], datetime]) -> None:
        self._sources = {name: each.policy for name, each in config.deployments.items()}
        self._audit = audit
        self._clock = clock
        self._in_force = {name: _digest(_read(each)) for name, each in self._sources.items()}

    def text(self, deployment: str) -> PolicyText:
        """Return a deployment's policy. Raises `NotFound`, `Unavailable`."""
        source = self._source(deployment)
        written = _read(source)
        digest = _digest(written)
        return PolicyText(
            deployment=deployment,
            text=written,
            place=str(source) if isinstance(source, Path) else None,
            in_force=digest == self._in_force[deployment],
            digest=digest,
        )

    def check(self, text: str) -> Sequence[Mistake]:
        """Return what is wrong with a text: the first mistake, at its line."""
        if len(text) > _MOST_CHARACTERS:
            return (Mistake(line=None, problem=f"is longer than {_MOST_CHARACTERS:,} characters"),)
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
            if any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(text, yaml.SafeLoader)):
                return (Mistake(line=None, problem="uses YAML aliases: write values out"),)
            mapping = yaml.safe_load(text)
        except yaml.YAMLError as error:
            return (_not_yaml(error),)
        except (ValueError, RecursionError) as error:
            return (Mistake(line=None, problem=f"cannot be read: {error}"),)
        try:
            policies.parse({} if mapping is None else mapping)
        except PolicyError as error:
            return (Mistake(line=_line(root, error.key), problem=str(error)),)
        return ()

    def save(
        self, deployment: str, text: str, *, replacing: str, actor: str, reason: str
    ) -> PolicyText:
        """Write a policy into its file, with an audit row."""
        source = self._source(deployment)
        if not isinstance(source, Path):
            raise Conflict(
                f"The policy of {deployment} stands in the configuration: move its keys into a file "
                "of their own and name that file there, to change it here."
            )
        for mistake in self.check(text):
            raise BadRequest(mistake.problem)
        before = _read(source)
        if _digest(before) != replacing:
            raise Conflict(f"{source} has changed since you opened it; look again before you save.")
        written = text.replace("\r\n", "\n").rstrip() + "\n"
        try:
            mode = source.stat().st_mode
            whole_file.write(source, written.encode())
            source.chmod(mode)
        except OSError as error:
            raise Unavailable(f"{source} cannot be written: {error.strerror}") from error
        self._audit.append(
            actor=actor,
            action="policy.save",
            subject=deployment,
            payload={"reason": reason, "from": before, "to": written},
            at=self._clock(),
        )
        return self.text(deployment)

    def _source(self, deployment: str) -> Path | dict[str, Any]:
        if deployment not in self._sources:
            raise NotFound(f"There is no deployment {deployment!r} in the configuration.")
        return self._sources[deployment]


def _read(source: Path | Mapping[str, Any]) -> str:
    if isinstance(source, Mapping):
        return yaml.safe_dump(dict(source), sort_keys=False) if source else ""
    try:
        return source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable(f"{source} cannot be read: {error}") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _not_yaml(error: yaml.YAMLError) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    return Mistake(line=mark.line + 1 if mark else None, problem=f"is not YAML: {problem}")


def _line(node: yaml.Node | None, path: str) -> int | None:
    """Return the line of a key's path, `thresholds[0].for`, or of what it has of it."""
    for part in path.replace("[", ".").replace("]", "").split("."):
        found = _below(node, part)
        if found is None:
            break
        node = found
    return node.start_mark.line + 1 if node is not None else None


def _below(node: yaml.Node | None, part: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        named = (value for key, value in node.value if key.value == part)
        return next(named, None)
    if isinstance(node, yaml.SequenceNode) and part.isdigit() and int(part) < len(node.value):
        item: yaml.Node = node.value[int(part)]
        return item
    return None
