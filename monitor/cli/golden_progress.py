"""A golden run as it goes: a bar on a terminal, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from monitor.errors import BackstopError
from monitor.reports.plain_text import inert

if TYPE_CHECKING:
    from monitor.cli.client import Client

_LOOK_S = 1.0
_BEGINS = "the golden set is about to be run"


def watched(
    client: Client, deployment: str, work: Callable[[], dict[str, Any]], console: Console
) -> dict[str, Any]:
    """Return what some work returns, and show meanwhile how far the deployment's run has come.

    Raises what the work raises.
    """
    if not console.is_terminal:
        return work()
    with ThreadPoolExecutor(max_workers=1) as pool, _bar(console) as bar:
        task = bar.add_task(_BEGINS, total=None)
        working = pool.submit(work)
        while not _is_done(working):
            run = _running(client, deployment)
            if run is not None:
                bar.update(task, **shown(run))
        return working.result()


def shown(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the bar shows of a run under way.

    >>> told = {"sentence": "4 of 9 cases, mean grade 0.5"}
    >>> shown({"position": 4, "set_size": 9, "summary": told})["description"]
    'mean grade 0.5'
    """
    sentence = str(run["summary"].get("sentence", _BEGINS)).partition(", ")
    return {
        "completed": run["position"],
        "total": run["set_size"] or None,
        "description": inert(sentence[2] or sentence[0]),
    }


def _is_done(working: Future[dict[str, Any]]) -> bool:
    return bool(wait([working], timeout=_LOOK_S).done)


def _running(client: Client, deployment: str) -> dict[str, Any] | None:
    """Return the deployment's run that is under way; a look that fails is no reason to stop."""
    try:
        runs = client.get(f"/api/golden/{quote(deployment)}/runs", limit=5)
    except BackstopError:
        return None
    return next((run for run in runs if run["status"] == "running"), None)


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        _Plain("{task.description}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


class _Plain(TextColumn):
    """A text that is shown as it is: names and sentences hold no markup."""

    def render(self, task: Any) -> Text:
        """Return the task's description."""
        return Text(task.description)
