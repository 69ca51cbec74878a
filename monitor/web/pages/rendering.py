"""Templates of the pages, and how times and numbers are written in them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from monitor.reports import names
from monitor.reports.plain_text import excerpt, finalized
from monitor.reports.timeline import timeline
from monitor.reports.word_diff import difference


def page(template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Return a rendered template. Everything in `context` is escaped where it is shown."""
    return HTMLResponse(_templates().get_template(template).render(context), status)


def clock_time(at: datetime) -> str:
    """Return the time of day for a list of recent things: `12:30:05`."""
    return f"{at:%H:%M:%S}"


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
    )
    environment.globals.update(difference=difference)
    return environment
