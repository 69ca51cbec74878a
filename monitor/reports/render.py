"""A health report for people (HTML, Markdown) and for machines (JSON)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import TypeAdapter

from monitor.reports import names
from monitor.reports.chart import evidence_png
from monitor.reports.data import HealthReport
from monitor.reports.plain_text import finalized, inert
from monitor.reports.timeline import between
from rollback.evidence import EvidencePoint


class Format(Enum):
    """What a report is written as."""

    HTML = "html"  # means one file that stands alone: styles and picture inside
    MARKDOWN = "md"  # means text for a chat, a ticket or a repository
    JSON = "json"  # means the values themselves


MEDIA_TYPES = {
    Format.HTML: "text/html; charset=utf-8",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.JSON: "application/json",
}


def render(report: HealthReport, form: Format) -> str:
    """Return the report as text of the format."""
    if form is Format.JSON:
        return _JSON.dump_json(report, indent=2).decode()
    template = _templates().get_template(f"report.{form.value}.jinja")
    return template.render(
        report=report,
        label=partial(names.version_label, labels=report.labels),
        picture=_picture,
    )


def table_cell(text: object) -> str:
    """Return text that cannot break out of a cell of a Markdown table, nor load anything.

    >>> table_cell("a|b" + chr(10) + "c")
    'a\\\\|b c'
    """
    escaped = _MARKUP.sub(r"\\\g<0>", inert(text)).replace("<", "&lt;")
    return " ".join(escaped.split())


_JSON = TypeAdapter(HealthReport)
_MARKUP = re.compile(r"[\\|\[`]")


def _picture(points: Sequence[EvidencePoint]) -> str:
    return base64.b64encode(evidence_png(points)).decode()


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("monitor.reports"),
        autoescape=lambda name: name is not None and ".html" in name,
        finalize=finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        moment=names.moment,
        duration=names.duration,
        number=names.number,
        ends=names.between_ends,
        cell=table_cell,
        between=between,
    )
    return environment
