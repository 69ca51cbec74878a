"""A health report for people (HTML, Markdown) and for machines (JSON)."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import TypeAdapter

from monitor.reports import names
from monitor.reports.chart import evidence_png
from monitor.reports.data import FleetReport, HealthReport
from monitor.reports.plain_text import finalized, inert
from monitor.reports.wording import Wording
from monitor.reports.words import Language
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


def render(
    report: HealthReport | FleetReport, form: Format, language: Language = Language.EN
) -> str:
    """Return the report as text of the format; JSON is the same in every language."""
    if form is Format.JSON:
        return _JSON.dump_json(report, indent=2).decode()
    words = Wording(language)
    template = _templates().get_template(f"report.{form.value}.jinja")
    return template.render(
        reports=report.reports if isinstance(report, FleetReport) else (report,),
        title=words.say("fleet") if isinstance(report, FleetReport) else report.deployment.name,
        since=report.since,
        until=report.until,
        language=language.value,
        words=words,
        say=words.say,
        moment=words.moment,
        version=words.version,
        picture=_picture,
    )


def table_cell(text: object) -> str:
    """Return text that cannot break out of a cell of a Markdown table, nor load anything.

    >>> table_cell("a|b" + chr(10) + "c")
    'a\\\\|b c'
    """
    escaped = _MARKUP.sub(r"\\\g<0>", inert(text)).replace("<", "&lt;")
    return " ".join(escaped.split())


_JSON: TypeAdapter[HealthReport | FleetReport] = TypeAdapter(HealthReport | FleetReport)
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
    environment.filters.update(number=names.number, cell=table_cell)
    return environment
