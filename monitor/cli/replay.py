"""`backstop replay`: what a policy would have done over a log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from guards.exchange import Exchange
from guards.exchange_log import Logged
from monitor.cli.log_file import LogFile, opened
from monitor.cli.options import AsJson
from monitor.cli.output import errors, say, show_line, show_table
from monitor.errors import BadRequest
from rollback.policy import Policy

if TYPE_CHECKING:
    from monitor.reports.replay import Run
    from monitor.runtime.replay.replay import Replay

_AT_ONCE = 256  # answers that are scored together
_ANY = "replayed"  # deployment of lines that name none
_CHANGED = "changed"  # tag of the answers from a known change on
_PLOTS = (".png", ".html")


def replay(
    log: Annotated[Path, typer.Argument(help="An exchange log (JSON Lines); - is standard input")],
    reference: Annotated[
        Path | None,
        typer.Option(help="A log of usual answers; the first 300 of LOG if not given"),
    ] = None,
    policy: Annotated[
        list[Path] | None, typer.Option(help="A policy (YAML); several are run side by side")
    ] = None,
    arl: Annotated[
        float | None,
        typer.Option(
            help="N, the line of both: a false alarm within n answers has a chance of n/N at most. "
            "Between false rollbacks lie N answers on average at least, between false suspicions "
            "N/2; so also between false rollbacks where drift may roll back"
        ),
    ] = None,
    deployment: Annotated[
        str | None, typer.Option(help="Which one, where the log holds several")
    ] = None,
    change_at: Annotated[
        int | None,
        typer.Option(
            min=0, help="Line at which the answers changed, from 0; or tag them 'changed'"
        ),
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the curves into a .png or .html")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the service's own judging over a log, and say what it would have done.

    Example: backstop replay live.jsonl --reference good.jsonl --policy policy.yaml
    """
    from monitor.bootstrap import own_signals
    from monitor.runtime.replay.replay import Replay

    own_signals.install()
    policies = _policies(policy or [], arl)
    _check_plot(plot)
    with opened(log) as lines:
        reader = _Reader(lines, deployment, change_at)
        usual = reader.usual() if reference is None else _all(reference, deployment)
        if not usual:
            wanted = f" of deployment {deployment!r}" if deployment else ""
            raise BadRequest(f"{reference or log}: there is no answer{wanted} in it")
        played = Replay(policies, usual, name=_reference_name(log, reference))
        _follow(played, reader, quiet=as_json, as_json=as_json)
        reader.check_change()
    runs = _runs(played, reader.changed_at)
    _show(runs, as_json)
    if plot is not None:
        _draw(runs, plot)


@dataclass(slots=True)
class _Reader:
    """Reads one deployment's lines of a log, in batches."""

    log: LogFile
    deployment: str | None
    changed_at: int | None
    read: int = 0
    last: int = -1
    _lines: Iterator[tuple[int, Logged]] = field(init=False)

    def __post_init__(self) -> None:
        self._lines = self._own()

    def usual(self) -> list[Exchange]:
        """Take the first lines as the reference."""
        from monitor.runtime.replay.replay import REFERENCE_SIZE, is_shadow

        own = (logged.exchange for _, logged in self._lines if not is_shadow(logged.exchange))
        return list(islice(own, REFERENCE_SIZE))

    def check_change(self) -> None:
        """Raise `BadRequest` if the log ended before the line that `--change-at` names."""
        if self.changed_at is not None and self.changed_at > self.last:
            raise BadRequest(
                f"--change-at {self.changed_at}: {self.log.name} ends at line {self.last}, "
                "counted from 0"
            )

    def batches(self) -> Iterator[Sequence[tuple[int, Logged]]]:
        """Yield the rest."""
        while batch := list(islice(self._lines, _AT_ONCE)):
            yield batch

    def _own(self) -> Iterator[tuple[int, Logged]]:
        first: str | None = self.deployment
        for index, read, logged in self.log.logged(_ANY if first is None else first):
            self.read, self.last = read, index
            name = logged.exchange.deployment
            if self.deployment is None and first not in (None, name):
                raise BadRequest(
                    f"{self.log.name}, line {index + 1}: deployment {name!r} after {first!r}; "
                    "choose one with --deployment"
                )
            first = first or name
            if name == first:
                if self.changed_at is None and _is_changed(logged):
                    self.changed_at = index
                yield index, logged


def _is_changed(logged: Logged) -> bool:
    return logged.exchange.tags.get(_CHANGED, "").lower() in ("true", "1", "yes")


def _all(path: Path, deployment: str | None) -> list[Exchange]:
    with opened(path) as log:
        return [logged.exchange for _, logged in _Reader(log, deployment, None)._own()]


def _reference_name(log: Path, reference: Path | None) -> str:
    return str(reference) if reference is not None else f"the first answers of {log}"


def _policies(files: Sequence[Path], arl: float | None) -> Mapping[str, Policy]:
    from monitor.bootstrap.policy_file import read_policy

    if arl is not None and not 1.0 < arl < float("inf"):
        raise BadRequest(f"--arl {arl:g}: must be a number of answers above 1")
    found = {str(file): read_policy(file) for file in files} or {"default": Policy()}
    if arl is None:
        return found
    return {name: replace(each, line=arl, suspicion_line=arl) for name, each in found.items()}


def _check_plot(plot: Path | None) -> None:
    if plot is not None and plot.suffix not in _PLOTS:
        raise BadRequest(f"{plot}: draws {' or '.join(_PLOTS)}; give the file one of these endings")


def _follow(played: Replay, reader: _Reader, *, quiet: bool, as_json: bool) -> None:
    """Follow the log to its end; the rest is read too, so that a bad line is never passed over."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    shown = errors.is_terminal and not quiet
    with Progress(*columns, console=errors, transient=True, disable=not shown) as progress:
        task = progress.add_task("replaying", total=reader.log.size)
        for batch in reader.batches():
            for course, event in [] if played.is_over else played.follow(batch):
                if as_json:
                    show_line({**asdict(event), "policy": course.name})
                else:
                    say(f"line {event.index}, {course.name}: {event.kind}: {event.reason}")
            progress.update(task, completed=reader.read)


def _runs(played: Replay, changed_at: int | None) -> Sequence[Run]:
    from monitor.reports.replay import Alarm, Run
    from monitor.runtime.replay.course import ALARMS

    return [
        Run(
            policy=course.name,
            line=course.policy.line,
            suspicion_line=course.policy.suspicion_line,
            reference=played.reference_size,
            alarms=[
                Alarm(kind=each.kind, index=each.index)
                for each in course.events
                if each.kind in ALARMS
            ],
            points=course.points,
            judged=course.indices,
            changed_at=changed_at,
        )
        for course in played.courses
    ]


def _show(runs: Sequence[Run], as_json: bool) -> None:
    from monitor.reports.replay import summary

    summaries = [summary(run) for run in runs]
    if as_json:
        for each in summaries:
            show_line(each)
        return
    show_table("Replay", _COLUMNS, [[_cell(each[key]) for key in _COLUMNS] for each in summaries])


_COLUMNS = (
    "policy",
    "exchanges",
    "false_alarm_budget",
    "alarms",
    "false_alarms",
    "suspected_at",
    "rolled_back_at",
    "delay",
    "exposure",
)


def _cell(value: Any) -> Any:
    return f"{value:.3g}" if isinstance(value, float) else value


def _draw(runs: Sequence[Run], plot: Path) -> None:
    from monitor.reports import replay as reports

    drawn = reports.png(runs) if plot.suffix == ".png" else reports.html(runs).encode()
    try:
        plot.write_bytes(drawn)
    except OSError as error:
        raise BadRequest(f"{plot}: cannot be written: {error.strerror}") from error
