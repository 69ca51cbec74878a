"""What the processes of the service have imported, and what the supervisor may fork."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_TELL = """
import gc, json, os, sys
print(json.dumps({
    "packages": sorted({name.partition(".")[0] for name in sys.modules}),
    "threads": len(os.listdir("/proc/self/task")),
    "frozen": gc.get_freeze_count(),
    "collects": gc.isenabled(),
}))
"""


def _after(program: str) -> dict[str, Any]:
    """Return what a fresh interpreter tells of itself after a program."""
    command = [sys.executable, "-c", program + _TELL]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def preloaded() -> dict[str, Any]:
    """Return the state of a supervisor just before it forks."""
    return _after(
        "import monitor.cli.main\nfrom monitor.bootstrap import fleet, preload\npreload.processes()"
    )


def test_no_process_imports_what_only_models_and_few_commands_need(
    preloaded: dict[str, Any],
) -> None:
    """Neither a model's libraries are there, nor what tests, pictures and migrations need."""
    heavy = {"torch", "transformers", "peft", "sklearn", "scipy", "matplotlib", "alembic"}
    assert not heavy & set(preloaded["packages"])


def test_the_supervisor_has_one_thread_when_it_forks(preloaded: dict[str, Any]) -> None:
    """No import starts a thread, which a fork would lose."""
    assert preloaded["threads"] == 1


def test_the_collector_leaves_alone_what_was_there_before_the_fork(
    preloaded: dict[str, Any],
) -> None:
    """What is shared is frozen, and what comes later is collected."""
    assert preloaded["frozen"] > 100_000
    assert preloaded["collects"]


def test_a_gateway_has_no_use_for_numbers_or_the_database() -> None:
    """Its own module imports neither numpy nor what speaks with Postgres."""
    found = _after("from monitor.bootstrap import gateway_process")
    assert not {"numpy", "sqlalchemy", "psycopg"} & set(found["packages"])


def test_a_gateway_without_blocking_guards_imports_none() -> None:
    """Nor do guards need numbers where there are some."""
    without = "from monitor.bootstrap import gateway_process\n"
    found = _after(without + "import sys\nassert 'guards.checks.catalogue' not in sys.modules\n")
    assert "numpy" not in found["packages"]
    found = _after(
        without + "from monitor.bootstrap import guarding\nimport monitor.gateway.relay.guarded\n"
    )
    assert not {"numpy", "torch", "aiohttp"} & set(found["packages"])
