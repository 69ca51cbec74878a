"""Templates of the pages, and how times and numbers are written in them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.reports import names
from monitor.reports.plain_text import excerpt, finalized
from monitor.reports.timeline import timeline
from monitor.reports.word_diff import difference

CHANGED = "live-changed"  # event of the page: what it shows is old


def page(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a rendered template. Everything in `context` is escaped where it is shown."""
    return HTMLResponse(_templates().get_template(template).render(context), status)


def changed(answer: HTMLResponse) -> HTMLResponse:
    """Return an answer that tells the page around it to show what is new."""
    answer.headers["HX-Trigger"] = CHANGED
    return answer


def clock_time(at: datetime) -> str:
    """Return the time of day for a list of recent things: `12:30:05`."""
    return f"{at:%H:%M:%S}"


def share(value: float, line: float) -> float:
    """Return how far evidence is on its way to its line, on a logarithmic scale, in [0, 100].

    >>> share(10.0, 1000.0), share(0.2, 1000.0), share(math.inf, 1000.0)
    (33.3, 0.0, 100.0)
    """
    if value <= 1.0 or line <= 1.0:
        return 100.0 if value >= line else 0.0
    return round(100.0 * min(1.0, math.log(value) / math.log(line)), 1)


def seconds(value: float | None) -> str:
    """Return a span of time that is given in seconds, `?` if nobody knows it."""
    return "?" if value is None else names.duration(timedelta(seconds=value))


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("monitor.web"),
        autoescape=True,
        finalize=finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=clock_time,
        moment=names.moment,
        duration=names.duration,
        number=names.number,
        timeline=timeline,
        excerpt=excerpt,
        version=names.version_label,
        share=share,
        seconds=seconds,
    )
    environment.globals.update(difference=difference, zip=zip)
    return environment
