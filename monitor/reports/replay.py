"""What a replayed log comes to under one policy."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from monitor.reports import chart
from monitor.reports.evidence import thinned
from rollback.evidence import EvidencePoint

_CURVE = 200  # points


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """An alarm: its kind and the line of the log, counted from 0."""

    kind: str
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A policy's way through a log.

    Args:
        line, suspicion_line: average run lengths that were asked for, in exchanges.
        judged: lines of the log of the answers that were judged, one for each of `points`.
        changed_at: line of the log at which the answers changed, if that is known.
    """

    policy: str
    line: float
    suspicion_line: float
    reference: int
    alarms: Sequence[Alarm]
    points: Sequence[EvidencePoint]
    judged: Sequence[int]
    changed_at: int | None


def summary(run: Run) -> Mapping[str, Any]:
    """Return the figures of a run as JSON.

    `delay` counts the answers from the change to the first alarm at or after it, `exposure` those
    to the end of what the log's version served: both with the answer at which it ended. A false
    alarm is one before the change.
    """
    first = {each.kind: each.index for each in reversed(run.alarms)}
    ended = min((first[kind] for kind in ("rollback", "freeze") if kind in first), default=None)
    after = [
        each.index for each in run.alarms if run.changed_at is None or each.index >= run.changed_at
    ]
    before = len(run.alarms) - len(after)
    return {
        "kind": "summary",
        "policy": run.policy,
        "exchanges": len(run.judged),
        "reference": run.reference,
        "false_alarm_budget": 1.0 / run.line,
        "suspicion_budget": 1.0 / run.suspicion_line,
        "alarms": len(run.alarms),
        "false_alarms": None if run.changed_at is None else before,
        "suspected_at": first.get("suspect"),
        "rolled_back_at": first.get("rollback"),
        "changed_at": run.changed_at,
        "delay": _since(run, min(after, default=None)) if run.changed_at is not None else None,
        "exposure": _since(run, ended),
        "evidence": run.points[-1].evidence if run.points else 0.0,
        "suspicion": run.points[-1].suspicion if run.points else 0.0,
        "curve": _curve(run),
    }


def png(runs: Sequence[Run]) -> bytes:
    """Return a picture with a panel for each run."""
    courses = {run.policy: (run.judged, run.points) for run in runs}
    return chart.courses_png(courses, runs[0].changed_at if runs else None)


def html(runs: Sequence[Run]) -> str:
    """Return a page that stands alone: the picture, and the figures of each run."""
    picture = b64encode(png(runs)).decode()
    rows = [{key: value for key, value in summary(run).items() if key != "curve"} for run in runs]
    head = "".join(f"<th>{escape(key)}</th>" for key in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_shown(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Replay</title>'
        "<style>body{font:14px system-ui;margin:2em}td,th{padding:.3em .8em;text-align:left}</style>"
        f'<h1>Replay</h1><img alt="Evidence and suspicion by line of the log" width="900" '
        f'src="data:image/png;base64,{picture}"><table><tr>{head}</tr>{body}</table></html>\n'
    )


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _since(run: Run, index: int | None) -> int | None:
    """Count the answers from the change, or from the first one, to an index; `None` if it is none."""
    if index is None:
        return None
    start = run.changed_at or 0
    return sum(start <= each <= index for each in run.judged)


def _curve(run: Run) -> list[dict[str, float]]:
    kept = thinned(run.points, _CURVE) if run.points else []
    line_of = {point.position: index for point, index in zip(run.points, run.judged, strict=True)}
    return [
        {
            "index": line_of[point.position],
            "evidence": point.evidence,
            "suspicion": point.suspicion,
        }
        for point in kept
    ]
