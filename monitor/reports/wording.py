"""A report's values in words of a language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from guards.confidence import Interval
from monitor.reports import names
from monitor.reports.comparison import Movement
from monitor.reports.data import HealthReport
from monitor.reports.todo import Todo
from monitor.reports.words import CATALOGUES, Language

_SHOWN = (Movement.WORSE, Movement.BETTER)


@dataclass(frozen=True, slots=True)
class Wording:
    """Says values in one language."""

    language: Language

    def say(self, key: str, **values: object) -> str:
        """Return the words of a key, with values in their places."""
        text = CATALOGUES[self.language][key]
        return text.format(**values) if values else text

    def moment(self, at: datetime | None) -> str:
        """Return a time in the language's form, or a dash."""
        return "–" if at is None else at.strftime(self.say("date"))

    def ends(self, interval: Interval | None) -> str:
        """Return an interval, or a dash."""
        if interval is None:
            return "–"
        low, high = (names.number(end) for end in interval)
        return self.say("ends", low=low, high=high)

    def version(self, name: str | None, labels: Mapping[str, str]) -> str:
        """Return what people call a version."""
        return self.say("base_model") if name is None else names.version_label(name, labels)

    def verdict(self, report: HealthReport) -> str:
        """Return how a deployment stands, in one sentence."""
        return self.say(
            f"verdict.{report.standing.condition.value}",
            active=self.version(report.deployment.active, report.labels),
            judged=names.number(report.judged),
            frozen=report.deployment.frozen or "",
        )

    def todo(self, todo: Todo, labels: Mapping[str, str]) -> str:
        """Return what to do, in one sentence."""
        return self.say(f"todo.{todo.task.value}", about=labels_in(todo.about, labels))

    def changes(self, report: HealthReport) -> Iterator[str]:
        """Yield a sentence for each difference that is shown, those for the worse first."""
        for shown in _SHOWN:
            for each in report.indicators:
                if each.since_before is shown:
                    yield self.say(f"changed.before.{shown.value}", name=each.name)
                if each.against_baseline is shown:
                    yield self.say(f"changed.baseline.{shown.value}", name=each.name)


def labels_in(about: str, labels: Mapping[str, str]) -> str:
    """Return a version's name as people say it; any other text as it is."""
    return names.version_label(about, labels) if about in labels else about
