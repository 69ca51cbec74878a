"""The pilot report for people who decide: a page that stands alone, in English or Japanese.

Every figure is looked up in the pilot's JSON by its path, which stands beside it in the page.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor.reports import pilot_chart
from monitor.reports.pilot_words import WORDS
from monitor.reports.plain_text import finalized

LANGUAGES = tuple(WORDS)

FORMS: Mapping[str, Callable[[Any], str]] = {
    "share": lambda value: f"{value:.3f}",
    "count": lambda value: f"{value:,.0f}",
    "seconds": lambda value: f"{value:.1f}",
    "ms": lambda value: f"{value * 1e3:.2f}",
    "MB": lambda value: f"{value / 1e6:.1f}",
    "kB": lambda value: f"{value / 1e3:.0f}",
    "money": lambda value: f"{value:,.4g}",
    "nats": lambda value: f"{value:+.3f}",
}


def html(told: Mapping[str, Any], language: str) -> str:
    """Return the report of what `conclude` returned, in a language of `LANGUAGES`."""
    prices = told["prices"]
    over_cost = pilot_chart.over_cost_png(told["rows"], prices and prices["currency"])
    page: str = _template().render(
        told=told,
        language=language,
        words=WORDS[language],
        fig=lambda path, form: figure(told, path, form),
        over_examples=b64encode(pilot_chart.over_examples_png(told["rows"])).decode(),
        over_cost=b64encode(over_cost).decode(),
    )
    return page


def figure(told: Mapping[str, Any], path: str, form: str) -> Markup:
    """Return the figure at a path as `rows/3/quality/mean`, in a form of `FORMS`; – for none."""
    value = at(told, path)
    shown = "–" if value is None else FORMS[form](value)
    return Markup('<span data-of="{}" data-as="{}">{}</span>').format(path, form, shown)


def at(told: Mapping[str, Any], path: str) -> Any:
    """Return the value at a path, `~` standing for a slash in a name. Raises `KeyError` or `IndexError` if it is not there."""
    value: Any = told
    for step in path.split("/"):
        value = value[int(step)] if isinstance(value, list) else value[step.replace("~", "/")]
    return value


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("monitor.reports"),
        autoescape=True,
        finalize=finalized,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("pilot.html.jinja")
