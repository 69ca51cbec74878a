"""A month's report over millions of answers: its time, its memory, its figures beside the rows'.

python -m bench.report [--rows 1000000] [--days 30] [--json]
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Engine

from bench import output
from bench.ingest.server import database
from bench.rollups import answers, straight
from monitor.reports import data, render
from monitor.reports.period import Period
from monitor.reports.words import Language
from monitor.storage.database import open_engine
from monitor.storage.indicators import PostgresIndicators
from monitor.storage.stores import open_stores

_TURNS = 3
_ACTIVE, _BASELINE = "support@000000000004", "support@000000000003"
_WRITE = "write"  # first argument of the process that only writes the report
_ROWS = text("""
SELECT adapter, count(*) AS answers,
       avg((verdict = 'fail')::int) FILTER (WHERE finish_reason <> 'abandoned') AS fault_rate,
       avg((verdict = 'warn')::int) FILTER (WHERE finish_reason <> 'abandoned') AS outlier_rate,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_s)
           FILTER (WHERE finish_reason <> 'abandoned') AS latency_p95_s
FROM exchanges WHERE deployment = :deployment AND started_at >= :since AND started_at < :until
GROUP BY adapter
""")


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == [_WRITE]:
        _write(*sys.argv[2:])
        return
    parser = output.arguments(__doc__ or "")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    given = parser.parse_args()
    with database() as (engine, _):
        rows = _measure(engine, given.rows, answers.days(given.days))
    output.show("report", rows, [f"{given.rows:,} answers, {given.days} days"], given.json)


def _measure(engine: Engine, rows: int, days: Sequence[date]) -> list[dict[str, object]]:
    for day in days:
        answers.fill(engine, day, rows // len(days), prefix="a")
    indicators = PostgresIndicators(engine)
    indicators.roll_up(datetime.now(UTC))
    since = datetime.combine(days[0], datetime.min.time(), UTC)
    until = since + timedelta(days=len(days))
    start = time.perf_counter()
    true = _straight(engine, since, until)
    of_rows = time.perf_counter() - start
    turns = [_turn(engine, since, until) for _ in range(_TURNS)]
    off = straight.differences(engine, indicators, since, until)
    shown = turns[0]["versions"]
    taken, whole, peak = (
        max(turn[key] for turn in turns) for key in ("report_s", "whole_s", "peak_mb")
    )
    middle = statistics.median(turn["report_s"] for turn in turns)
    return [
        _row("the same figures by SQL over the rows, s", round(of_rows, 2)),
        _row("report read and drawn in three forms, s, median of 3", round(middle, 2)),
        _row("the same, slowest of 3", round(taken, 2), "at most 5"),
        _row("with the start of its process, s, slowest of 3", round(whole, 2)),
        _row("peak memory of the process, MB", round(peak), "at most 300"),
        _row("versions, answers: largest difference", _worst(shown, true, "answers"), "0"),
        _row("fault rate: largest difference", _worst(shown, true, "fault_rate"), "rounding"),
        _row("outlier rate: largest difference", _worst(shown, true, "outlier_rate"), "rounding"),
        _row("p95 latency: largest difference", _worst(shown, true, "latency_p95_s"), "1 %"),
        _row("all means of the summary: largest difference", off["means"], "rounding"),
    ]


def _row(what: str, figure: object, bar: str = "") -> dict[str, object]:
    shown = f"{figure:.1e}" if isinstance(figure, float) and figure < 0.01 else figure
    return {"what": what, "figure": shown, "bar": bar}


def _straight(engine: Engine, since: datetime, until: datetime) -> dict[str, dict[str, float]]:
    span = {"deployment": answers.DEPLOYMENT, "since": since, "until": until}
    with engine.connect() as connection:
        found = connection.execute(_ROWS, span).mappings().all()
    return {
        row["adapter"]: {key: float(row[key]) for key in row if key != "adapter"} for row in found
    }


def _turn(engine: Engine, since: datetime, until: datetime) -> dict[str, Any]:
    """Write the report in a process of its own, so that its peak is the report's alone."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "bench.report", _WRITE, url]
    start = time.perf_counter()
    done = subprocess.run(
        [*command, since.isoformat(), until.isoformat()], capture_output=True, check=True
    )
    return {**json.loads(done.stdout), "whole_s": time.perf_counter() - start}


def _write(url: str, since: str, until: str) -> None:
    """Write a report in every form, and print what it took."""
    from tests.integration.conftest import NoArtifacts

    stores = open_stores(open_engine(url), NoArtifacts())
    start = time.perf_counter()
    period = Period(since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))
    pointer = stores.deployments.ensure(answers.DEPLOYMENT)
    pointer = replace(pointer, active=_ACTIVE, baseline=_BASELINE)
    report = data.assemble(stores, pointer, period)
    for form in render.Format:
        written = render.render(report, form, Language.EN)
        values = written if form is render.Format.JSON else "{}"
    found = {
        "report_s": time.perf_counter() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "versions": json.loads(values)["versions"],
    }
    sys.stdout.write(json.dumps(found))


def _worst(shown: Sequence[dict[str, Any]], true: dict[str, dict[str, float]], name: str) -> float:
    """Return the largest relative difference of any version. Refuses other versions."""
    if {each["name"] for each in shown} != true.keys():
        raise SystemExit("the report has other versions than the rows")
    return max(
        abs(each[name] - true[each["name"]][name]) / true[each["name"]][name] for each in shown
    )


if __name__ == "__main__":
    main()
