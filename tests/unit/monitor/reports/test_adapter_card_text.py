"""Adapter cards as model cards."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from huggingface_hub import ModelCard

from guards.verdicts import Verdict
from monitor.ports.golden import GoldenRun
from monitor.reports.adapter_card import AdapterCard
from monitor.reports.adapter_card_text import markdown
from rollback.incident import Incident, Phase
from rollback.proposal import Act, Answer, Proposal
from rollback.versions import AdapterVersion, VersionState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
V1 = "support@3f9a2c1d7b04"
RUN = GoldenRun(
    id="r",
    deployment="support",
    subject=V1,
    against=None,
    compared=False,
    cause="gate",
    set_digest="77aa",
    started_at=NOW,
    verdict=Verdict.OK,
    summary={"raw_mean": 0.91, "sentence": "mean grade 0.91 over 40 cases"},
)
PROPOSAL = Proposal(
    id="p",
    deployment="support",
    epoch=0,
    act=Act.PROMOTION,
    version=V1,
    reason="better",
    made_at=NOW,
    made_by="ada",
    answer=Answer.APPROVED,
    answered_at=NOW,
    answered_by="grace",
    answer_reason="read it",
)
INCIDENT = Incident(
    id="i-1",
    deployment="support",
    opened_at=NOW,
    phase=Phase.PROVED,
    from_version=V1,
    to_version=None,
    reason="wrong prices",
    actor="ada",
    epoch=2,
)
FACTS = {
    "owner": "support team",
    "licence": "apache-2.0",
    "training": {"examples": {"training": 80}, "seconds": 12.5},
    "card": {
        "intended_use": "Sorts tickets.",
        "limits": "English only.",
        "data": "Own tickets, consented.",
        "base_model": "org/base-1b",
        "base_licence": "llama3.2",
        "data_licence": "CC-BY-4.0",
    },
}
CARD = AdapterCard(
    version=AdapterVersion(
        name=V1,
        label="v1",
        state=VersionState.ACTIVE,
        manifest={"config": {"r": 8}, "base_model": "9f" * 32},
        created_at=NOW,
        facts=FACTS,
    ),
    at=NOW,
    uses=[("support", "active")],
    runs=[RUN],
    proposals=[PROPOSAL],
    incidents=[INCIDENT],
)


def with_facts(**facts: object) -> AdapterCard:
    """Return a card of a version with these facts alone."""
    return replace(CARD, version=replace(CARD.version, facts=facts))


def test_the_hub_reads_the_card() -> None:
    """Base, licence and the golden run's mean grade are where the hub looks for them."""
    data = ModelCard(markdown(CARD)).data
    assert (data.base_model, data.license, data.library_name) == (
        "org/base-1b",
        "apache-2.0",
        "peft",
    )
    (result,) = data.eval_results
    assert (result.metric_type, result.metric_value) == ("mean_grade", 0.91)
    assert result.dataset_type == "golden-77aa"


@pytest.mark.parametrize(
    "told",
    [
        "Sorts tickets.",
        "English only.",
        "Own tickets, consented.",
        "| base model | llama3.2 |",
        "| data | CC-BY-4.0 |",
        "| owner | support team |",
        "| rank | 8 |",
        "| examples.training | 80 |",
        "| used by support | active |",
        "mean grade 0.91 over 40 cases",
        "| promotion of support | ada | approved | grace | read it |",
        "wrong prices",
    ],
)
def test_what_is_on_record_stands_in_the_text(told: str) -> None:
    """Statement, licences, facts, training, evaluation, approvals and incidents are all told."""
    assert told in markdown(CARD)


def test_a_licence_that_the_hub_does_not_know_keeps_its_name() -> None:
    """The hub's word is `other`; ours stands beside it."""
    data = ModelCard(markdown(with_facts(licence="In-house 7"))).data
    assert (data.license, data.license_name) == ("other", "In-house 7")


def test_what_nobody_stated_is_said_to_be_missing() -> None:
    """A card never makes a statement up."""
    text = markdown(with_facts())
    assert text.count("Nothing was stated.") == 3
    assert text.count("not stated") == 3
    assert ModelCard(text).data.license == "unknown"


@pytest.mark.parametrize("hostile", ["a\n---\nlicense: mit\n---", "x\n## Approvals", "<b>|`[y](z)"])
def test_a_statement_cannot_break_out_of_its_place(hostile: str) -> None:
    """Neither front matter nor headings come from what people wrote."""
    text = markdown(with_facts(card={"limits": hostile, "base_model": hostile}))
    data = ModelCard(text).data
    assert (data.license, data.base_model) == ("unknown", hostile)
    assert text.count("\n## Approvals\n") == 1
    assert "<b>" not in text.split("---", 2)[2].replace("&lt;b>", "")
