"""Presidio's and LLM Guard's rules over texts, in a virtual environment under `.cache/guards-peers`.

Neither is asked for its models: Presidio runs its pattern recognisers on a blank spaCy pipeline,
LLM Guard its scanner of secrets (detect-secrets and its own plugins) and its list of regular
expressions, whose modules are imported without the package's imports of torch and transformers.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers import environment

_SCANNER = Path(__file__).parent / "guard_rules_scan.py"
_PACKAGES = (
    "presidio-analyzer==2.2.366",
    "presidio-anonymizer==2.2.366",
    "python-stdnum==2.2",
    "bc-detect-secrets==1.5.52",
    "structlog",
    "json-repair",
    "nltk",
    "fuzzysearch",
    "regex",
)
_WITHOUT_MODELS = "llm-guard==0.3.16"


@dataclass(frozen=True, slots=True)
class Found:
    """What one peer found: its own names of kinds, and the pieces of the text."""

    name: str
    texts: tuple[tuple[tuple[str, str], ...], ...]
    version: str
    took_s: float


def scan(peer: str, texts: Sequence[str]) -> Found | str:
    """Return what `presidio` or `llm_guard` finds in texts, or why it cannot be run."""
    try:
        _install()
    except subprocess.CalledProcessError as error:
        return f"cannot be installed here: {error}"
    return _run(peer, texts)


def checked(pairs: Sequence[tuple[str, str]]) -> int | str:
    """Return how many numbers python-stdnum accepts, given pairs of a kind and a number."""
    try:
        _install()
    except subprocess.CalledProcessError as error:
        return f"cannot be installed here: {error}"
    told = _answer("stdnum", [list(pair) for pair in pairs])
    return told if isinstance(told, str) else int(told["accepted"])


def _run(peer: str, texts: Sequence[str]) -> Found | str:
    told = _answer(peer, list(texts))
    if isinstance(told, str):
        return told
    found = tuple(tuple((kind, piece) for kind, piece in each) for each in told["found"])
    return Found(peer, found, told["version"], told["took_s"])


def _answer(peer: str, work: object) -> dict | str:  # type: ignore[type-arg]
    command = [str(_install() / "bin" / "python"), str(_SCANNER), peer]
    done = subprocess.run(command, input=json.dumps(work), capture_output=True, text=True)
    if done.returncode:
        return f"does not run here: {done.stderr.strip().splitlines()[-1]}"
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def _install() -> Path:
    return environment.made("guards-peers", _PACKAGES, alone=(_WITHOUT_MODELS,))
