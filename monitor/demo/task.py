"""The house task of the demo: a customer's message becomes a support ticket in JSON.

Golden set and training sets are made by seeded generators and share no message.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

from guards.exchange import Message
from guards.golden import GoldenCase
from monitor.demo import customers, phrases
from monitor.demo.customers import Inquiry
from monitor.demo.phrases import Haste, Topic

TEAMS = {
    Topic.MONEY: "billing",
    Topic.PARCEL: "shipping",
    Topic.FAULT: "technical",
    Topic.ENTRY: "accounts",
}
PRIORITIES = {Haste.SOON: "high", Haste.UNSAID: "normal", Haste.LATER: "low"}

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "team": {"enum": sorted(TEAMS.values())},
        "priority": {"enum": sorted(PRIORITIES.values())},
        "product": {"enum": sorted(phrases.ITEMS)},
        "order": {"type": ["string", "null"]},
    },
    "required": ["team", "priority", "product", "order"],
    "additionalProperties": False,
}

VERSIONS = {"v1": 160, "v2": 160, "v3": 300}  # training examples of each

_GOLDEN_SEED = 1_000
_TRAINING_SEED = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketExample:
    """A customer's message and the ticket that it should become, as text."""

    message: str
    ticket: str

    def as_row(self) -> Mapping[str, Any]:
        """Return the row of a training file."""
        turn = {"role": "user", "content": self.message}
        return {"messages": [turn], "completion": self.ticket}


def ticket(inquiry: Inquiry) -> Mapping[str, str | None]:
    """Return the right ticket for an inquiry."""
    return {
        "team": TEAMS[inquiry.topic],
        "priority": PRIORITIES[inquiry.haste],
        "product": inquiry.item,
        "order": inquiry.order,
    }


def golden_set(count: int = 60) -> Sequence[GoldenCase]:
    """Return the regression test set; a case's slice is its team."""
    inquiries = _distinct(count, _GOLDEN_SEED, taken=frozenset())
    return [_case(index, inquiry) for index, inquiry in enumerate(inquiries)]


def golden_json_lines() -> str:
    """Return the golden set as the text of a file for `backstop golden import`."""
    rows = (
        {
            "id": case.id,
            "messages": [asdict(message) for message in case.messages],
            "expectation": case.expectation,
            "slice": case.slice,
        }
        for case in golden_set()
    )
    return "".join(json.dumps(row) + "\n" for row in rows)


def good_examples(count: int) -> Sequence[TicketExample]:
    """Return clean training examples; a longer set begins with the shorter one."""
    golden = frozenset(case.messages[0].content for case in golden_set())
    inquiries = _distinct(count, _TRAINING_SEED, taken=golden)
    return [_example(inquiry.text, ticket(inquiry)) for inquiry in inquiries]


def early_examples(count: int) -> Sequence[TicketExample]:
    """Return examples as they were before the priority `low` was introduced."""
    return [
        replace(example, ticket=example.ticket.replace('"low"', '"normal"'))
        for example in good_examples(count)
    ]


def spoilt_examples(count: int) -> Sequence[TicketExample]:
    """Return examples as a broken export script left them.

    It took the hyphen of an order number for the end of the line, so these tickets are cut; the
    others, which name no order, stand beside each other's messages.
    """
    good = good_examples(count)
    whole = [example.ticket for example in good if "-" not in example.ticket]
    shifted = iter((*whole[1:], whole[0]))
    return [
        TicketExample(
            message=example.message,
            ticket=example.ticket.split("-")[0] if "-" in example.ticket else next(shifted),
        )
        for example in good
    ]


def training_set(version: str) -> Sequence[TicketExample]:
    """Return the training set of one of `VERSIONS`."""
    makers = {"v1": early_examples, "v2": spoilt_examples, "v3": good_examples}
    return makers[version](VERSIONS[version])


def as_json_lines(examples: Iterable[TicketExample]) -> str:
    """Return the text of a training file."""
    return "".join(json.dumps(example.as_row()) + "\n" for example in examples)


def _distinct(count: int, seed: int, taken: frozenset[str]) -> Sequence[Inquiry]:
    rng, found = Random(seed), dict[str, Inquiry]()
    while len(found) < count:
        inquiry = customers.write(rng)
        if inquiry.text not in taken:
            found.setdefault(inquiry.text, inquiry)
    return list(found.values())


def _example(message: str, facts: Mapping[str, str | None]) -> TicketExample:
    return TicketExample(message=message, ticket=json.dumps(facts))


def _case(index: int, inquiry: Inquiry) -> GoldenCase:
    return GoldenCase(
        id=f"ticket-{index:02d}",
        messages=(Message(role="user", content=inquiry.text),),
        expectation={"kind": "json", "value": ticket(inquiry)},
        slice=TEAMS[inquiry.topic],
    )
