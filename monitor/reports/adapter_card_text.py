"""An adapter card as a Hugging Face model card: YAML front matter and Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from monitor.ports.golden import GoldenRun
from monitor.reports import names
from monitor.reports.adapter_card import AdapterCard
from monitor.reports.markdown import flat, table
from monitor.reports.render import table_cell
from rollback import card_statement, version_card
from rollback.card_statement import Statement

_UNSAID = "Nothing was stated."

# The hub knows licences by these names; another one is `other` with its own name beside it.
_HUB_LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "bsd-2-clause",
        "bsd-3-clause",
        "cc0-1.0",
        "cc-by-4.0",
        "cc-by-sa-4.0",
        "cc-by-nc-4.0",
        "gpl-3.0",
        "lgpl-3.0",
        "agpl-3.0",
        "mpl-2.0",
        "openrail",
        "bigscience-openrail-m",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "gemma",
        "unknown",
    ]
)


def markdown(card: AdapterCard) -> str:
    """Return the card as the `README.md` of a model repository."""
    said = card_statement.of(card.version.facts)
    front = yaml.safe_dump(_front_matter(card, said), sort_keys=False, allow_unicode=True)
    parts = (
        f"---\n{front}---",
        f"# {table_cell(names.version_label(card.version.name, _labels(card)))}",
        f"{table_cell(card.version.name)}, as on record at {names.moment(card.at)}.",
        _section("Intended use", _prose(said.intended_use)),
        _section("Limits", _prose(said.limits)),
        _section("Training data", _prose(said.data)),
        _section("Licences", table(("of", "licence"), _licences(card, said))),
        _section("Version", table(("fact", "value"), _facts(card))),
        _section("Training", _training(card)),
        _section("Evaluation", _evaluation(card.runs)),
        _section("Approvals", _approvals(card)),
        _section("Incidents", _incidents(card)),
    )
    return "\n\n".join(parts) + "\n"


def _labels(card: AdapterCard) -> dict[str, str]:
    return names.labels_of([card.version])


def _front_matter(card: AdapterCard, said: Statement) -> dict[str, Any]:
    licence = str(card.version.facts.get("licence", "")).strip()
    known = licence.lower() if licence.lower() in _HUB_LICENCES else None
    front: dict[str, Any] = {
        "library_name": "peft",
        "license": known or ("other" if licence else "unknown"),
        "license_name": licence if licence and not known else None,
        "base_model": said.base_model or None,
        "language": said.language or None,
        "tags": ["adapter", "lora", f"family:{card.version.family}"],
        "model-index": _model_index(card),
    }
    return {key: value for key, value in front.items() if value}


def _model_index(card: AdapterCard) -> list[dict[str, Any]]:
    """Return the newest golden run's mean grade as the hub's index of results holds it."""
    measured = [run for run in card.runs if _grade(run) is not None]
    if not measured:
        return []
    run = measured[0]
    result = {
        "task": {"type": "text-generation"},
        "dataset": {"name": f"golden set of {run.deployment}", "type": f"golden-{run.set_digest}"},
        "metrics": [{"type": "mean_grade", "name": "mean grade", "value": _grade(run)}],
    }
    return [{"name": card.version.name, "results": [result]}]


def _grade(run: GoldenRun) -> float | None:
    value = run.summary.get("raw_mean")
    return float(value) if isinstance(value, int | float) else None


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _prose(text: str) -> str:
    return table_cell(text) if text.strip() else _UNSAID


def _licences(card: AdapterCard, said: Statement) -> list[tuple[str, str]]:
    of = {
        "adapter": str(card.version.facts.get("licence", "")),
        "base model": said.base_licence,
        "data": said.data_licence,
    }
    return [(what, licence or "not stated") for what, licence in of.items()]


def _facts(card: AdapterCard) -> list[tuple[str, Any]]:
    version, facts = card.version, card.version.facts
    told = {
        "label": version.label,
        "state": f"{version.state.value}: {version.reason}"
        if version.reason
        else version.state.value,
        "added": names.moment(version.created_at),
        "made from": version.parent,
        "owner": facts.get("owner"),
        "notes": facts.get("notes"),
        **version_card.card(version.manifest),
    }
    serves = [(f"used by {deployment}", use) for deployment, use in card.uses]
    return [(name, value) for name, value in told.items() if value not in (None, "")] + serves


def _training(card: AdapterCard) -> str:
    told = card.version.facts.get("training")
    if not isinstance(told, Mapping) or not told:
        return "Nothing is on record."
    rows = [(name, value) for name, value in flat(told) if not isinstance(value, list)]
    return table(("fact", "value"), rows)


def _evaluation(runs: Sequence[GoldenRun]) -> str:
    if not runs:
        return "No golden run of this version is on record."
    rows = [
        (
            names.moment(run.started_at),
            run.deployment,
            run.cause,
            run.verdict.value if run.verdict else "",
            run.summary.get("sentence", ""),
        )
        for run in runs
    ]
    return table(("when", "deployment", "cause", "verdict", "figures"), rows)


def _approvals(card: AdapterCard) -> str:
    if not card.proposals:
        return "None was asked for."
    rows = [
        (
            names.moment(each.answered_at or each.made_at),
            f"{each.act.value} of {each.deployment}",
            each.made_by,
            each.answer.value,
            each.answered_by_all,
            each.answer_reason,
        )
        for each in card.proposals
    ]
    return table(("when", "what", "asked by", "answer", "by", "why"), rows)


def _incidents(card: AdapterCard) -> str:
    if not card.incidents:
        return "None is on record."
    rows = [
        (names.moment(each.opened_at), each.deployment, each.phase.value, each.reason, each.id)
        for each in card.incidents
    ]
    return table(("when", "deployment", "phase", "why", "id"), rows)
