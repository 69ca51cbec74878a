"""Load with whole answers, by wrk: closed loops on kept connections."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers import proc, programs
from bench.peers.programs import Running

PROMPTS = (
    "Where is my order 12345? It should have been here on Monday.",
    "I was charged twice for the same parcel. Can you check that?",
    "How do I change the address of an order that I placed this morning?",
    "When do you open on Saturdays, and is there parking?",
    "The router blinks red since yesterday. What shall I do?",
    "Is the battery covered by the warranty, and for how long?",
    "Please cancel the second order; I clicked twice by mistake.",
)
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}
_SCRIPT = """
local bodies = {%s}
local headers = {["content-type"] = "application/json", ["authorization"] = "Bearer %s"}
local count = 0
local requests = {}
init = function(args)
  for i, body in ipairs(bodies) do requests[i] = wrk.format("POST", nil, headers, body) end
end
request = function()
  count = count + 1
  return requests[count %% #requests + 1]
end
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round of load has shown.

    Args:
        median_ms, p99_ms: of a request, at the caller.
        errors: answers outside of 2xx and 3xx, and connections that failed.
        cpu: CPU seconds that each named group of processes has taken.
    """

    requests: int
    seconds: float
    median_ms: float
    p99_ms: float
    errors: int
    cpu: Mapping[str, float]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds


def load(
    target: Running,
    folder: Path,
    *,
    connections: int,
    seconds: float,
    watched: Mapping[str, list[int]] | None = None,
) -> Round:
    """Ask for whole chat completions for some seconds.

    Args:
        watched: name → processes whose CPU time is taken.
    """
    script = folder / "chat.lua"
    script.write_text(_SCRIPT % (",".join(map(_lua, _bodies())), target.token))
    command = [
        programs.require("wrk", "wrk"),
        "-t1",
        f"-c{connections}",
        f"-d{seconds:g}s",
        "--timeout=10s",
        "--latency",
        f"-s{script}",
        f"{target.url}/v1/chat/completions",
    ]
    before = proc.cpu_of(watched or {})
    began = time.monotonic()
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    lasted = time.monotonic() - began
    if said.returncode:
        sys.exit(f"wrk against {target.name} failed: {said.stderr or said.stdout}")
    after = proc.cpu_of(watched or {})
    return _read(said.stdout, lasted, {name: after[name] - before[name] for name in after})


def _bodies() -> list[str]:
    return [
        json.dumps(
            {
                "model": "support",
                "messages": [
                    {"role": "system", "content": "You are a helpful support agent."},
                    {"role": "user", "content": prompt},
                ],
                "max_tokens": 64,
                "temperature": 0.2,
            }
        )
        for prompt in PROMPTS
    ]


def _lua(text: str) -> str:
    return f"[==[{text}]==]"


def _read(said: str, lasted: float, cpu: Mapping[str, float]) -> Round:
    counted = re.search(r"(\d+) requests in ", said)
    if counted is None:
        sys.exit(f"wrk said something unknown:\n{said}")
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    sockets = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    errors = int(failed[1]) if failed else 0
    errors += sum(map(int, sockets.groups())) if sockets else 0
    return Round(
        requests=int(counted[1]),
        seconds=lasted,
        median_ms=_quantile(said, "50%"),
        p99_ms=_quantile(said, "99%"),
        errors=errors,
        cpu=cpu,
    )


def _quantile(said: str, which: str) -> float:
    found = re.search(rf"{which}\s+([\d.]+)(us|ms|s|m)\b", said)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")
