"""Regular expressions in an adapter's configuration: engines match them while they load it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from monitor.errors import BadAdapter, Unavailable

_LIMIT_S = 0.1  # of a processor, for all patterns on all names
_PATIENCE_S = 30.0  # for a machine that has no time at all

# A process of its own: nothing else can stop Python's `re`, which is what engines match with.
_TRIAL = f"""
import json, re, signal, sys
signal.setitimer(signal.ITIMER_PROF, {_LIMIT_S})
patterns, names = json.load(sys.stdin)
for pattern in patterns:
    try:
        whole, ending = re.compile(pattern), re.compile(rf"(.*\\.)?({{pattern}})$")
    except re.error as error:
        sys.exit(f"{{pattern[:100]!r}} is malformed ({{error}})")
    for name in names:
        whole.fullmatch(name)
        ending.match(name)
"""


def require_quick(config: Mapping[str, Any], modules: Iterable[str], file: str) -> None:
    """Try every pattern on the names of modules, as PEFT does.

    A pattern that backtracks without end would hold the engine up while it loads, and with it
    every version that is served there.

    Raises:
        BadAdapter: if a pattern is malformed or slow.
        Unavailable: if this machine has no time to try.
    """
    patterns = list(_patterns(config))
    if not patterns:
        return
    done = _tried(json.dumps([patterns, list(modules)]))
    if done.returncode == -signal.SIGPROF:
        raise BadAdapter(
            f"{file}: one of the patterns {', '.join(patterns)[:100]} takes too long to match; list "
            "the modules by name"
        )
    if done.returncode != 0:
        said = done.stderr.strip().rpartition("\n")[2]
        raise BadAdapter(f"{file}: the pattern {said}; list the modules by name")


def _tried(asked: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", "-c", _TRIAL]
    try:
        return subprocess.run(
            command, input=asked, capture_output=True, text=True, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable("this machine is too busy to check the adapter: try again") from error


def _patterns(config: Mapping[str, Any]) -> Iterator[str]:
    for key in ("target_modules", "exclude_modules", "layers_pattern"):
        if isinstance(config.get(key), str):
            yield config[key]
    for key in ("rank_pattern", "alpha_pattern"):
        if isinstance(config.get(key), dict):
            yield from config[key]
